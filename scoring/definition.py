"""Rows of a version to the plain values that the oracle and the kernel understand, and back."""

from __future__ import annotations

import hashlib
import json
from functools import lru_cache
from typing import Any

from scoring.language import DAY, Condition, Group, Model, Rule
from scoring.models import ModelVersion, RuleGroup
from scoring.models import Rule as RuleRow
from scoring.models.versions import DEFINITION

HOUR = 3600  # seconds


def published() -> tuple[ModelVersion, Model] | None:
    """The version in force and its meaning; None before the first is published. One query."""
    version = ModelVersion.objects.published()
    return (version, model_of(version)) if version else None


def model_of(version: ModelVersion) -> Model:
    """A draft is read afresh each time; a published version never changes, so once is enough."""
    return _load(version) if version.is_draft else _frozen(version.pk)


@lru_cache(maxsize=32)
def _frozen(version_id: int) -> Model:
    return _load(ModelVersion.objects.get(pk=version_id))


def _load(version: ModelVersion) -> Model:
    return Model(
        version=version.number,
        threshold=version.threshold,
        fit_floor=version.fit_floor,
        margin=version.margin,
        fit_cuts=(version.fit_a, version.fit_b, version.fit_c),
        engagement_cuts=(version.engagement_1, version.engagement_2, version.engagement_3),
        groups=tuple(_group(row) for row in version.groups.all()),
        rules=tuple(rule_of(row) for row in version.rules.select_related("group")),
    )


def _group(row: RuleGroup) -> Group:
    return Group(key=row.key, name=row.name, axis=row.axis, minimum=row.minimum, maximum=row.maximum)


def rule_of(row: RuleRow) -> Rule:
    """Hours and days of the admin become the seconds of the language."""
    return Rule(
        key=row.key,
        name=row.name,
        group=row.group.key if row.group_id else "",
        subject=row.subject,
        effect=row.effect,
        points=row.points,
        conditions=tuple(condition_of(item) for item in row.conditions),
        enabled=row.enabled,
        activity=row.activity,
        aggregate=row.aggregate,
        distinct_by=row.distinct_by,
        window_seconds=row.window_hours * HOUR if row.window_hours is not None else None,
        mode=row.mode,
        n=row.n,
        decay=row.decay,
        decay_seconds=(row.decay_days or 0) * DAY,
        cap=row.cap,
    )


def condition_of(item: dict[str, Any]) -> Condition:
    """Raises TypeError or KeyError for anything that is not {"field", "op", "value"}."""
    value = item.get("value")
    return Condition(
        field=item["field"], op=item["op"], value=tuple(value) if isinstance(value, list) else value
    )


def fingerprint(version: ModelVersion) -> str:
    """Of everything a score depends on, and of the names people read: equal for equal content, whatever its number."""
    version = ModelVersion.objects.get(pk=version.pk)
    settings = {name: getattr(version, name) for name in DEFINITION if name != "number"}
    groups = list(version.groups.order_by("key").values(*_content(RuleGroup)))
    rules = list(version.rules.order_by("key").values("group__key", *_content(RuleRow)))
    content = json.dumps([settings, groups, rules], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _content(model: type[RuleGroup | RuleRow]) -> list[str]:
    return [
        field.name for field in model._meta.concrete_fields if field.name not in ("id", "version", "group")
    ]
