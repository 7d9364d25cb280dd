"""What the demo company would have been told of the last month, had it watched then; the last day is told at start."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db.models import Window
from django.db.models.functions import Lag

from leads.models import Activity
from scoring.models import Alert, ScoreChange, Watch
from scoring.watches import Standing, crossed, words
from scoring.watching import watch_of

MONTH = timedelta(days=30)
UNTOLD = timedelta(hours=20)


def load(*, now: datetime) -> int:
    found = [*_actions(now), *_crossings(now)]
    for alert in found:
        alert.told_at = alert.at if alert.at < now - UNTOLD else None
    return len(Alert.objects.bulk_create(sorted(found, key=lambda alert: alert.at), ignore_conflicts=True))


def _actions(now: datetime) -> Iterator[Alert]:
    for watch in Watch.objects.enabled().filter(activity="demo_request"):
        deeds = Activity.objects.filter(
            shape__kind=watch.activity, shape__machine=False, occurred_at__range=(now - MONTH, now)
        )
        for deed in deeds.select_related("lead__score"):
            alert = _alert(watch, deed.lead_id, _standing(deed.lead.score), deed.occurred_at)
            alert.key, alert.activity_id = f"activity:{deed.id}", deed.id
            alert.evidence_at = deed.occurred_at
            yield alert


def _crossings(now: datetime) -> Iterator[Alert]:
    watches = Watch.objects.enabled().filter(crossing="rises")
    before = Window(Lag("total", default=0), partition_by="lead", order_by=["at", "id"])
    history = ScoreChange.objects.annotate(before=before).order_by("at", "id")
    for watch in watches:
        for change in history.iterator():
            was = Standing(change.before, change.band, change.qualified)
            if change.at > now - MONTH and crossed(watch_of(watch), was, _standing(change)):
                alert = _alert(watch, change.lead_id, _standing(change), change.at)
                alert.key = f"lead:{change.lead_id}:{change.at.date()}"
                yield alert


def _standing(row: object) -> Standing:
    return Standing(row.total, row.band, row.qualified)  # type: ignore[attr-defined]


def _alert(watch: Watch, lead_id: int, standing: Standing, at: datetime) -> Alert:
    said = words(watch_of(watch), standing)
    return Alert(watch=watch, lead_id=lead_id, words=said, total=standing.total, band=standing.band, at=at)
