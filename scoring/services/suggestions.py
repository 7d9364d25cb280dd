"""A suggestion becomes a draft: the version in force with this one change, its measure as the reason."""

from __future__ import annotations

from dataclasses import fields as parts_of
from typing import Any

from django.db import transaction
from django.db.models.functions import Now

from scoring.definition import HOUR, model_of
from scoring.health.learning import card_model
from scoring.health.wording import note_of
from scoring.language import DAY, Condition, Group, Model
from scoring.language import Rule as RuleData
from scoring.models import Backtest, ModelVersion, Rule, RuleGroup, Suggestion
from scoring.services.backtests import start_backtest
from scoring.services.versions import check, create_draft

Kind = Suggestion.Kind
RIPE = {"sql": 30, "won": 180}  # days after which an MQL is judged


class OutOfDate(ValueError):
    """Another version is in force now, so the measure no longer says anything."""


@transaction.atomic
def open_as_draft(*, suggestion: Suggestion, actor: Any) -> ModelVersion:
    """The draft with this change. Pressed twice, it is the same draft. Raises OutOfDate."""
    suggestion = (
        Suggestion.objects.select_for_update(of=("self",)).select_related("report").get(pk=suggestion.pk)
    )
    if suggestion.draft is not None:
        return suggestion.draft
    source = ModelVersion.objects.published()
    if source is None or source.pk != suggestion.report.version_id:
        raise OutOfDate("Another version is in force now. Have the rules looked over again, and choose then.")
    draft = create_draft(actor=actor, source=source, note=note_of(suggestion.words, suggestion.measure))
    _change(suggestion, draft, model_of(source))
    Suggestion.objects.filter(pk=suggestion.pk).update(draft=draft, opened_by=actor, opened_at=Now())
    draft.refresh_from_db()
    _try_out(suggestion, draft, source, actor)
    return draft


def _try_out(suggestion: Suggestion, draft: ModelVersion, source: ModelVersion, actor: Any) -> None:
    """Its backtest beside the version in force. What still has a problem is tried once that is mended."""
    if not check(draft):
        outcome = suggestion.measure.get("outcome", Backtest.Outcome.SQL)
        start_backtest(
            version=draft,
            actor=actor,
            against=source,
            outcome=outcome,
            maturity_days=RIPE[outcome],
        )


def _change(suggestion: Suggestion, draft: ModelVersion, model: Model) -> None:
    change = suggestion.change
    if suggestion.kind == Kind.CARD:
        _become(
            draft, card_model(model, [RuleData.from_data(item) for item in change["rules"]], change["line"])
        )
        return
    rule = RuleData.from_data(change["rule"])
    if suggestion.kind == Kind.ADD:
        _add(draft, rule)
        return
    row = draft.rules.get(key=rule.key)
    row.points, row.enabled = rule.points, rule.enabled
    row.save()


def _become(draft: ModelVersion, model: Model) -> None:
    """The draft has the line, the groups and the rules of `model`. What both have stays as it is."""
    draft.rules.filter(effect=Rule.Effect.POINTS).delete()
    for position, group in enumerate(model.groups):
        RuleGroup.objects.update_or_create(version=draft, key=group.key, defaults=_group_row(group, position))
    draft.groups.exclude(key__in=[group.key for group in model.groups]).delete()
    draft.threshold, draft.fit_floor = model.threshold, model.fit_floor
    draft.fit_a, draft.fit_b, draft.fit_c = model.fit_cuts
    draft.engagement_1, draft.engagement_2, draft.engagement_3 = model.engagement_cuts
    draft.save()
    own = set(draft.rules.values_list("key", flat=True))
    for rule in model.rules:
        if rule.key not in own:
            _add(draft, rule)


def _group_row(group: Group, position: int) -> dict[str, Any]:
    return {f.name: getattr(group, f.name) for f in parts_of(group) if f.name != "key"} | {
        "position": position
    }


def _add(draft: ModelVersion, rule: RuleData) -> Rule:
    home = draft.groups.get(key=rule.group)
    last = draft.rules.filter(group=home).order_by("-position").values_list("position", flat=True).first()
    same = ("key", "name", "subject", "effect", "points", "enabled", "activity", "aggregate", "distinct_by")
    return Rule.objects.create(
        version=draft,
        group=home,
        position=(last or 0) + 1,
        conditions=[_condition_row(condition) for condition in rule.conditions],
        window_hours=None if rule.window_seconds is None else rule.window_seconds // HOUR,
        decay_days=rule.decay_seconds // DAY or None,
        mode=rule.mode,
        n=rule.n,
        decay=rule.decay,
        cap=rule.cap,
        **{name: getattr(rule, name) for name in same},
    )


def _condition_row(condition: Condition) -> dict[str, Any]:
    return condition.to_data()
