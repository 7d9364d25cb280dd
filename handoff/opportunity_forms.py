"""What people type about deals."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms

from accounts.models import User
from handoff.currencies import CODES, digits, fits
from handoff.forms import ReasonedForm
from handoff.models import CloseReason, Opportunity, PipelineStage
from handoff.models.opportunities import sensible_close
from handoff.services.opportunities import Terms

NOTE = 500  # characters
Kind = PipelineStage.Kind


class MoneyForm(forms.Form):
    """An amount and the currency it is in."""

    amount = forms.DecimalField(
        min_value=0,
        max_digits=15,
        decimal_places=3,
        required=False,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    currency = forms.ChoiceField(choices=[(code, code) for code in CODES])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        amount, currency = cleaned.get("amount"), cleaned.get("currency")
        if amount is not None and currency and not fits(amount, currency):
            places = digits(currency)
            words = f"at most {places} decimals" if places else "whole amounts only"
            self.add_error("amount", f"{currency} has {words}.")
        return cleaned


class DealForm(MoneyForm):
    """The terms of a deal. `key` names this form, so that sending it twice opens one deal."""

    name = forms.CharField(label="Deal", max_length=150)
    expected_close = forms.DateField(
        required=False,
        validators=[sensible_close],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    key = forms.UUIDField(widget=forms.HiddenInput)
    field_order = ("name", "amount", "currency", "expected_close")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = {"key": uuid.uuid4(), **(kwargs.get("initial") or {})}
        super().__init__(*args, **kwargs)

    def terms(self) -> Terms:
        names = ("name", "amount", "currency", "expected_close")
        return Terms(**{name: self.cleaned_data[name] for name in names})


class VersionForm(forms.Form):
    """`version` says which state of the deal the person saw."""

    version = forms.IntegerField(min_value=1, max_value=2**31 - 1, widget=forms.HiddenInput)


class ChangeForm(DealForm, VersionForm):
    key = None  # type: ignore[assignment]
    owner = forms.ModelChoiceField(queryset=User.objects.none(), empty_label=None)

    def __init__(self, *args: Any, may_assign: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if may_assign:
            self.fields["owner"].queryset = User.objects.reps().order_by("name", "pk")  # type: ignore[attr-defined]
        else:
            del self.fields["owner"]


class MoveForm(VersionForm):
    stage = forms.ModelChoiceField(
        queryset=PipelineStage.objects.filter(active=True), widget=forms.RadioSelect, empty_label=None
    )


class WinForm(MoneyForm, VersionForm):
    """The final amount: without it nobody could say what a source brought."""

    note = forms.CharField(required=False, max_length=NOTE, widget=forms.Textarea(attrs={"rows": 2}))
    field_order = ("amount", "currency", "note")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["amount"].required = True
        self.fields["amount"].label = "Final amount"


class LoseForm(ReasonedForm, VersionForm):
    reason = forms.ModelChoiceField(
        queryset=CloseReason.objects.filter(active=True),
        widget=forms.RadioSelect,
        empty_label=None,
        error_messages={"required": "Choose a reason, so that everybody can learn from it."},
    )
    note = forms.CharField(required=False, max_length=NOTE, widget=forms.Textarea(attrs={"rows": 2}))


def terms_of(deal: Opportunity) -> dict[str, Any]:
    """What a form about this deal starts with."""
    names = ("name", "amount", "currency", "expected_close", "version", "owner_id")
    values = {name: getattr(deal, name) for name in names}
    if deal.amount is not None:
        values["amount"] = plain(deal)
    return {**values, "owner": values.pop("owner_id")}


def plain(deal: Opportunity) -> str:
    """The amount as somebody would type it: no grouping, no more decimals than the currency has."""
    assert deal.amount is not None
    whole = deal.amount == deal.amount.to_integral_value()
    return f"{deal.amount:.{0 if whole else digits(deal.currency)}f}"
