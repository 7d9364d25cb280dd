"""What the template of a public form needs to know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import HttpRequest

from accounts.models import Organisation
from leads.form_questions import EMAIL, PHONE, Definition, Question, asked, words
from leads.form_words import SAID
from leads.merging import COMPANY
from leads.models import FormVersion, Lead, Topic
from leads.questions import most_telling

KNOWN_FOR = 180 * 86_400  # seconds that a browser is recognised
AUTOCOMPLETE = {
    "email": "email",
    "name": "name",
    "first_name": "given-name",
    "last_name": "family-name",
    "phone": "tel",
    "title": "organization-title",
    "company": "organization",
    "country": "country-name",
    "city": "address-level2",
}


def known_values(lead: Lead | None, names: Sequence[str]) -> dict[str, Any]:
    """What we know already of these fields."""
    if lead is None:
        return {}
    found: dict[str, Any] = {}
    for name in names:
        if name.startswith("custom."):
            found[name] = lead.custom.get(name.removeprefix("custom."))
        elif name in COMPANY:
            found[name] = getattr(lead.company, COMPANY[name]) if lead.company else None
        else:
            found[name] = getattr(lead, name, None)
    return found


def page_context(
    request: HttpRequest,
    version: FormVersion,
    language: str,
    *,
    embedded: bool = False,
    known: Lead | None = None,
    shown: Sequence[str] | None = None,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
    ticked: set[int] | None = None,
) -> dict[str, Any]:
    definition, said = Definition.from_data(version.definition), SAID[language]
    questions = _questions(definition, known, shown)
    return {
        "definition": definition,
        "said": said,
        "language": language,
        "embedded": embedded,
        "base": "leads/forms/bare.html" if embedded else "public.html",
        "organisation": Organisation.current(),
        "known": known if known and known.email else None,
        "questions": [_shown(one, language, typed or {}, errors or {}) for one in questions],
        "wrong": [
            _shown(one, language, {}, errors or {}) for one in questions if errors and one.name in errors
        ],
        "topics": _topics(definition, ticked or set()),
        "confirms": any(topic["confirm"] for topic in _topics(definition, set())),
        **{
            name: words(getattr(definition, name), language)
            for name in ("title", "kicker", "intro", "button", "thanks", "consent")
        },
        "points": [line for line in words(definition.points, language).splitlines() if line.strip()],
    }


def _questions(definition: Definition, known: Lead | None, shown: Sequence[str] | None) -> list[Question]:
    if shown is not None:
        return [one for one in definition.questions if one.name in shown]
    names = [one.name for one in definition.questions]
    values = known_values(known, names)
    unknown = [one.name for one in definition.questions if one.ask == "next"]
    return asked(definition, values, most_telling(unknown, values) if unknown else [])


def _shown(
    one: Question, language: str, typed: Mapping[str, str], errors: Mapping[str, str]
) -> dict[str, Any]:
    why = errors.get(one.name, "")
    return {
        "name": one.name,
        "id": one.id,
        "kind": one.kind,
        "input": {EMAIL: "email", PHONE: "tel"}.get(one.kind, "text"),
        "label": words(one.label, language),
        "help": words(one.help, language),
        "required": one.required,
        "choices": one.choices,
        "value": typed.get(one.name, one.value),
        "autocomplete": AUTOCOMPLETE.get(one.name, ""),
        "error": SAID[language].get(why, ""),
    }


def _topics(definition: Definition, ticked: set[int]) -> list[dict[str, Any]]:
    rows = Topic.objects.filter(pk__in=definition.topics)
    return [
        {"pk": t.pk, "name": t.name, "words": t.description, "confirm": t.confirm, "ticked": t.pk in ticked}
        for t in rows
    ]
