"""Rules of a draft as rows: their order, and copies of them."""

from __future__ import annotations

from django.db import transaction

from scoring.models import ModelVersion, Rule
from scoring.services.versions import NotADraft


@transaction.atomic
def move_rule(*, rule: Rule, up: bool) -> bool:
    """One place within its group. False at the end of it. Raises NotADraft."""
    _of_draft(rule)
    rows = list(Rule.objects.filter(group=rule.group_id).order_by("position", "pk"))
    at = [row.pk for row in rows].index(rule.pk)
    to = at - 1 if up else at + 1
    if not 0 <= to < len(rows):
        return False
    rows[at], rows[to] = rows[to], rows[at]
    _number(rows)
    return True


@transaction.atomic
def place_rule(*, rule: Rule, at: Rule) -> bool:
    """To the place of another rule of its group; those between them make room. False elsewhere. Raises NotADraft."""
    _of_draft(rule)
    rows = list(Rule.objects.filter(group=rule.group_id).order_by("position", "pk"))
    places = [row.pk for row in rows]
    if at.pk not in places:
        return False
    to = places.index(at.pk)
    rows.insert(to, rows.pop(places.index(rule.pk)))
    _number(rows)
    return True


@transaction.atomic
def clone_rule(*, rule: Rule) -> Rule:
    """A copy below it, switched off, so that nothing counts twice unseen. Raises NotADraft."""
    _of_draft(rule)
    rows = list(Rule.objects.filter(group=rule.group_id).order_by("position", "pk"))
    copy = Rule.objects.get(pk=rule.pk)
    copy.pk, copy.enabled = None, False
    copy.key, copy.name = _free_key(rule), f"{rule.name[:140]} (copy)"
    copy.save()
    at = [row.pk for row in rows].index(rule.pk) + 1
    _number([*rows[:at], copy, *rows[at:]])
    return copy


def _of_draft(rule: Rule) -> None:
    """Held until the end, so that two who sort at once do not mix."""
    version = ModelVersion.objects.select_for_update().get(pk=rule.version_id)
    if not version.is_draft:
        raise NotADraft(f"Version {version.number} was published. Make a draft from it and change that.")


def _number(rows: list[Rule]) -> None:
    for position, row in enumerate(rows):
        if row.position != position:
            Rule.objects.filter(pk=row.pk).update(position=position)


def _free_key(rule: Rule) -> str:
    taken = set(Rule.objects.filter(version=rule.version_id).values_list("key", flat=True))
    keys = (f"{rule.key[:50]}-copy{number if number > 1 else ''}" for number in range(1, len(taken) + 2))
    return next(key for key in keys if key not in taken)
