"""What the lead's pane says of pausing: whether its clocks can be stopped, and why they stand still."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from handoff.models import ClockPause, SlaClock


def pausing(clocks: Iterable[SlaClock], now: datetime, *, acts: bool) -> dict[str, Any]:
    """`acts`: whether this person answers for the lead. One query, and only while something is paused."""
    running = [
        clock
        for clock in clocks
        if clock.kind in SlaClock.OF_THE_LEAD and not (clock.met_at or clock.cancelled_at)
    ]
    paused = [clock for clock in running if clock.is_paused(now)]
    due = [clock for clock in running if clock.due_at and clock.due_at > now]
    return {
        "may_pause": acts and bool(due) and not paused,
        "may_resume": acts and bool(paused),
        "pause": _why(paused[0]) if paused else None,
    }


def _why(clock: SlaClock) -> ClockPause | None:
    return ClockPause.objects.select_related("by").filter(clock=clock).order_by("-started_at", "-pk").first()
