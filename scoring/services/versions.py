"""Drafts and publishing. One version is in force; a published one never changes again."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.db.models import Max
from django.db.models.functions import Now

from leads.events import publish as announce
from leads.fields import all_fields
from scoring import defaults
from scoring.definition import model_of
from scoring.events import ModelPublished
from scoring.language import Model
from scoring.models import ModelVersion, Publication, Rule, RuleGroup
from scoring.services import approvals
from scoring.validation import Problem, no_such_field, problems

State = ModelVersion.State
Mode = Publication.Mode


class CannotPublish(ValueError):
    """The draft has problems; `problems` names each rule and what is wrong with it."""

    def __init__(self, found: list[Problem]) -> None:
        self.problems = found
        super().__init__(" ".join(_words(problem) for problem in found))


class NotADraft(ValueError):
    """A published version is cloned, not edited."""


class CannotRollBack(ValueError):
    """Only what was in force before can come back."""


def _words(problem: Problem) -> str:
    return f"Rule “{problem.rule_key}”: {problem.message}" if problem.rule_key else problem.message


@transaction.atomic
def create_draft(*, actor: Any = None, source: ModelVersion | None = None, note: str = "") -> ModelVersion:
    """A draft with the rules of `source`, or of the version in force; empty when there is none."""
    source = source or ModelVersion.objects.published()
    number = (ModelVersion.objects.aggregate(last=Max("number"))["last"] or 0) + 1
    draft = ModelVersion(number=number, created_by=actor, note=note)
    if source is not None:
        for field in _settings():
            setattr(draft, field, getattr(source, field))
    draft.save()
    if source is not None:
        _copy_rules(source, draft)
    return draft


def _settings() -> list[str]:
    kept = {"id", "number", "state", "note", "created_by", "created_at", "published_by", "published_at"}
    return [field.name for field in ModelVersion._meta.concrete_fields if field.name not in kept]


def _copy_rules(source: ModelVersion, draft: ModelVersion) -> None:
    groups = {}
    for group in source.groups.all():
        old = group.pk
        group.pk, group.version = None, draft
        group.save()
        groups[old] = group
    for rule in source.rules.all():
        rule.group = groups[rule.group_id]
        rule.pk, rule.version = None, draft
        rule.save()


@transaction.atomic
def set_line(*, version: ModelVersion, line: int) -> None:
    """The points at which a lead qualifies under this draft. Raises NotADraft."""
    draft = ModelVersion.objects.select_for_update().get(pk=version.pk)
    if not draft.is_draft:
        raise NotADraft(f"Version {draft.number} was published. Make a draft from it and change that.")
    draft.threshold = line
    draft.save(update_fields=["threshold"])


def check(version: ModelVersion) -> list[Problem]:
    """What keeps this draft from being published, in words; a condition that cannot be read is a problem too."""
    unreadable = [
        Problem(rule.key, "conditions", "the conditions cannot be read.")
        for rule in version.rules.all()
        if not _readable(rule)
    ]
    if unreadable:
        return unreadable
    model = model_of(version)
    return problems(model) + unknown_fields(model)


def unknown_fields(model: Model) -> list[Problem]:
    """Conditions on who a lead is that name no field there is."""
    asked = [(rule, item) for rule in model.rules if rule.subject == "fit" for item in rule.conditions]
    known = all_fields() if asked else {}
    return [
        Problem(rule.key, "conditions", f"Condition on “{item.field}”: {no_such_field(item.field, known)}")
        for rule, item in asked
        if item.field and item.field not in known
    ]


def _readable(rule: Rule) -> bool:
    items = rule.conditions
    return isinstance(items, list) and all(
        isinstance(item, dict) and {"field", "op"} <= set(item) for item in items
    )


@transaction.atomic
def publish(
    *, version: ModelVersion, actor: Any = None, mode: str = Mode.FIRE, per_hour: int | None = None
) -> ModelVersion:
    """Puts a draft in force, retires the one before, and has leads follow as `mode` says.

    Raises NotADraft, CannotPublish naming each broken rule, or NotApproved; nothing changes then.
    """
    version = locked(version)
    approvals.demand(version)
    return put_in_force(version=version, actor=actor, mode=mode, per_hour=per_hour)


@transaction.atomic
def roll_back(
    *, to: ModelVersion, actor: Any = None, mode: str = Mode.FIRE, per_hour: int | None = None
) -> ModelVersion:
    """An older version comes back as a new one. It was agreed on before, so it waits for nobody.

    Raises CannotRollBack for what was never in force or is, and CannotPublish.
    """
    if to.state != State.RETIRED:
        raise CannotRollBack("Only a version that was in force before, and is not now, can come back.")
    draft = create_draft(actor=actor, source=to, note=f"Back to version {to.number}.")
    return put_in_force(version=locked(draft), actor=actor, mode=mode, per_hour=per_hour)


def locked(version: ModelVersion) -> ModelVersion:
    """The draft as it stands, held against edits until the transaction ends. Raises NotADraft, CannotPublish."""
    version = ModelVersion.objects.select_for_update().get(pk=version.pk)
    if not version.is_draft:
        raise NotADraft(f"Version {version.number} was published before. Make a draft from it instead.")
    found = check(version)
    if found:
        raise CannotPublish(found)
    return version


def put_in_force(
    *, version: ModelVersion, actor: Any, mode: str, per_hour: int | None, plan: Publication | None = None
) -> ModelVersion:
    """The act itself, of a version that `locked` gave; `plan` is the schedule that asked for it."""
    with connection.cursor() as cursor:  # the second of two at once must see the first, or two were in force
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('scoring_modelversion in force'))")
    ModelVersion.objects.filter(state=State.PUBLISHED).update(state=State.RETIRED)
    ModelVersion.objects.filter(pk=version.pk).update(
        state=State.PUBLISHED, published_by_id=getattr(actor, "pk", None), published_at=Now()
    )
    version.refresh_from_db()
    if plan is None:
        _cancel_plans(version, actor)
        now: Any = version.published_at
        plan = Publication(
            version=version,
            mode=mode,
            per_hour=per_hour,
            requested_by=actor,
            requested_at=now,
            due_at=now,
        )
    plan.state, plan.settled_at, plan.settled_by = Publication.State.DONE, version.published_at, actor
    plan.save()
    announce(ModelPublished(version_id=version.pk))
    return version


def _cancel_plans(version: ModelVersion, actor: Any) -> None:
    Publication.objects.waiting().filter(version=version).update(
        state=Publication.State.CANCELLED,
        settled_at=Now(),
        settled_by_id=getattr(actor, "pk", None),
        words="Published before its time came.",
    )


@transaction.atomic
def create_from(
    *, groups: list[dict[str, Any]], rules: list[dict[str, Any]], note: str, **settings: Any
) -> ModelVersion:
    """A draft from plain data, as scoring.defaults holds it. Raises KeyError for a rule of an unknown group."""
    draft = create_draft(note=note)
    draft.rules.all().delete()
    draft.groups.all().delete()
    ModelVersion.objects.filter(pk=draft.pk).update(**settings)
    made = {
        item["key"]: RuleGroup.objects.create(version=draft, position=position, **item)
        for position, item in enumerate(groups)
    }
    Rule.objects.bulk_create(
        Rule(version=draft, position=position, **{**item, "group": made[item["group"]]})
        for position, item in enumerate(rules)
    )
    draft.refresh_from_db()
    return draft


def create_usual(*, actor: Any = None) -> ModelVersion:
    """A draft of the usual definition of the field, for those who have none yet."""
    note = "The usual definition of the field, as a start."
    return create_from(
        groups=defaults.GROUPS, rules=defaults.RULES, note=note, created_by=actor, **defaults.SETTINGS
    )
