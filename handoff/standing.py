"""Where a handoff stands in the list of whoever sees it, and in plain words who took it away, and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from zlib import crc32

from django.utils import timezone

from handoff.models import Handoff, SlaClock

BY_SILENCE = "the silence rule"
AT_ONCE = timedelta(seconds=2)  # between two statements of one transaction, on a busy machine


def standing(handoff: Handoff, now: datetime) -> str:
    """offer, working or snoozed; empty when it is on no list any more."""
    if handoff.rejected_at or handoff.withdrawn_at or handoff.cycle.closed_at:
        return ""
    if handoff.snoozed_until and handoff.snoozed_until > now:
        return "snoozed"
    return "working" if handoff.accepted_at else "offer"


def outcome_words(handoff: Handoff, now: datetime) -> str:
    """Who answered, or what else ended it; empty while it waits for an answer."""
    cycle, moment = handoff.cycle, handoff.rejected_at or handoff.withdrawn_at
    if moment and (following := passed_to(handoff)):
        who = following.offered_by.name if following.offered_by else ""
        return _words(f"Passed to {following.rep.name[:40]}", who, moment, now)
    if moment:
        return _words(_answer(handoff), _by(handoff), moment, now)
    if cycle.closed_at:
        who = cycle.closed_by.name if cycle.closed_by else ""
        return _words(cycle.get_outcome_display() or "Closed", who, cycle.closed_at, now)
    return _words("Accepted", _by(handoff), handoff.accepted_at, now) if handoff.accepted_at else ""


def passed_to(handoff: Handoff) -> Handoff | None:
    """The hand-off that took this one's place at once; what marketing takes back to its queue stays there longer."""
    at = handoff.withdrawn_at
    if at is None:
        return None
    following = Handoff.objects.filter(cycle=handoff.cycle_id, offered_at__range=(at, at + AT_ONCE))
    return following.exclude(pk=handoff.pk).select_related("rep", "offered_by").order_by("offered_at").first()


def _answer(handoff: Handoff) -> str:
    if handoff.rejected_at:
        return "Rejected"
    return "Returned" if handoff.silence == Handoff.Silence.RETURNED else "Taken back"


def _by(handoff: Handoff) -> str:
    if handoff.silence in (Handoff.Silence.ACCEPTED, Handoff.Silence.RETURNED):
        return BY_SILENCE
    return handoff.answered_by.name if handoff.answered_by else ""


def _words(word: str, who: str, moment: datetime, now: datetime) -> str:
    local = timezone.localtime(moment)
    day = "" if local.date() == timezone.localdate(now) else f"{local.day} {local:%b}, "
    return f"{word}{f' by {who[:40]}' if who else ''}, {day}{local:%H:%M}"


def stamp(handoff: Handoff, clocks: Iterable[SlaClock], now: datetime) -> str:
    """Differs once anything that decides about buttons, clocks or words of the open lead has changed."""
    facts: list[Any] = [handoff.pk, handoff.rep_id, handoff.answered_by_id, standing(handoff, now)]
    facts += [handoff.accepted_at, handoff.rejected_at, handoff.withdrawn_at, handoff.silence]
    facts += [handoff.snoozed_until, handoff.cycle.closed_at]
    facts += sorted(
        (c.kind, str(c.due_at), str(c.met_at), str(c.cancelled_at), bool(c.breached_at), c.is_paused(now))
        for c in clocks
    )
    return f"{crc32(repr(facts).encode()):08x}"
