"""What the forms of all kinds share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from django import forms

from nurturing.kinds import LONGEST_WAIT, Surroundings

UNITS = {"minutes": 1, "hours": 60, "days": 1440, "weeks": 10080}
Choices = list[tuple[Any, str]]


class StepForm(forms.Form):
    template: ClassVar[str] = "nurturing/steps/_plain.html"
    note: ClassVar[str] = ""  # one sentence below the fields
    seen = ""  # token of the settings that this form was filled from

    def __init__(
        self, data: Any = None, *, settings: Mapping[str, Any] | None = None, around: Surroundings
    ) -> None:
        self.around = around
        kept = dict(settings or {})
        super().__init__(data, initial=self.showing(kept))
        self.prepare(kept)

    def showing(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The first values of the fields."""
        return dict(settings)

    def prepare(self, settings: Mapping[str, Any]) -> None:
        """Choices that depend on what there is."""

    @property
    def settings(self) -> dict[str, Any]:
        return dict(self.cleaned_data)

    def need(self, name: str, words: str) -> Any:
        """The value of a field that is needed only sometimes."""
        value = self.cleaned_data.get(name)
        if value in (None, "", []) and name not in self.errors:
            self.add_error(name, words)
        return value


def choosing(first: str, known: Mapping[Any, str] | Iterable[tuple[Any, str]]) -> Choices:
    """Choices with an empty one on top that says what to choose."""
    pairs = known.items() if isinstance(known, Mapping) else known
    return [("", first), *((key, words or "no subject yet") for key, words in pairs)]


def amount_field(label: str) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=0, max_value=1000, required=False)


def unit_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label="Unit", choices=[(unit, unit) for unit in UNITS], initial="days", required=False
    )


def as_length(minutes: Any) -> dict[str, Any]:
    """{"amount", "unit"}: in the largest unit that fits evenly."""
    if not isinstance(minutes, int) or minutes < 1:
        return {"amount": None, "unit": "days"}
    unit = next(name for name in reversed(UNITS) if minutes % UNITS[name] == 0)
    return {"amount": minutes // UNITS[unit], "unit": unit}


def minutes_of(form: StepForm) -> int:
    values = form.cleaned_data
    minutes = (values.get("amount") or 0) * UNITS[values.get("unit") or "days"]
    if minutes > LONGEST_WAIT and "amount" not in form.errors:
        form.add_error("amount", "Wait two years at most.")
    return minutes
