"""Verbs about what people agreed to. Every one adds to the record; none changes or removes anything.

An insert takes a share of the lead's lock, as suppressions do: a mail at its fence is out already, or sees it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction
from django.utils import timezone

from leads.events import ConsentChanged, publish
from leads.models import Confirmation, Consent, Lead, Topic
from leads.services.touches import touch

State, Basis, Source = Consent.State, Consent.Basis, Consent.Source

TAKE_OVER = """
INSERT INTO leads_consent
    (lead_id, subject_id, address, channel, state, basis, wording, version, source, evidence)
SELECT id, id, lower(email), 'email', 'given', %s, %s, '', %s, %s::jsonb FROM leads_lead l
WHERE id = ANY(%s) AND email <> '' AND NOT EXISTS (
    SELECT FROM leads_consent c WHERE c.lead_id = l.id AND c.topic_id IS NULL AND c.channel = 'email')
ORDER BY id
"""


class Origin(NamedTuple):
    """Where a word came from and what proves it."""

    source: str
    by: Any = None
    ip: str | None = None
    evidence: Mapping[str, Any] = {}


def give(
    *,
    lead: Lead,
    topic: Topic | None,
    wording: str,
    origin: Origin,
    basis: str = Basis.CONSENT,
    **more: Any,
) -> Consent:
    """`more`: channel, version, at, expires_at, confirmation."""
    return _say(lead, State.GIVEN, topic=topic, wording=wording, origin=origin, basis=basis, **more)


def ask(
    *, lead: Lead, topic: Topic | None, wording: str, origin: Origin, confirmation: Confirmation, **more: Any
) -> Consent:
    """Asked for, and a mail asks whether they meant it (leads.services.confirmations)."""
    more["confirmation"] = confirmation
    return _say(lead, State.ASKED, topic=topic, wording=wording, origin=origin, **more)


def withdraw(*, lead: Lead, topic: Topic | None, wording: str, origin: Origin, **more: Any) -> Consent:
    return _say(lead, State.WITHDRAWN, topic=topic, wording=wording, origin=origin, **more)


def pause(*, lead: Lead, days: int, wording: str, origin: Origin) -> Consent:
    """No mail until then; it ends by itself."""
    ends = timezone.now() + timedelta(days=days)
    return _say(lead, State.PAUSED, wording=wording, origin=origin, expires_at=ends)


def resume(*, lead: Lead, wording: str, origin: Origin) -> Consent:
    return _say(lead, State.RESUMED, wording=wording, origin=origin)


@transaction.atomic
def withdraw_all(*, addresses: Mapping[str, int], wording: str, origin: Origin) -> None:
    """{address: lead id}: each of them wants nothing more. In the order of the leads, so that two of us wait."""
    pairs = sorted((lead_id, address) for address, lead_id in addresses.items())
    Consent.objects.bulk_create(
        Consent(
            lead_id=lead_id, subject_id=lead_id, address=address, state=State.WITHDRAWN, wording=wording,
            source=origin.source, by=origin.by, ip=origin.ip, evidence=dict(origin.evidence),
        )
        for lead_id, address in pairs
    )  # fmt: skip


@transaction.atomic
def record_basis(
    *, lead_ids: Iterable[int], basis: str, wording: str, source: str, evidence: Mapping[str, Any]
) -> int:
    """Why we may mail them at all. Who has such an entry, or has no address, is left as it is."""
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE_OVER, [basis, wording, source, orjson.dumps(dict(evidence)).decode(), sorted(lead_ids)]
        )
        return cursor.rowcount


@transaction.atomic
def _say(
    lead: Lead, state: str, *, wording: str, origin: Origin, at: datetime | None = None, **values: Any
) -> Consent:
    """Nobody speaks from the future: it could outrun a real no."""
    if at is not None:
        values["at"] = min(at, timezone.now())
    entry = Consent.objects.create(
        lead=lead, subject_id=lead.pk, address=(lead.email or "").strip().lower(), state=state, wording=wording,
        source=origin.source, by=origin.by, ip=origin.ip, evidence=dict(origin.evidence), **values,
    )  # fmt: skip
    touch([lead.pk])
    publish(ConsentChanged(lead_id=lead.pk))
    return entry
