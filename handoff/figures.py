"""The four numbers above the queue. Each says what it counts; too few cases say so instead of a share."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

from django.db.models import Count, Q
from django.db.models.functions import Now

from handoff.durations import duration_words
from handoff.faces import worked
from handoff.models import Handoff, SlaClock

SAMPLE = 100  # the newest hand-offs; reading more calendars would cost more than the page
WEEK = timedelta(days=7)
ENOUGH = 20  # below this a share would only look exact


def hand_off_time(now: datetime) -> str:
    """Median working time from MQL to hand-off over the newest of the last seven days; empty without any."""
    met = SlaClock.objects.filter(kind=SlaClock.Kind.HAND_OFF, met_at__gt=now - WEEK)
    seconds = [
        worked(clock, clock.met_at).total_seconds()
        for clock in met.order_by("-met_at")[:SAMPLE]
        if clock.met_at
    ]
    return duration_words(median(seconds)) if seconds else ""


def acceptance() -> dict[str, int | str]:
    """Accepted among the answers of the last seven days."""
    lately = Handoff.objects.filter(Q(accepted_at__gt=Now() - WEEK) | Q(rejected_at__gt=Now() - WEEK))
    counted = lately.aggregate(total=Count("pk"), accepted=Count("pk", filter=Q(accepted_at__isnull=False)))
    total, accepted = counted["total"], counted["accepted"]
    share = f"{100 * accepted / total:.0f}%" if total >= ENOUGH else ""
    return {"share": share, "accepted": accepted, "total": total}
