"""The part of a form that names something a lead does: a mail answered, or an activity with conditions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms

from leads.kinds import KINDS, describe, is_kind
from leads.models import ActivityShape
from nurturing.segments import vocabulary
from nurturing.step_forms.base import StepForm, choosing
from nurturing.step_forms.rows import Rows, about_deeds

DEEDS = (("click", "Clicks a link in it"), ("open", "Opens it"))
NOT_ASKED = ("score_lowered", "points_added", "points_taken", "note", "email_sent", "email_delivered")


class DeedForm(StepForm):
    """`what` chooses the part; subclasses add kinds of it and lengths."""

    what = forms.ChoiceField(label="What", choices=[("mail", "A mail"), ("activity", "Any activity")])
    mail = forms.ChoiceField(label="Which mail", required=False)
    did = forms.ChoiceField(label="What the lead does", choices=DEEDS, required=False)
    activity = forms.CharField(
        label="Which activity",
        required=False,
        max_length=80,
        widget=forms.TextInput(attrs={"list": "activity-kinds", "autocomplete": "off"}),
        help_text="Any kind that your own events name works, too: custom:name.",
    )
    long = forms.IntegerField(
        label="For at least, in seconds",
        min_value=0,
        max_value=86_400,
        required=False,
        help_text="For visits and calls: how long one lasts.",
    )

    def prepare(self, settings: Mapping[str, Any]) -> None:
        event = self.asked_of(settings)
        self.fields["mail"].choices = choosing("Choose a mail", self.around.mails)  # type: ignore[attr-defined]
        data = self.data if self.is_bound else None
        self.where = Rows("where", data, event.get("where") or [], about_deeds)
        self.ops = vocabulary.OP_WORDS.items()

    def showing(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        event = self.asked_of(settings)
        what = next((key for key in ("activity", "segment", "conditions") if key in event), "mail")
        return {
            "what": what,
            "mail": event.get("mail"),
            "did": event.get("did"),
            "activity": event.get("activity"),
            "long": event.get("seconds") or None,
        }

    @staticmethod
    def asked_of(settings: Mapping[str, Any]) -> Mapping[str, Any]:
        """Where in the settings the deed stands."""
        return settings.get("event") or {}

    @property
    def kinds(self) -> list[tuple[str, str]]:
        """Suggestions for `activity`: the product's own, and those that came in."""
        own = ActivityShape.objects.filter(kind__startswith="custom:").order_by("kind")
        found = [key for key in KINDS if key not in NOT_ASKED]
        found += own.values_list("kind", flat=True).distinct()[:200]
        return [(key, describe(key).label) for key in found]

    def deed(self) -> dict[str, Any]:
        """Read after the fields; adds errors beside them."""
        if self.cleaned_data.get("what") == "mail":
            mail = self.need("mail", "Choose a mail of this campaign.")
            return {"mail": mail, "did": self.cleaned_data.get("did") or "click"}
        kind = str(self.need("activity", "Say which activity.") or "").strip()
        if kind and not is_kind(kind):
            self.add_error("activity", f"There is no activity {kind[:60]}. Choose one of the list.")
        where = self.where.values()
        if self.where.wrong:
            self.add_error(None, "A condition cannot be understood.")
        return {"activity": kind, "where": where, "seconds": self.cleaned_data.get("long") or 0}
