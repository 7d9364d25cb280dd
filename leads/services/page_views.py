"""Views of pages by machines: kept beside their activities, so that somebody can say that they were a person's."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.utils import timezone

from leads.capture.segment import Message, Met
from leads.models import Hit
from leads.services.activities import message_key


def keep(happened: Sequence[tuple[int, Message]], scope: str) -> None:
    """One statement, and none when all were people. A message that comes twice is one view."""
    rows = [
        _hit(lead_id, message, message.met, scope) for lead_id, message in happened if message.met is not None
    ]
    rows.sort(
        key=lambda hit: hit.key
    )  # two batches with the same messages then wait, and never lock each other out
    if rows:
        Hit.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def _hit(lead_id: int, message: Message, met: Met, scope: str) -> Hit:
    props = message.props
    where = props.get("url") or props.get("path") or props.get("name") or ""
    return Hit(
        key=UUID(bytes=message_key(scope, message.message_id)), lead_id=lead_id, kind=Hit.Kind.VIEW,
        activity=message.kind, at=message.occurred_at, campaign=str(props.get("utm_campaign") or "")[:200],
        detail=_plain(str(where))[:300], agent=_plain(met.agent)[:500], address=met.address or None,
        probability=met.verdict.probability, reasons=list(met.verdict.reasons), machine=True, marked=True,
        settled_at=timezone.now(), message_id=message.message_id[:100],
    )  # fmt: skip


def _plain(text: str) -> str:
    return text.replace("\x00", "")
