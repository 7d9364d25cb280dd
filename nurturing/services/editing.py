"""Changes of a draft that can be undone: each keeps the draft as it was before. Bounded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from django.db import transaction

from nurturing.models import CampaignVersion, DraftChange
from nurturing.services import drafting

MOST_CHANGES = 50


@contextmanager
def undoable(*, version: CampaignVersion, words: str, actor: Any) -> Iterator[None]:
    """Whatever is done to the steps inside is one change. What can be redone is forgotten by a new change."""
    with transaction.atomic():
        drafting.locked(version.campaign)
        before = drafting.snapshot(version)
        yield
        if _plain(drafting.snapshot(version)) != _plain(before):
            version.changes.filter(undone=True).delete()
            DraftChange.objects.create(version=version, rows=before, words=words[:150], actor=actor)
            kept = version.changes.order_by("-pk").values("pk")[:MOST_CHANGES]
            version.changes.exclude(pk__in=list(kept.values_list("pk", flat=True))).delete()


def undo(version: CampaignVersion) -> DraftChange | None:
    """The newest change is taken back; None when there is none."""
    return _swap(version, undone=False)


def redo(version: CampaignVersion) -> DraftChange | None:
    return _swap(version, undone=True)


@transaction.atomic
def _swap(version: CampaignVersion, *, undone: bool) -> DraftChange | None:
    """The change keeps what the draft is now, and the draft becomes what the change kept."""
    drafting.locked(version.campaign)
    changes = version.changes.filter(undone=undone).order_by("pk" if undone else "-pk")
    change = changes.first()
    if change is None:
        return None
    now = drafting.snapshot(version)
    drafting.restore(version=version, rows=change.rows)
    change.rows, change.undone = now, not undone
    change.save(update_fields=["rows", "undone"])
    return change


def _plain(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Comparable whatever the order in which the steps were made."""
    return {row["key"]: orjson.loads(orjson.dumps(row, default=str)) for row in rows}
