"""The form of one rule: plain fields, and conditions as rows of field, operator and value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms

from leads.kinds import KINDS
from scoring.definition import model_of, rule_of
from scoring.models import Rule
from scoring.services.versions import unknown_fields
from scoring.validation import Problem, problems

BLANK_ROWS = 2
OP_WORDS = {
    "": "",
    "is": "is",
    "is_not": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "contains_word": "contains a word of",
    "starts_with": "starts with one of",
    "at_least": "is at least",
    "at_most": "is at most",
    "between": "is between",
    "known": "is known",
    "unknown": "is not known",
}
LISTS = {"in", "not_in", "contains_word", "starts_with"}
NUMBERS = {"at_least", "at_most", "between"}
NO_VALUE = {"known", "unknown"}
INPUTS = {"window_seconds": "window_hours", "decay_seconds": "decay_days"}  # the admin counts in larger units


class ConditionRows(forms.Widget):
    """Rows of three inputs; two blank rows wait below, and more come with every save."""

    template_name = "scoring/condition_rows.html"

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = [_as_text(item) for item in value or []]
        context["rows"] = [*rows, *([{"field": "", "op": "", "text": ""}] * BLANK_ROWS)]
        context["ops"] = list(OP_WORDS.items())
        return context

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[dict[str, Any]]:
        columns = [data.getlist(f"{name}_{part}") for part in ("field", "op", "value")]
        rows = [tuple(text.strip() for text in row) for row in zip(*columns, strict=False)]
        return [_as_condition(*row) for row in rows if any(row)]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}_field" not in data


class ConditionsField(forms.Field):
    """A list of {"field", "op", "value"}; says which row is incomplete."""

    widget = ConditionRows

    def clean(self, value: Any) -> list[dict[str, Any]]:
        for number, item in enumerate(value or [], start=1):
            if "\x00" in item["field"] + _as_text(item)["text"]:  # PostgreSQL keeps no such character
                raise forms.ValidationError(f"Condition {number} holds a character that cannot be stored.")
            if not item["field"] or item["op"] not in OP_WORDS or not item["op"]:
                raise forms.ValidationError(f"Condition {number}: choose a field and how it is compared.")
            if item["op"] not in NO_VALUE and item["value"] in ("", None, []):
                raise forms.ValidationError(f"Condition {number}: say what {item['field']} is compared with.")
        return value or []

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != (data or [])


def _as_condition(field: str, op: str, text: str) -> dict[str, Any]:
    if op in NO_VALUE:
        return {"field": field, "op": op, "value": None}
    parts = [_number(part) if op in NUMBERS else part for part in _split(text)]
    if op in LISTS or op == "between":
        return {"field": field, "op": op, "value": parts}
    return {"field": field, "op": op, "value": (parts[0] if op in NUMBERS and parts else text)}


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _number(text: str) -> Any:
    """A number where it is one; anything else stays text and is refused by the validation in words."""
    try:
        return int(text) if "." not in text else float(text)
    except ValueError:
        return text


def _as_text(item: dict[str, Any]) -> dict[str, str]:
    value = item.get("value")
    text = (
        ", ".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
    )
    return {"field": item.get("field", ""), "op": item.get("op", ""), "text": text}


class RuleForm(forms.ModelForm):
    """Refuses, in words, what could not be published; everything typed stays in the form."""

    conditions = ConditionsField(
        required=False,
        help_text="All must hold. Several values are separated by commas. Clear a row to remove it.",
    )

    class Meta:
        model = Rule
        fields = (
            *(
                "version",
                "group",
                "key",
                "name",
                "subject",
                "effect",
                "points",
                "conditions",
                "enabled",
                "position",
            ),
            *(
                "activity",
                "aggregate",
                "distinct_by",
                "window_hours",
                "mode",
                "n",
                "decay",
                "decay_days",
                "cap",
            ),
        )
        widgets = {"activity": forms.TextInput(attrs={"list": "activity-kinds"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "activity" in self.fields:
            self.fields["activity"].help_text = f"One of {', '.join(KINDS)}, or custom:name."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if self.errors or not cleaned.get("group"):
            return cleaned
        for problem in self._problems(cleaned):
            field = INPUTS.get(problem.field, problem.field)
            self.add_error(field if field in self.fields else None, problem.message)
        return cleaned

    def _problems(self, cleaned: dict[str, Any]) -> list[Problem]:
        """Of this rule alone, within the groups of its draft."""
        rule = rule_of(self.instance_with(cleaned))
        alone = replace(model_of(cleaned["group"].version), rules=(rule,))
        found = [*problems(alone), *unknown_fields(alone)]
        return [problem for problem in found if problem.rule_key == rule.key]

    def instance_with(self, cleaned: dict[str, Any]) -> Rule:
        """The rule as it would be saved, so that a sentence can be read before it is."""
        known = {field.name for field in Rule._meta.concrete_fields}
        return Rule(**{name: value for name, value in cleaned.items() if name in known and name != "id"})


class ReviewForm(forms.Form):
    """The definition was looked at and stays; which version somebody read comes with it."""

    number = forms.IntegerField(widget=forms.HiddenInput, required=True)
    note = forms.CharField(
        label="What was looked at",
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": "Say in a sentence what you looked at and why it stays."},
    )
