"""The kinds of steps that happen inside: their words, their branches, and what their settings must say. Pure.

    wait       {"minutes": 7200, "window": {"days": [0, 1], "opens": 480, "closes": 600}}   one of both is enough
               {"before": {"field": "custom.budget_month", "days": 7}}                      until days before a date
    event      {"event": EVENT, "minutes": 7200}              branches did, did_not
    condition  {"ask": ASK}                                   branches yes, no
    split      {"arms": [{"key": "a", "words": "A", "weight": 50}, …]}, one branch an arm
               {"winner": {"by": "click", "after": 200, "days": 7}} besides: judged once, see services.contests
    field      {"field": "department", "value": "Operations"}
    points     {"points": 5, "words": "Finished energy nurture"}
    handoff    {"note": "Asked for prices"}
    start      {"campaign": 12}

EVENT is {"mail": step key, "did": "open" | "click"} or {"activity": kind, "where": [conditions], "seconds": 1200}.
ASK is one of EVENT, {"conditions": [as in segments]} and {"segment": id}.
"""

from __future__ import annotations

from typing import Any

from leads.kinds import is_kind
from nurturing import hours
from nurturing.kinds.base import (
    DEEDS,
    Branch,
    Kind,
    Settings,
    Surroundings,
    event_words,
    length,
    minutes_problems,
    window_words,
)

MOST_ARMS = 4
MOST_POINTS = 100
JUDGED = {
    "click": "Clicked in a mail",
    "open": "Opened a mail",
    "goal": "Reached the goal",
    "mql": "Became an MQL",
}
LEAST_PEOPLE, MOST_PEOPLE, MOST_DAYS = 50, 100_000, 180


def _wait_words(settings: Settings) -> str:
    minutes, window, before = (
        settings.get("minutes"),
        hours.read(settings.get("window")),
        settings.get("before"),
    )
    if before:
        days = before.get("days", 0)
        return f"Wait until {length(days * 1440) + ' before ' if days else ''}a date of the lead"
    first = f"Wait {length(minutes)}" if minutes else "Wait"
    then = f"until {window_words(window)}" if window else ""
    return f"{first}, then {then}" if minutes and then else f"{first} {then}".strip()


def _event_words(settings: Settings) -> str:
    return f"{event_words(settings.get('event') or {})}? Wait up to {length(settings.get('minutes') or 0)}"


def _condition_words(settings: Settings) -> str:
    ask = settings.get("ask") or {}
    if "mail" in ask or "activity" in ask:
        return f"{event_words(ask)}?"
    return "Is in a segment?" if "segment" in ask else "Meets conditions?"


def _split_words(settings: Settings) -> str:
    arms = settings.get("arms") or []
    return "Split " + " / ".join(f"{arm.get('weight', 0)}%" for arm in arms) if arms else "Split"


def _field_words(settings: Settings) -> str:
    value = settings.get("value")
    return (
        f"Set {settings.get('field') or 'a field'} to {value}"
        if value not in (None, "")
        else "Change a field"
    )


def _points_words(settings: Settings) -> str:
    points = settings.get("points") or 0
    verb = "Add" if points >= 0 else "Take"
    return f"{verb} {abs(points)} point{'s' if abs(points) != 1 else ''}, at most once"


# Branches


def _arms(settings: Settings) -> list[Branch]:
    return [
        Branch(str(arm["key"]), str(arm.get("words") or arm["key"])) for arm in settings.get("arms") or []
    ]


def _did_or_not(settings: Settings) -> list[Branch]:
    words = event_words(settings.get("event") or {})
    return [Branch("did", words), Branch("did_not", f"Did not in {length(settings.get('minutes') or 0)}")]


# What is wrong


def _wait_problems(settings: Settings, around: Surroundings) -> list[str]:
    before, window = settings.get("before"), settings.get("window")
    if before:
        known = isinstance(before, dict) and before.get("field") in around.dates
        return [] if known else ["The wait names a date that leads do not have."]
    if window is not None and hours.read(window) is None:
        return ["The hours of the wait never open."]
    minutes = settings.get("minutes")
    return [] if window is not None and not minutes else minutes_problems(minutes, "The wait")


def event_problems(event: object, around: Surroundings) -> list[str]:
    if not isinstance(event, dict) or not event:
        return ["Say what it waits for."]
    if "mail" in event:
        known = event.get("mail") in around.mails and event.get("did") in DEEDS
        return [] if known else ["It asks about a mail that is not in this version."]
    return [] if is_kind(str(event.get("activity", ""))) else ["It names an activity that does not exist."]


