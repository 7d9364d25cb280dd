"""Verbs about forms: written as a draft, put in force as a version that never changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import User
from leads.fields import all_fields
from leads.form_questions import Definition, Problem, problems
from leads.importing.mapping import COMPANY_TARGETS, PERSON_TARGETS
from leads.models import Asset, CaptureForm, CustomField, FormVersion

FIRST = {
    "button": {"en": "Send", "de": "Senden"},
    "questions": [
        {
            "name": "email",
            "kind": "email",
            "required": True,
            "label": {"en": "Work e-mail", "de": "Geschäftliche E-Mail"},
        }
    ],
}


class AddressTaken(ValueError):
    """Another form has this address already."""


class CannotPublish(ValueError):
    """`problems` says what is wrong with the draft."""

    def __init__(self, found: Iterable[Problem]) -> None:
        self.problems = list(found)
        super().__init__(" ".join(problem.words for problem in self.problems))


def known_fields() -> dict[str, str]:
    """{key: label} of what an answer may fill."""
    named = {**PERSON_TARGETS, **COMPANY_TARGETS}
    own = {key: field.label for key, field in all_fields().items() if key.startswith("custom.")}
    return {key: label for key, label in named.items() if key != "external_id"} | own


def custom_types() -> dict[str, str]:
    return dict(CustomField.objects.values_list("key", "type"))


def draft_problems(definition: Definition) -> list[Problem]:
    """Why it cannot be published."""
    return problems(definition, known_fields(), custom_types())


def create_form(*, name: str, slug: str, actor: User | None) -> CaptureForm:
    """With one question, the address. Raises AddressTaken."""
    draft = Definition.from_data({**FIRST, "title": {"en": name}}).to_data()
    try:
        with transaction.atomic():
            return CaptureForm.objects.create(name=name, slug=slug, draft=draft, created_by=actor)
    except IntegrityError as error:
        raise AddressTaken(f"There is a form at /f/{slug}/ already. Choose another address.") from error


@transaction.atomic
def save_draft(*, form: CaptureForm, name: str, definition: Definition) -> None:
    """Visitors go on seeing the version in force."""
    form.name, form.draft = name, definition.to_data()
    form.save(update_fields=["name", "draft"])


@transaction.atomic
def publish_form(*, form: CaptureForm, actor: User | None) -> FormVersion:
    """Raises CannotPublish. Published twice without a change, it is one version."""
    locked = CaptureForm.objects.select_for_update().get(pk=form.pk)
    definition = Definition.from_data(locked.draft)
    found = draft_problems(definition)
    if found:
        raise CannotPublish(found)
    before = version_in_force(locked)
    if before and before.definition == definition.to_data():
        return before
    locked.published += 1
    locked.save(update_fields=["published"])
    form.published = locked.published
    return FormVersion.objects.create(
        form=locked, number=locked.published, definition=definition.to_data(), by=actor
    )


def set_open(*, form: CaptureForm, is_open: bool) -> bool:
    """A closed form says so and takes nothing. True when it changed."""
    changed = CaptureForm.objects.filter(pk=form.pk).exclude(open=is_open).update(open=is_open)
    form.open = is_open
    return bool(changed)


def version_in_force(form: CaptureForm) -> FormVersion | None:
    return form.versions.filter(number=form.published).first() if form.published else None


def create_asset(*, values: dict[str, Any]) -> Asset:
    return Asset.objects.create(**values)
