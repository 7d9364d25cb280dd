"""What happened to a list since it was drawn: rows that left, came back or changed, and what belongs in it unseen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from handoff import keyset
from handoff.inbox import BY_KEY, GROUPS, Inbox, Item, item_of
from handoff.models import ClockPause, Handoff, SlaClock
from handoff.standing import outcome_words, standing

OVERLAP = timedelta(seconds=5)  # an offer's time is when its transaction began, not when it could be seen
MOST = 250  # rows a page can name in an address
ROW = re.compile(r"(\d{1,18})([dlwsDLWS])")
STATES = {group.key[0]: group.key for group in GROUPS}
HOMES = {"due": "offer", "later": "offer", "working": "working", "snoozed": "snoozed"}
Kind = SlaClock.Kind


@dataclass(frozen=True)
class Drawn:
    """The list as a page holds it. Rows are named by id and group, in capitals where they are shown as gone."""

    since: datetime
    rows: dict[int, str] = field(default_factory=dict)  # id: group
    gone: frozenset[int] = frozenset()
    ends: dict[str, str] = field(
        default_factory=dict
    )  # group: cursor of what follows; no entry when it is whole
    whole: bool = True  # all rows are named, from the first on

    @classmethod
    def read(cls, said: Mapping[str, str]) -> Drawn:
        found = ROW.findall(said.get("shown", ""))[:MOST]
        ends = (part.partition(".") for part in said.get("ends", "").split(","))
        return cls(
            since=_moment(said.get("since", "")),
            rows={int(pk): STATES[letter.lower()] for pk, letter in found},
            gone=frozenset(int(pk) for pk, letter in found if letter.isupper()),
            ends={key: cursor for key, _, cursor in ends if key in BY_KEY},
            whole=not said.get("cut"),
        )


def _moment(said: str) -> datetime:
    try:
        moment = parse_datetime(said.replace(" ", "+"))
    except ValueError:
        moment = None
    return moment if moment and timezone.is_aware(moment) else timezone.now()


def unseen(mine: Inbox, keys: tuple[str, ...], drawn: Drawn) -> dict[str, QuerySet[SlaClock]]:
    """What belongs in the list and is not in it, to be counted: new, undone, woken, given back."""
    came = Q(handoff__offered_at__gt=drawn.since - OVERLAP) | Q(handoff__snoozed_until__gt=drawn.since)
    asked = {}
    for key in keys:
        for at, segment in enumerate(BY_KEY[key].segments):
            rows = segment.rows(mine).exclude(handoff__in=drawn.rows)
            reached = _reached(drawn, key, at)
            asked[f"{key} {at}"] = rows if reached is None else rows.filter(came | reached)
    return asked


def _reached(drawn: Drawn, key: str, at: int) -> Q | None:
    """How far the page shows this segment; None for all of it."""
    nothing = Q(pk__in=())
    if not drawn.whole:
        return nothing
    place, _, cursor = drawn.ends.get(key, "").partition(".")
    if not place.isdecimal() or at < int(place):
        return None
    order = BY_KEY[key].segments[at].order
    return keyset.up_to(order, cursor) if at == int(place) and cursor else nothing


def changed(mine: Inbox, drawn: Drawn) -> list[tuple[Item, str]]:
    """Rows to draw again, with the words of those that left; one that came back stands where it stood."""
    handoffs: Any = Handoff.objects.visible_to(mine.user).filter(pk__in=drawn.rows).with_people()
    found = list(handoffs.select_related("answered_by", "cycle__closed_by"))
    stays = {row.pk for row in found if standing(row, mine.now) == HOMES[drawn.rows[row.pk]]}
    left = [row for row in found if row.pk not in stays]
    rows = [(Item(row, None, state=drawn.rows[row.pk]), gone_words(row, mine.now)) for row in left]
    return rows + [(item, "") for item in _again(mine, drawn, stays)]


def gone_words(handoff: Handoff, now: datetime) -> str:
    place = standing(handoff, now)
    if place == "snoozed":
        return "Snoozed"
    return outcome_words(handoff, now) or "Back in the list"


def _again(mine: Inbox, drawn: Drawn, stays: set[int]) -> list[Item]:
    """Rows that came back to life, and those whose clock says something else."""
    clocks = mine.clocks(Kind.ACCEPT, Kind.FIRST_TOUCH)
    back = Q(handoff__in=stays & drawn.gone)
    found = clocks.filter(back | Q(handoff__in=stays) & _moved_on(drawn.since, stays, mine.now))
    return [
        item_of(clock, mine.now, drawn.rows[clock.handoff.pk])
        for clock in found
        if clock.handoff and (clock.kind == Kind.FIRST_TOUCH) == bool(clock.handoff.accepted_at)
    ]


def _moved_on(since: datetime, handoffs: set[int], now: datetime) -> Q:
    """Broken, kept, paused or resumed."""
    over = ClockPause.objects.filter(clock__handoff__in=handoffs, ended_at__gt=since, ended_at__lte=now)
    moved = Q(breached_at__gt=since) | Q(met_at__gt=since) | Q(paused_at__gt=since - OVERLAP)
    return moved | Q(pk__in=over.values("clock"))
