"""Promises kept: clocks that fell due in the months asked for, and how long people and machines took.

Attainment  kept / (kept + broken) of the clocks due in the period, whenever they began or ended. A late answer is
            broken, and so is one that is still open past its time. Cancelled clocks are left out and shown
Times       working time by the calendar of each clock, of promises that were answered; the machine's part is plain time
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import ExtractHour, ExtractIsoWeekDay

from handoff.durations import duration_words
from handoff.faces import worked
from handoff.models import ClockPause, SlaClock
from reports.asked import NONE, Asked
from reports.rates import Rate, median_and_p95
from scoring.models import QualificationCycle

Kind = SlaClock.Kind
SAMPLE = 500  # of each kind, the newest: reading a calendar for each costs more than all the rest of the page
KINDS: dict[str, tuple[str, str]] = {
    Kind.HAND_OFF: ("Hand-off", "From MQL to an offer to a rep; marketing’s promise."),
    Kind.ACCEPT: ("Accept", "From the offer to an answer."),
    Kind.FIRST_TOUCH: ("First touch", "From the answer to the first call, mail or meeting."),
    Kind.DISPOSITION: ("Decision", "From the answer to a deal, an SQL that is complete, or the end."),
}
WAYS = {"team": "Team", "policy": "Promise", "weekday": "Weekday", "hour": "Hour"}
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
KEPT = Q(cancelled_at=None, breached_at=None, met_at__lte=F("due_at"))
COUNTED = Q(cancelled_at=None)
HOW: dict[str, tuple[str, Q]] = {
    "kept": ("kept", KEPT),
    "broken": (
        "broken",
        COUNTED & ~(Q(breached_at=None) & Q(met_at__isnull=False) & Q(met_at__lte=F("due_at"))),
    ),
    "due": ("due", COUNTED),
    "cancelled": ("cancelled", Q(cancelled_at__isnull=False)),
    "paused": ("paused at some time", COUNTED & Q(Exists(ClockPause.objects.filter(clock=OuterRef("pk"))))),
}
PATHS = {
    "source": "cycle__lead__source",
    "campaign": "cycle__lead__campaign",
    "industry": "cycle__lead__company__industry",
    "version": "cycle__version__number",
    "team": "handoff__rep__team",
    "segment": "cycle__lead__segment_members__segment",
}


@dataclass(frozen=True)
class Kept:
    """One kind of promise, in all or of one group; the rate's `part` are kept."""

    kind: str
    label: str
    words: str
    rate: Rate
    cancelled: int
    paused: int = 0
    median: str = ""
    p95: str = ""
    sample: int = 0

    @property
    def broken(self) -> int:
        return self.rate.whole - self.rate.part


@dataclass(frozen=True)
class Line:
    key: str
    label: str
    kept: list[tuple[str, Rate]]  # in the order of KINDS


def due(user: Any, asked: Asked, zone: str, now: datetime) -> QuerySet[SlaClock]:
    """Clocks due in these months and by now."""
    first, until = (datetime.combine(day, time(), ZoneInfo(zone)) for day in (asked.first, asked.until))
    clocks = SlaClock.objects.visible_to(user).filter(due_at__gte=first, due_at__lt=until, due_at__lte=now)
    for way, value in asked.filters.items():
        clocks = clocks.filter(**{PATHS[way]: None if value == NONE and way == "team" else value})
    return clocks


def in_all(clocks: QuerySet[SlaClock]) -> list[Kept]:
    """Two queries a kind at most."""
    rows = (
        clocks.order_by()
        .values("kind")
        .annotate(**{key: Count("pk", filter=q) for key, (_, q) in HOW.items()})
    )
    found = {row["kind"]: row for row in rows}
    return [_kept(kind, found[kind], clocks) for kind in KINDS if kind in found]


def _kept(kind: Any, row: Mapping[str, Any], clocks: QuerySet[SlaClock]) -> Kept:
    seconds = _seconds(clocks, kind)
    middle = median_and_p95(seconds)
    half, most = (duration_words(each) for each in middle) if middle else ("", "")
    rate = Rate(row["kept"], row["due"], row["due"])
    name, words = KINDS[kind]
    return Kept(kind, name, words, rate, row["cancelled"], row["paused"], half, most, len(seconds))


def _seconds(clocks: QuerySet[SlaClock], kind: str) -> list[float]:
    answered = clocks.filter(COUNTED, kind=kind, met_at__isnull=False).order_by("-due_at", "-pk")[:SAMPLE]
    return [worked(clock, clock.met_at).total_seconds() for clock in answered if clock.met_at]


def grouped(clocks: QuerySet[SlaClock], way: str, zone: str) -> list[Line]:
    """One query. Weekday and hour are those at which a clock began, in the organisation's time zone."""
    keys = keyed(clocks, zone).order_by().values_list("key_" + way, "kind")
    rows = keys.annotate(kept=Count("pk", filter=KEPT), due=Count("pk", filter=COUNTED))
    found: dict[str, dict[str, Rate]] = {}
    for key, kind, kept, counted in rows:
        if counted:
            found.setdefault(_text(key), {})[kind] = Rate(kept, counted, counted)
    ordered = sorted(found, key=lambda key: (key == NONE, key.zfill(3) if key.isdecimal() else key))
    nothing = Rate(0, 0, 0)
    return [
        Line(key, label(way, key), [(kind, found[key].get(kind, nothing)) for kind in KINDS])
        for key in ordered
    ]


def keyed(clocks: QuerySet[SlaClock], zone: str) -> QuerySet[Any]:
    return clocks.annotate(
        key_team=F("handoff__rep__team__name"),
        key_policy=F("policy__name"),
        key_weekday=ExtractIsoWeekDay("started_at", tzinfo=ZoneInfo(zone)),
        key_hour=ExtractHour("started_at", tzinfo=ZoneInfo(zone)),
    )


def of_group(clocks: QuerySet[SlaClock], way: str, key: str, zone: str) -> QuerySet[SlaClock]:
    if way in ("weekday", "hour"):
        return keyed(clocks, zone).filter(
            **{f"key_{way}": int(key) if key.isdecimal() and len(key) < 3 else -1}
        )
    return keyed(clocks, zone).filter(**{f"key_{way}": None if key == NONE else key})


def _text(key: Any) -> str:
    return NONE if key is None else str(key)


def label(way: str, key: str) -> str:
    if way == "weekday" and key in "1234567" and key:
        return DAYS[int(key) - 1]
    if way == "hour" and key.isdecimal():
        return f"{int(key):02}:00–{int(key):02}:59"
    return {"team": "No team", "policy": "Not known"}.get(way, "Not known") if key == NONE else key


def system_delay(user: Any, asked: Asked, zone: str) -> tuple[str, str, int] | None:
    """From the newest signal that counted to MQL: the machine's part. Median, 95 of 100, and of how many."""
    first, until = (datetime.combine(day, time(), ZoneInfo(zone)) for day in (asked.first, asked.until))
    cycles = QualificationCycle.objects.visible_to(user).filter(opened_at__gte=first, opened_at__lt=until)
    pairs = (
        cycles.filter(evidence_at__isnull=False)
        .order_by("-opened_at")
        .values_list("opened_at", "evidence_at")
    )
    seconds = [max(0.0, (opened - seen).total_seconds()) for opened, seen in pairs[: 10 * SAMPLE] if seen]
    middle = median_and_p95(seconds)
    return (_short(middle[0]), _short(middle[1]), len(seconds)) if middle else None


def _short(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else duration_words(seconds)
