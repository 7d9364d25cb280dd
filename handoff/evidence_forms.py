"""The form of budget, authority, need and timing: four times the same questions, and only what is new is saved."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone

from handoff.bant import LETTERS, newest
from handoff.models import BantEvidence
from leads.models import Lead

Letter, Standing, Source = BantEvidence.Letter, BantEvidence.Standing, BantEvidence.Source
PARTS = ("standing", "value", "said_by", "said_on", "source")
NEEDS_VALUE = (Standing.YES, Standing.PARTLY)


class EvidenceForm(forms.Form):
    """Knows what the page showed: a letter somebody else changed meanwhile is refused once, then replaced knowingly."""

    def __init__(self, data: Any = None, *, lead: Lead) -> None:
        self.current = newest(BantEvidence.objects.of_lead(lead.pk).select_related("recorded_by")[:40])
        super().__init__(data.copy() if data is not None else None, initial=self._initial())
        for letter in LETTERS:
            self.fields |= {f"{letter}_{name}": field for name, field in _fields().items()}

    @property
    def letters(self) -> list[tuple[str, dict[str, list[forms.BoundField]]]]:
        return [
            (
                str(Letter(letter).label),
                {
                    "hidden": [self[f"{letter}_seen"]],
                    "shown": [self[f"{letter}_{part}"] for part in PARTS],
                },
            )
            for letter in LETTERS
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        self.said: dict[str, dict[str, Any]] = {}
        for letter in LETTERS:
            said = {part: cleaned.get(f"{letter}_{part}") for part in PARTS}
            if self._changed(letter, said):
                self._check(letter, said)
        return cleaned

    def _changed(self, letter: str, said: dict[str, Any]) -> bool:
        """Against what the page showed, so that a colleague's newer word is no change of ours."""
        shown = BantEvidence.objects.filter(pk=self.cleaned_data.get(f"{letter}_seen") or 0).first()
        before = shown or BantEvidence(letter=letter, standing=Standing.UNKNOWN)
        return any((said[part] or "") != (getattr(before, part) or "") for part in PARTS)

    def _check(self, letter: str, said: dict[str, Any]) -> None:
        row, seen = self.current.get(letter), self.cleaned_data.get(f"{letter}_seen") or 0
        if row is not None and row.pk != seen:
            self.data[f"{letter}_seen"] = row.pk  # type: ignore[index]
            words = f"{row.recorded_by or 'Somebody'} wrote “{row.value or row.get_standing_display()}” meanwhile."
            self.add_error(f"{letter}_value", f"{words} Save again to replace it.")
        elif said["standing"] in NEEDS_VALUE and not said["value"]:
            self.add_error(f"{letter}_value", "Say what you know: it is the evidence.")
        else:
            self.said[letter] = said

    def _initial(self) -> dict[str, Any]:
        initial: dict[str, Any] = {f"{letter}_standing": Standing.UNKNOWN for letter in LETTERS}
        for letter, row in self.current.items():
            initial |= {f"{letter}_{part}": getattr(row, part) for part in PARTS}
            initial[f"{letter}_seen"] = row.pk
        return initial


def _fields() -> dict[str, forms.Field]:
    value = BantEvidence._meta.get_field("value").max_length
    day = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return {
        "seen": forms.IntegerField(required=False, widget=forms.HiddenInput, max_value=2**62),
        "standing": forms.ChoiceField(label="Standing", choices=Standing.choices),
        "value": forms.CharField(label="What we know", required=False, max_length=value),
        "said_by": forms.CharField(label="Who said it", required=False, max_length=150),
        "said_on": forms.DateField(label="When", required=False, widget=day, validators=[not_in_future]),
        "source": forms.ChoiceField(
            label="Where", required=False, choices=[("", "Not known"), *Source.choices]
        ),
    }


def not_in_future(day: Any) -> None:
    if day > timezone.localdate():
        raise forms.ValidationError("This day has not come yet. Say when it was said.")
