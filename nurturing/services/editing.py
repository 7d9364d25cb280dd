"""Changes of a draft that can be undone: each keeps the draft as it was before. Bounded."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from django.db import transaction

from nurturing.models import CampaignVersion, DraftChange, Step
from nurturing.services import drafting
from nurturing.services.contents import ChangedMeanwhile

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


def change_settings(*, step: Step, settings: dict[str, Any], seen: str, actor: Any) -> None:
    """`seen` is the token of the settings that were edited; "" replaces whatever stands there now.

    Raises ChangedMeanwhile, and Step.DoesNotExist when somebody removed the step in the same moment.
    """
    with undoable(version=step.version, words=f"Changed {step.title}", actor=actor):
        stored = Step.objects.get(pk=step.pk)
        if seen and seen != token(stored) and settings != stored.settings:
            raise ChangedMeanwhile
        drafting.change_step(step=step, settings=settings)


def token(step: Step) -> str:
    """Changes with every change of the settings: who saves says which state they saw."""
    said = orjson.dumps(step.settings, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(said).hexdigest()[:20]


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
