"""Versions side by side."""

from __future__ import annotations

from scoring.definition import model_of
from scoring.differences import Difference, difference
from scoring.explain import labels
from scoring.models import ModelVersion


def version_before(version: ModelVersion) -> ModelVersion | None:
    """A draft is compared with the version in force, any other with the one it replaced."""
    if version.is_draft:
        return ModelVersion.objects.published()
    before = ModelVersion.objects.exclude(state=ModelVersion.State.DRAFT).exclude(pk=version.pk)
    return before.filter(published_at__lte=version.published_at).order_by("-published_at", "-number").first()


def compared(before: ModelVersion | None, after: ModelVersion) -> Difference | None:
    """None when there is nothing to compare with, or a draft's conditions cannot be read yet."""
    try:
        return difference(model_of(before), model_of(after), labels()) if before else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
