"""What people type about campaigns, steps and segments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models.functions import Lower
from django.http import QueryDict

from leads.fields import Field
from nurturing import segments
from nurturing.models import Campaign, Segment
from nurturing.segments import vocabulary
from nurturing.sending_forms import SENDING, SendingForm

MOST_CONDITIONS = 20


class CampaignForm(SendingForm):
    class Meta:
        model = Campaign
        fields = ("name", "segment", "topic", "goal", "cool_down_days", "doubt_policy", *SENDING)
        labels = SendingForm.Meta.labels | {
            "cool_down_days": "Rest for recycled leads, in days",
            "doubt_policy": "When nobody knows whether a mail arrived",
        }
        help_texts = {
            "segment": "Who is taken in, as long as the campaign runs.",
            "topic": "What its mails are about. Whoever refused that topic gets none of them.",
            "goal": "Whoever reaches it leaves the campaign.",
            "doubt_policy": (
                "The line may break at the very moment a mail is handed over. Tandem waits for a report first."
            ),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["doubt_policy"].required = False  # whoever leaves it out keeps what is

    def clean_doubt_policy(self) -> str:
        return self.cleaned_data["doubt_policy"] or self.instance.doubt_policy

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip()
        return _unused(name, Campaign.objects.exclude(pk=self.instance.pk), "campaign")


@dataclass
class Row:
    """One condition as typed."""

    field: str = ""
    op: str = "is"
    value: str = ""
    error: str = ""

    @property
    def blank(self) -> bool:
        return not self.field and not self.value.strip()


class SegmentForm(forms.Form):
    """A name and rows of conditions; rows can be added and removed without JavaScript."""

    name = forms.CharField(max_length=150)

    def __init__(self, data: QueryDict | None = None, *, segment: Segment | None = None) -> None:
        super().__init__(data, initial={"name": segment.name} if segment else None)
        self.segment = segment
        self.known: Mapping[str, Field] = segments.registry()
        self.rows = _typed_rows(data) if data is not None else _rows_of(segment)
        self.conditions: list[dict[str, Any]] = []

    def add_row(self) -> None:
        if len(self.rows) < MOST_CONDITIONS:
            self.rows.append(Row())

    def remove_row(self, number: int) -> None:
        del self.rows[number : number + 1]
        self.rows = self.rows or [Row()]

    def clean_name(self) -> str:
        others = Segment.objects.exclude(pk=self.segment.pk) if self.segment else Segment.objects.all()
        return _unused(self.cleaned_data["name"].strip(), others, "segment")

    def read_rows(self) -> bool:
        """Fills `conditions`; False when a row cannot be understood, and the row says why."""
        self.conditions = []
        for row in self.rows:
            if not row.blank:
                self._read(row)
        return not any(row.error for row in self.rows)

    def clean(self) -> dict[str, Any]:
        if not self.read_rows():
            raise forms.ValidationError("A condition cannot be understood.")
        if not self.conditions:
            raise forms.ValidationError("A segment needs at least one condition.")
        return self.cleaned_data

    def _read(self, row: Row) -> None:
        field = self.known.get(row.field)
        if field is None:
            row.error = "Choose a field."
            return
        try:
            value = vocabulary.read(field, row.op, row.value)
        except segments.BadDefinition as error:
            row.error = str(error)
        else:
            self.conditions.append({"field": row.field, "op": row.op, "value": value})


def _unused(name: str, others: Any, what: str) -> str:
    if others.annotate(lower=Lower("name")).filter(lower=name.lower()).exists():
        raise forms.ValidationError(f"Another {what} has this name.")
    return name


def _typed_rows(data: QueryDict) -> list[Row]:
    names, ops, values = (data.getlist(key)[:MOST_CONDITIONS] for key in ("field", "op", "value"))
    rows = [Row(*(part[:1000] for part in parts)) for parts in zip(names, ops, values, strict=False)]
    return rows or [Row()]


def _rows_of(segment: Segment | None) -> list[Row]:
    if segment is None or not segment.conditions:
        return [Row()]
    return [Row(row["field"], row["op"], vocabulary.written(row.get("value"))) for row in segment.conditions]
