"""The kinds of steps that reach people by other ways than mail: their words and what their settings must say. Pure.

task       {"title": "Call about prices", "text": "Hello {{ first_name }}…", "channel": "call", "days": 1,
            "wait": false, "minutes": 4320}     with `wait` the run stays until it is settled, so long at most
    webinar    {"title": "Planning", "at": "2026-12-02T10:00", "zone": "Europe/Berlin", "minutes": 45, "url": "https://…"}
               {"weekly": {"day": 2, "minute": 600}} instead of at and zone: in the lead's own zone
    webhook    {"endpoint": 3, "name": "Planning sheet", "fields": ["title", "custom.plan"]}
"""

from __future__ import annotations

from nurturing import hours, merging, webinars
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


def _webhook_words(settings: Settings) -> str:
    return f"Webhook: {settings.get('name') or 'tell another system'}"


def _webhook_problems(settings: Settings, around: Surroundings) -> list[str]:
    known = settings.get("endpoint") in around.endpoints
    found = [] if known else ["It calls an address that is gone or switched off."]
    unknown = [str(key) for key in settings.get("fields") or [] if key not in around.fields]
    return found + [f"It sends a field that does not exist: {key}." for key in unknown]


def _webinar_words(settings: Settings) -> str:
    return f"Webinar invitation: {settings.get('title') or 'no title yet'}"


def _webinar_problems(settings: Settings, around: Surroundings) -> list[str]:
    found = [] if str(settings.get("title") or "").strip() else ["The webinar has no title."]
    if not str(settings.get("url") or "").startswith(("https://", "http://")):
        found.append("The webinar has no link to join.")
    found += [] if settings.get("weekly") else _date_problems(settings, around)
    minutes = settings.get("minutes")
    return found + (
        [] if isinstance(minutes, int) and 5 <= minutes <= 600 else ["A webinar lasts 5 to 600 minutes."]
    )


def _date_problems(settings: Settings, around: Surroundings) -> list[str]:
    """Of a webinar on one date."""
    if not (settings.get("at") and settings.get("zone")):
        return ["The webinar has no date."]
    zone = hours.zone_of(str(settings["zone"]))
    if around.now and webinars.over(settings, around.now, zone, around.now):
        when = webinars.words(webinars.starts(settings, around.now, zone), zone)
        return [f"The webinar is over: it began on {when}. Give it a date to come."]
    return []


def _audience_words(settings: Settings) -> str:
    return "Take off an ad audience" if settings.get("do") == "remove" else "Add to an ad audience"


def _audience_problems(settings: Settings, around: Surroundings) -> list[str]:
    return (
        [] if settings.get("audience") in around.audiences else ["It names an audience that does not exist."]
    )


OUTSIDE = (
    Kind(
        "webinar",
        "Webinar invitation",
        "video",
        _webinar_words,
        _webinar_problems,
        {"title": "", "at": "", "zone": "", "minutes": 45, "url": ""},
    ),
    Kind(
        "audience",
        "Ad audience",
        "megaphone",
        _audience_words,
        _audience_problems,
        {"audience": None, "do": "add"},
        small=True,
    ),
    Kind(
        "webhook",
        "Webhook",
        "webhook",
        _webhook_words,
        _webhook_problems,
        {"endpoint": None, "name": "", "fields": []},
        small=True,
    ),
    Kind(
        "task",
        "Task for a person",
        "phone",
        _task_words,
        _task_problems,
        {"title": "", "text": "", "channel": "call", "days": 1, "wait": False, "minutes": 10080},
    ),
)