def _event_problems(settings: Settings, around: Surroundings) -> list[str]:
    return event_problems(settings.get("event"), around) + minutes_problems(
        settings.get("minutes"), "The wait"
    )


def _condition_problems(settings: Settings, around: Surroundings) -> list[str]:
    ask = settings.get("ask")
    if not isinstance(ask, dict) or not ask:
        return ["Say what the condition asks."]
    if "segment" in ask:
        return [] if ask["segment"] in around.segments else ["It asks about a segment that is gone."]
    if "conditions" in ask:
        return [] if ask["conditions"] else ["Say what the condition asks."]
    return event_problems(ask, around)


def _split_problems(settings: Settings, around: Surroundings) -> list[str]:
    arms = settings.get("arms") or []
    weights = [arm.get("weight") for arm in arms if isinstance(arm, dict)]
    if not 2 <= len(arms) <= MOST_ARMS or len({arm.get("key") for arm in arms}) != len(arms):
        return [f"A split has two to {MOST_ARMS} ways."]
    if not all(isinstance(weight, int) and weight >= 0 for weight in weights) or _sum(weights) != 100:
        return ["The shares of a split add up to 100%."]
    return winner_problems(settings.get("winner"))


def _sum(weights: list[Any]) -> int:
    return sum(weights)


def winner_problems(rule: object) -> list[str]:
    if rule in (None, {}):
        return []
    if not isinstance(rule, dict) or rule.get("by") not in JUDGED:
        return ["Say by what the better way is found."]
    found = []
    if not isinstance(rule.get("after"), int) or not LEAST_PEOPLE <= rule["after"] <= MOST_PEOPLE:
        found.append(f"A split is judged by {LEAST_PEOPLE} to {MOST_PEOPLE:,} people in each way.")
    if not isinstance(rule.get("days"), int) or not 1 <= rule["days"] <= MOST_DAYS:
        found.append(f"What people do in 1 to {MOST_DAYS} days is compared.")
    return found


def _field_problems(settings: Settings, around: Surroundings) -> list[str]:
    found = [] if settings.get("field") in around.fields else ["It changes a field that does not exist."]
    return found + ([] if settings.get("value") not in (None, "") else ["Say what the field becomes."])


def _points_problems(settings: Settings, around: Surroundings) -> list[str]:
    points = settings.get("points")
    if not isinstance(points, int) or isinstance(points, bool) or not points or abs(points) > MOST_POINTS:
        return [f"Points are between 1 and {MOST_POINTS}, or below zero down to −{MOST_POINTS}."]
    kind = points_kind(points)
    if kind not in around.pointed:
        return [
            f"The published scoring model has no rule on the activity {kind}, so these points would not count. "
            f"Add one in the admin: the sum, each 1, with {'1 point' if points > 0 else '−1 point'}."
        ]
    return []


def _start_problems(settings: Settings, around: Surroundings) -> list[str]:
    return (
        []
        if settings.get("campaign") in around.campaigns
        else ["It starts a campaign that is gone or has ended."]
    )


def _none(settings: Settings, around: Surroundings) -> list[str]:
    return []


def points_kind(points: int) -> str:
    return "points_added" if points > 0 else "points_taken"


INSIDE = (
        Kind("email", "E-mail", "mail", lambda settings: "E-mail", _none),
        Kind("wait", "Wait", "hourglass", _wait_words, _wait_problems, {"minutes": 4320}, small=True),
        Kind("event", "Wait until", "calendar-clock", _event_words, _event_problems,
             {"event": {}, "minutes": 7200}, _did_or_not),
        Kind("condition", "Condition", "split", _condition_words, _condition_problems, {"ask": {}},
             lambda settings: [Branch("yes", "Yes"), Branch("no", "No")]),
        Kind("split", "Split", "split", _split_words, _split_problems,
             {"arms": [{"key": "a", "words": "A", "weight": 50}, {"key": "b", "words": "B", "weight": 50}]}, _arms),
        Kind("field", "Change a field", "square-pen", _field_words, _field_problems, small=True),
        Kind("points", "Points", "gauge", _points_words, _points_problems, {"points": 5, "words": ""}, small=True),
        Kind("handoff", "Hand off to sales", "handshake", lambda settings: "Hand off to sales", _none),
        Kind("start", "Start another campaign", "workflow", lambda settings: "Start another campaign", _start_problems),
        Kind("exit", "Leave the campaign", "log-out", lambda settings: "Leave the campaign", _none, small=True),
)  # fmt: skip
