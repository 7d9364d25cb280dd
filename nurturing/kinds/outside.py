"""The kinds of steps that reach people by other ways than mail: their words and what their settings must say. Pure.

task       {"title": "Call about prices", "text": "Hello {{ first_name }}…", "channel": "call", "days": 1,
            "wait": false, "minutes": 4320}     with `wait` the run stays until it is settled, so long at most
"""

from __future__ import annotations

from nurturing import merging
from nurturing.kinds.base import Kind, Settings, Surroundings, minutes_problems

CHANNELS = ("call", "write", "other")
LONGEST_DAYS = 30


def _task_words(settings: Settings) -> str:
    days, title = settings.get("days") or 0, settings.get("title") or "no title yet"
    return (
        f"Task: {title}, within {days} working day{'s' if days != 1 else ''}"
        if days
        else f"Task: {title}, today"
    )


def _task_problems(settings: Settings, around: Surroundings) -> list[str]:
    found = [] if str(settings.get("title") or "").strip() else ["The task has no title."]
    if settings.get("channel") not in CHANNELS:
        found.append("Say whether it is a call, a personal mail or something else.")
    days = settings.get("days")
    if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= LONGEST_DAYS:
        found.append(f"A task is due within 0 to {LONGEST_DAYS} working days.")
    found += merging.problems(str(settings.get("text") or ""), around.own_fields)
    return found + (minutes_problems(settings.get("minutes"), "The wait") if settings.get("wait") else [])


OUTSIDE = (
    Kind(
        "task",
        "Task for a person",
        "phone",
        _task_words,
        _task_problems,
        {"title": "", "text": "", "channel": "call", "days": 1, "wait": False, "minutes": 10080},
    ),
)
