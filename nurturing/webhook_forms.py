"""What people type about an endpoint of webhooks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from accounts import outbound
from nurturing.models import WebhookEndpoint


class EndpointForm(forms.Form):
    name = forms.CharField(max_length=100, help_text="How steps and reports call it.")
    url = forms.CharField(label="Address", max_length=1000, help_text="Begins with https://.")

    def __init__(self, data: Any = None, *, endpoint: WebhookEndpoint | None = None) -> None:
        initial = {"name": endpoint.name, "url": endpoint.url} if endpoint else None
        super().__init__(data, initial=initial)
        self.endpoint = endpoint

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        others = WebhookEndpoint.objects.exclude(pk=self.endpoint.pk if self.endpoint else 0)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError("Another endpoint has this name.")
        return name

    def clean_url(self) -> str:
        try:
            outbound.check(self.cleaned_data["url"], settings.WEBHOOK_HOSTS)
        except outbound.NotAllowed as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        return str(self.cleaned_data["url"]).strip()
