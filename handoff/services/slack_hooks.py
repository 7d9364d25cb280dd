"""Somebody's webhook: checked, sealed, and never shown again."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Now

from accounts import outbound, sealing
from handoff.models import SlackHook, WebhookSettings

PURPOSE = "slack hook"


class Unreadable(ValueError):
    """The address was sealed with a key that this installation no longer has."""


def connect(*, user: Any, url: str) -> SlackHook:
    """Replaces the address there was. Raises outbound.NotAllowed; nothing is sent yet."""
    parts = outbound.check(url, WebhookSettings.hosts())
    hook, _ = SlackHook.objects.update_or_create(
        user=user,
        defaults={
            "sealed": sealing.seal(PURPOSE, url.strip()),
            "host": parts.hostname or "",
            "set_at": Now(),
            "broken_at": None,
            "error": "",
        },
    )
    return hook


def disconnect(*, user: Any) -> None:
    SlackHook.objects.filter(user=user).delete()


def break_off(hook: SlackHook, error: str) -> None:
    """The other side refuses for good; its owner is told on the page of their preferences."""
    SlackHook.objects.filter(pk=hook.pk, set_at=hook.set_at).update(broken_at=Now(), error=error[:300])


def address_of(hook: SlackHook) -> str:
    try:
        return sealing.unseal(PURPOSE, hook.sealed)
    except sealing.Unreadable as error:
        raise Unreadable("The address can no longer be read. Enter it again.") from error
