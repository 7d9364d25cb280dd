"""The four numbers above the queue. Each says what it counts; too few cases say so instead of a share."""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

from django.db.models.functions import Now

from handoff.counting import counts
from handoff.durations import duration_words
from handoff.faces import worked
from handoff.models import Handoff, SlaClock

SAMPLE = 100  # the newest hand-offs; reading more calendars would cost more than the page
WEEK = timedelta(days=7)
MOST_ANSWERS = 10_000  # a week; beyond it the share no longer moves
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
    """Accepted among the answers people gave in the last seven days; what the silence rule did is counted apart."""
    answers = {
        "accepted": Handoff.objects.filter(accepted_at__gt=Now() - WEEK).exclude(silence="accepted"),
        "silent": Handoff.objects.filter(silence_at__gt=Now() - WEEK),
        "rejected": Handoff.objects.filter(rejected_at__gt=Now() - WEEK),
    }
    found = counts(answers, most=MOST_ANSWERS)
    accepted, total = found["accepted"], found["accepted"] + found["rejected"]
    share = f"{100 * accepted / total:.0f}%" if total >= ENOUGH else ""
    return {"share": share, "accepted": accepted, "total": total, "silent": found["silent"]}
