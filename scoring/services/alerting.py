"""Alerts: raised in the transaction that scored the leads, so that none is lost and none raised twice.

The rows of the scores are locked meanwhile, so two workers never decide about one lead at once; behind that stands
the unique key of the evidence.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Now

from leads.events import publish
from leads.models import Lead
from scoring import defaults, watching
from scoring.definition import published
from scoring.events import AlertsRaised
from scoring.explain import labels
from scoring.facts import instant, microseconds
from scoring.models import Alert, Watch
from scoring.rows import ScoreRows, Words
from scoring.watches import Fault, faults, words
from scoring.watching import Batch, Met

LOOK_BACK = timedelta(days=1)  # what nobody could be told for so long is no news any more


def look(before: ScoreRows, after: ScoreRows, names: Words, as_of: datetime) -> int:
    """Raises what these leads, just scored and still locked, gave cause for; how many alerts."""
    watches = watching.enabled()
    if not watches:
        return 0
    batch = Batch.of(before, after, names, as_of)
    candidates = [*watching.crossings(watches, batch), *watching.actions(watches, batch)]
    if not candidates:
        return 0
    awake = _awake(_within_limits(candidates), as_of)
    return _raise(list(watching.decided(awake, as_of)), as_of)


def _within_limits(candidates: list[Met]) -> list[Met]:
    asked = {met.lead_id for met in candidates if met.watch.only_owned}
    owned = (
        Lead.objects.filter(pk__in=asked, owner__isnull=False).values_list("pk", flat=True) if asked else ()
    )
    known = set(owned)
    return [met for met in candidates if met.watch.admits(met.standing, owned=met.lead_id in known)]


def _awake(candidates: list[Met], as_of: datetime) -> list[Met]:
    """Without those whose lead raised the same lately, or by the same activity."""
    if not candidates:
        return []
    alerts = Alert.objects.filter(
        watch__in={met.watch.id for met in candidates}, lead__in={met.lead_id for met in candidates}
    ).order_by()
    last = {
        (watch, lead): (at, evidence)
        for watch, lead, at, evidence in alerts.values_list("watch", "lead").annotate(
            Max("at"), Max("evidence_at")
        )
    }
    return [met for met in candidates if _is_news(met, last.get((met.watch.id, met.lead_id)), as_of)]


def _is_news(met: Met, last: tuple[datetime, datetime | None] | None, as_of: datetime) -> bool:
    if last is None:
        return True
    at, evidence = last
    rested = as_of - at >= timedelta(seconds=met.watch.cool_down)
    return rested and (evidence is None or not met.evidence_at or met.evidence_at > microseconds(evidence))


def _raise(found: list[Met], as_of: datetime) -> int:
    if not found:
        return 0
    named = labels()
    Alert.objects.bulk_create([_alert(met, as_of, named) for met in found], ignore_conflicts=True)
    publish(AlertsRaised())
    return len(found)


def _alert(met: Met, as_of: datetime, named: dict[str, str]) -> Alert:
    return Alert(
        watch_id=met.watch.id,
        lead_id=met.lead_id,
        key=_key(met, as_of),
        words=words(met.watch, met.standing, met.aggregate, named)[:300],
        activity_id=met.activity_id or None,
        evidence_at=instant(met.evidence_at) if met.evidence_at else None,
        total=met.standing.total,
        band=met.standing.band,
        at=as_of,
    )


def _key(met: Met, as_of: datetime) -> str:
    """The activity; for a crossing the lead and the pause it falls into."""
    if met.activity_id:
        return f"activity:{met.activity_id}"
    return f"lead:{met.lead_id}:{int(as_of.timestamp()) // met.watch.cool_down}"


@transaction.atomic
def claim(*, limit: int) -> list[Alert]:
    """The oldest that nobody was told of, for the caller to tell in the same transaction; old ones are let be."""
    due = Alert.objects.untold().order_by("pk").select_for_update(of=("self",), skip_locked=True)
    pks = list(due.values_list("pk", flat=True)[:limit])
    Alert.objects.filter(pk__in=pks).update(told_at=Now())
    fresh = Alert.objects.filter(pk__in=pks, at__gt=Now() - LOOK_BACK, lead__merged_into=None)
    return list(fresh.select_related("watch", "lead__company", "lead__owner").order_by("pk"))


def faults_of(row: Watch) -> list[Fault]:
    """What keeps a watch, saved or not, from ever being met."""
    current = published()
    return faults(watching.watch_of(row), current[1] if current else None)


def save(*, watch: Watch) -> Watch:
    """From now on: what happened before raises nothing."""
    watch.since = Now()
    watch.save()
    watch.refresh_from_db()
    return watch


def watch_the_usual() -> int:
    """What a new installation listens for; nothing once somebody watches anything."""
    if Watch.objects.exists():
        return 0
    return len(Watch.objects.bulk_create(Watch(**terms) for terms in defaults.WATCHES))
