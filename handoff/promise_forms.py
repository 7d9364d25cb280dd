"""What admins type about working hours and promises."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.utils.text import capfirst

from handoff import matching, public_holidays
from handoff.models import BusinessCalendar, SlaPolicy
from handoff.services.calendars import dates_to_keep
from scoring.forms import ConditionsField


class CalendarForm(forms.ModelForm):
    """Reads the public holidays of the place, so that they are checked and shown like those typed."""

    holiday_country = forms.ChoiceField(
        label="Public holidays of",
        required=False,
        help_text=(
            "Closes each public holiday, exactly on its date: a holiday on a Sunday does not close the Monday after. "
            "Saving keeps the dates of last year, this year and three to come; a new year is added by itself."
        ),
    )

    class Meta:
        model = BusinessCalendar
        fields = ("name", "tz", "weekly", "holiday_country", "holiday_region", "holidays", "exceptions")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(code, f"{name} ({code})") for code, name in public_holidays.countries().items()]
        field = self.fields.get("holiday_country")
        if isinstance(field, forms.ChoiceField):
            field.choices = [("", "No country"), *choices]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        country, region = cleaned.get("holiday_country", ""), cleaned.get("holiday_region", "").strip()
        if region and not country:
            self.add_error("holiday_region", "Choose the country first; a region belongs to one.")
        elif "holiday_country" in cleaned:
            self._keep_dates(country, region)
        return cleaned

    def _keep_dates(self, country: str, region: str) -> None:
        try:
            self.instance.public_holidays = dates_to_keep(country, region)
        except public_holidays.UnknownPlace as error:
            self.add_error("holiday_region", str(error))


class PolicyForm(forms.ModelForm):
    """Exactly one policy is the default; choosing another takes the mark from the old one."""

    conditions = ConditionsField(
        label="For leads with",
        required=False,
        help_text=(
            "All must hold; the default policy has none. Fields of lead and company, such as source, country or "
            "employees, and of the qualification: band (A1), fit (A to D), engagement (1 to 4), score."
        ),
    )

    class Meta:
        model = SlaPolicy
        fields = (
            "name",
            "is_default",
            "active",
            "position",
            "conditions",
            "calendar",
            "hand_off_minutes",
            "accept_minutes",
            "first_touch_minutes",
            "disposition_minutes",
            "escalate_after",
        )
        labels: ClassVar = {
            "hand_off_minutes": "Hand off within",
            "accept_minutes": "Answer within",
            "first_touch_minutes": "First touch within",
            "disposition_minutes": "Decide within",
        }

    def clean_is_default(self) -> bool:
        chosen: bool = self.cleaned_data["is_default"]
        if not chosen and self.instance.pk and self.initial.get("is_default"):
            raise forms.ValidationError("One policy must be in force. Make another the default instead.")
        return chosen

    def clean_conditions(self) -> list[dict[str, Any]]:
        conditions = self.cleaned_data["conditions"]
        found = matching.problems(conditions)
        if found:
            raise forms.ValidationError([capfirst(problem) for problem in found])
        return conditions

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        default, conditions = cleaned.get("is_default"), cleaned.get("conditions")
        if default and conditions:
            self.add_error("conditions", "The default is for everybody no other policy fits: remove these.")
        if default and cleaned.get("active") is False:
            self.add_error("active", "The default cannot be switched off. Make another the default first.")
        if default is False and conditions == []:
            self.add_error("conditions", "Say which leads this policy is for, or make it the default.")
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """`save_model` moves the mark first, so two defaults never reach the table."""
        return {*super()._get_validation_exclusions(), "is_default"}  # type: ignore[misc]
