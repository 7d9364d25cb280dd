"""Waiting: for a time, for an hour of the lead's own day, for something the lead does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Organisation
from nurturing import hours
from nurturing.models import Enrolment, Visit
from nurturing.services.steps import asking
from nurturing.services.steps.moving import Batch, go_on, stay, stay_each

ASKED_AT_ONCE = 50_000


def wait(batch: Batch) -> None:
    go_on(batch, batch.back)
    if not batch.fresh:
        return
    settings = batch.step.settings
    if settings.get("before"):
        _until_date(batch, settings["before"])
    elif hours.read(settings.get("window")):
        stay_each(batch, _openings(batch, int(settings.get("minutes") or 0)))
    else:
        stay(batch, batch.fresh, Now() + timedelta(minutes=settings.get("minutes") or 0))


def wait_for_event(batch: Batch) -> None:
    """Goes on at once when it happened since the run came here; else at the time-out, the other way."""
    minutes = timedelta(minutes=batch.step.settings.get("minutes") or 0)
    Visit.objects.filter(step=batch.step, enrolment__in=batch.fresh).update(until=F("at") + minutes)
    did = asking.happened(batch.step, batch.step.settings.get("event") or {}, batch.ids)
    go_on(batch, did, "did")
    others = [pk for pk in batch.ids if pk not in did]
    over = _whose_time_is_over(batch, others)
    go_on(batch, over, "did_not")
    here = Visit.objects.filter(step=batch.step, enrolment=OuterRef("pk"))
    waiting = Enrolment.objects.filter(pk__in=[pk for pk in others if pk not in over])
    waiting.plan(here.values("until")[:1])


def wake_for_events() -> int:
    """Runs that wait for something which has happened by now: they are due."""
    woken = 0
    open_here = Visit.objects.filter(left_at=None, until__isnull=False, step__kind="event")
    for step in {visit.step for visit in open_here.distinct("step").select_related("step")}:
        waiting = Enrolment.objects.active().filter(step=step, due_at__gt=Now())
        for ids in _in_turns(waiting):
            did = asking.happened(step, step.settings.get("event") or {}, ids)
            woken += Enrolment.objects.active().filter(pk__in=did, step=step).plan(Now())
    return woken


def _in_turns(waiting: QuerySet[Enrolment]) -> Iterator[list[int]]:
    last = 0
    while ids := list(
        waiting.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:ASKED_AT_ONCE]
    ):
        yield ids
        last = ids[-1]


def _whose_time_is_over(batch: Batch, ids: list[int]) -> set[int]:
    over = Visit.objects.filter(step=batch.step, enrolment__in=ids, until__lte=Now())
    return set(over.values_list("enrolment", flat=True))


def _openings(batch: Batch, minutes: int) -> dict[int, datetime]:
    window = hours.read(batch.step.settings["window"]) or hours.Window()
    earliest = timezone.now() + timedelta(minutes=minutes)
    found: dict[str, datetime] = {}
    zones = _zones(batch.fresh)
    for name in set(zones.values()):
        found[name] = hours.next_within(window, earliest, hours.zone_of(name))
    return {pk: found[name] for pk, name in zones.items()}


def _zones(ids: list[int]) -> dict[int, str]:
    """The lead's own zone; the organisation's when it is not known."""
    ours = Organisation.current().time_zone
    rows = Enrolment.objects.filter(pk__in=ids).values_list("pk", "lead__time_zone")
    return {pk: zone or ours for pk, zone in rows}


def _until_date(batch: Batch, before: dict[str, Any]) -> None:
    key = str(before.get("field", "")).removeprefix("custom.")
    values = dict(Enrolment.objects.filter(pk__in=batch.fresh).values_list("pk", f"lead__custom__{key}"))
    zones, untils = _zones(batch.fresh), {}
    for pk, value in values.items():
        until = hours.days_before(value, int(before.get("days") or 0), hours.zone_of(zones[pk]))
        if until is not None:
            untils[pk] = until
    unknown = [pk for pk in batch.fresh if pk not in untils]
    go_on(batch, unknown, outcome="skipped", words="The date is not known.")
    past = [pk for pk, until in untils.items() if until <= timezone.now()]
    go_on(batch, past, outcome="skipped", words="The date has passed.")
    stay_each(batch, {pk: until for pk, until in untils.items() if pk not in past})
