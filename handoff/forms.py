"""What people type about handoffs."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from django import forms
from django.db.models import QuerySet

from accounts.models import User
from handoff.models import Absence, Handoff, RejectReason, RoundRobinSeat
from handoff.services.touches import TouchKind

NOTE = Handoff._meta.get_field("note").max_length
REASON = 200  # characters


def _note(label: str, hint: str) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": 2, "maxlength": NOTE, "placeholder": hint})
    return forms.CharField(label=label, required=False, max_length=NOTE, widget=area)


class OfferForm(forms.Form):
    """Nobody chosen means round robin."""

    rep = forms.ModelChoiceField(
        label="Sales rep", queryset=User.objects.none(), required=False, empty_label="Whose turn it is"
    )
    note = _note("Why now", "What should the rep know before calling?")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rep"].queryset = User.objects.reps().order_by("name", "pk")  # type: ignore[attr-defined]


class TakerField(forms.ModelChoiceField):
    """Reps, each with what speaks against them."""

    objections: Mapping[int, str] = {}

    def label_from_instance(self, rep: Any) -> str:
        words = self.objections.get(rep.pk)
        return f"{rep} ({words})" if words else str(rep)


class TransferForm(forms.Form):
    """To a colleague. A rep who passes a lead on says why; a manager may."""

    rep = TakerField(label="Sales rep", queryset=User.objects.none(), empty_label="Choose a rep")
    note = _note("Reason", "Why them, and what should they know?")

    def __init__(self, data: Any, *, handoff: Handoff, actor: Any, objections: Mapping[int, str]) -> None:
        super().__init__(data)
        taker = cast(TakerField, self.fields["rep"])
        taker.queryset = User.objects.reps().exclude(pk=handoff.rep_id).order_by("name", "pk")
        taker.objections = objections
        note = self.fields["note"]
        note.required = actor.is_rep
        note.error_messages["required"] = "Say why, so that your colleague knows what to do."


class WhyForm(forms.Form):
    reason = forms.CharField(
        label="Reason", max_length=REASON, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )


class ReasonedForm(forms.Form):
    """A reason to choose, and a note that some reasons need: without script the label must be true for each."""

    def __init__(self, *args: Any, only: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        """`only` narrows the reasons."""
        super().__init__(*args, **kwargs)
        choice = cast(forms.ModelChoiceField, self.fields["reason"])
        choice.queryset = reasons = cast(QuerySet, choice.queryset).filter(**(only or {}))
        if reasons.filter(needs_note=True).exists():
            self.fields["note"].help_text = "Some reasons need one; they say so."

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        reason = cleaned.get("reason")
        if reason and (missing := reason.missing(cleaned.get("note", ""))):
            self.add_error("note", missing)
        return cleaned


class RejectForm(ReasonedForm):
    reason = forms.ModelChoiceField(
        queryset=RejectReason.objects.filter(active=True),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={"required": "Choose a reason. It decides what happens next."},
    )
    note = _note("Note", "What did you hear?")

    def __init__(self, data: Any = None, *, follows: str = "") -> None:
        """`follows` leaves only the reasons with that consequence."""
        super().__init__(data, only={"consequence": follows} if follows else None)


class SnoozeForm(forms.Form):
    """In an hour, tomorrow morning, or a time somebody types in their own zone."""

    when = forms.ChoiceField(
        label="Until when", widget=forms.RadioSelect, error_messages={"required": "Choose until when."}
    )
    at = forms.DateTimeField(
        label="Date and time",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        error_messages={"invalid": "Write a date and a time, such as 2026-11-18 09:30."},
    )

    def __init__(self, data: Any, *, now: datetime, morning: datetime) -> None:
        super().__init__(data)
        self.moments = {"hour": now + timedelta(hours=1), "morning": morning}
        self.fields["when"].choices = [(key, key) for key in (*self.moments, "chosen")]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("when") == "chosen" and not cleaned.get("at") and "at" not in self.errors:
            self.add_error("at", "Write the date and the time.")
        return cleaned

    @property
    def until(self) -> datetime:
        moment: datetime = self.moments.get(self.cleaned_data["when"]) or self.cleaned_data["at"]
        return moment


class TouchForm(forms.Form):
    kind = forms.ChoiceField(
        label="What did you do", choices=TouchKind.choices, widget=forms.RadioSelect, initial=TouchKind.CALL
    )
    note = _note("Note", "What did you agree?")
    key = forms.UUIDField(widget=forms.HiddenInput, required=False)

    def __init__(self, data: Any = None) -> None:
        """`key` names this form, so that sending it twice logs one touch."""
        super().__init__(data, initial={"key": uuid.uuid4()})


class MoveForm(forms.Form):
    rep = forms.ModelChoiceField(
        queryset=User.objects.none(), error_messages={"required": "Choose whom the lead goes to."}
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["rep"].queryset = User.objects.reps()  # type: ignore[attr-defined]


class SeatForm(forms.ModelForm):
    class Meta:
        model = RoundRobinSeat
        fields = ("active", "weight", "max_open", "max_today", "calendar")


class AbsenceForm(forms.ModelForm):
    """Times are those of whoever types them."""

    class Meta:
        model = Absence
        fields = ("starts_at", "ends_at", "cover", "most_owed")
        widgets = {
            name: forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
            for name in ("starts_at", "ends_at")
        }

    def __init__(self, *args: Any, rep: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.rep = rep
        others = User.objects.reps().exclude(pk=rep.pk).order_by("name", "pk")
        self.fields["cover"].queryset = others  # type: ignore[attr-defined]
        self.fields["cover"].empty_label = "Nobody"  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        since, until = cleaned.get("starts_at"), cleaned.get("ends_at")
        if since and until and until <= since:
            self.add_error("ends_at", "An absence ends after it began. Choose a later time.")
        return cleaned
