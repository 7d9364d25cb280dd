"""Who changed a version, and what: read from the log that the database writes itself."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from scoring.models import ModelVersion, Rule, RuleGroup

USER = "pgh_context__metadata__user"


def logs(version: ModelVersion) -> list[QuerySet]:
    """Every change of the version, its groups and its rules."""
    return [
        _log(ModelVersion).filter(pgh_obj_id=version.pk),
        _log(RuleGroup).filter(version_id=version.pk),
        _log(Rule).filter(version_id=version.pk),
    ]


def _log(model: Any) -> QuerySet:
    return model.pgh_event_model.objects.all()


def editor_ids(version: ModelVersion) -> set[int]:
    """Everybody who changed anything of it; machines and shells have no id."""
    return {pk for log in logs(version) for pk in log.values_list(USER, flat=True).distinct()} - {None}
