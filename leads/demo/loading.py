"""Puts the demo prospects and their year into the database, through the same doors as everybody."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from leads.demo.behaviour import deeds
from leads.demo.people import Person, people
from leads.merging import Claim
from leads.models import FieldSource, Identity, Lead
from leads.services.activities import NewActivity, record_activities
from leads.services.people import incoming, upsert_many
from leads.services.touches import drain_touches

SEED = 20_261_117
BATCH = 25  # people with one time of entry
ACTIVITY_BATCH = 2000


def load(*, now: datetime, size: int) -> str:
    dice = random.Random(SEED)
    crowd = sorted(people(dice, now, size), key=lambda person: person.born)
    leads = [lead for group in _groups(crowd, BATCH) for lead in _enter(group)]
    _name_visitors(crowd, leads)
    count = sum(
        record_activities(batch) for batch in _groups(_activities(dice, crowd, leads, now), ACTIVITY_BATCH)
    )
    _as_if_live()
    while drain_touches(10_000):  # everybody is scored by the next step
        pass
    return f"{len(leads)} leads, {count} activities"


def _as_if_live() -> None:
    """The company was there when it happened; nothing of its year arrived today."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE leads_activity SET received_at = occurred_at + interval '1 second'")


def _groups(items: Any, size: int) -> Iterator[list[Any]]:
    group: list[Any] = []
    for item in items:
        group.append(item)
        if len(group) == size:
            yield group
            group = []
    if group:
        yield group


def _enter(group: Sequence[Person]) -> list[Lead]:
    claim = Claim(source=FieldSource.FORM, at=group[0].born)
    rows = [incoming({**person.values, "email": person.email}, "", person.born) for person in group]
    planned = upsert_many(rows=rows, claim=claim)
    return [plan.lead for plan in planned if plan.lead]


def _name_visitors(crowd: Sequence[Person], leads: Sequence[Lead]) -> None:
    Identity.objects.bulk_create(
        Identity(lead=lead, kind=Identity.Kind.VISITOR, value=person.visitor)
        for person, lead in zip(crowd, leads, strict=True)
    )


def _activities(
    dice: random.Random, crowd: Sequence[Person], leads: Sequence[Lead], now: datetime
) -> Iterator[NewActivity]:
    for person, lead in zip(crowd, leads, strict=True):
        for number, deed in enumerate(deeds(dice, person, now)):
            yield NewActivity(
                lead_id=lead.pk,
                kind=deed.kind,
                occurred_at=deed.at,
                props=deed.props,
                seconds=deed.seconds,
                amount=deed.amount,
                message_id=f"demo:{person.number}:{number}",
            )
