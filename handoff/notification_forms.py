"""What people choose about their notifications."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts import outbound
from accounts.models import User
from handoff.models import Notice, NotificationPreference, WebhookSettings
from handoff.services.choices import OF_ROLE, Choice, choices_of

ADDRESS = 500  # characters


class PreferenceForm(forms.Form):
    """One kind of news: under the bell, by mail, to Slack."""

    in_app = forms.BooleanField(required=False)
    mail = forms.ChoiceField(choices=NotificationPreference.Mail.choices)
    slack = forms.BooleanField(required=False)

    def choice(self) -> Choice:
        return Choice(**self.cleaned_data)


class Preferences:
    """A form for each kind of news that this person's role can hear of."""

    def __init__(self, user: User, data: Any = None) -> None:
        chosen = choices_of(user)
        self.rows = [
            (Notice(kind), PreferenceForm(data, prefix=kind, initial=vars(chosen[kind])))
            for kind in OF_ROLE[User.Role(user.role)]
        ]

    def is_valid(self) -> bool:
        faults = [
            form for _, form in self.rows if not form.is_valid()
        ]  # all are read, so all faults are shown
        return not faults

    def choices(self) -> dict[str, Choice]:
        return {kind: form.choice() for kind, form in self.rows}


class SlackForm(forms.Form):
    """The address is a secret, so a refused one is not shown back either."""

    url = forms.CharField(
        label="Webhook address",
        max_length=ADDRESS,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="An incoming webhook of Slack, or of any chat that reads its format.",
    )

    def clean_url(self) -> str:
        url: str = self.cleaned_data["url"]
        try:
            outbound.check(url, WebhookSettings.hosts())
        except outbound.NotAllowed as error:
            raise forms.ValidationError(str(error)) from error
        return url
