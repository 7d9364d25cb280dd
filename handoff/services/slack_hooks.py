"""Somebody's webhook: checked, sealed, and never shown again."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db.models.functions import Now

from accounts import outbound
from handoff.models import SlackHook, WebhookSettings


class Unreadable(ValueError):
    """The address was sealed with a key that this installation no longer has."""


def connect(*, user: Any, url: str) -> SlackHook:
    """Replaces the address there was. Raises outbound.NotAllowed; nothing is sent yet."""
    parts = outbound.check(url, WebhookSettings.hosts())
    hook, _ = SlackHook.objects.update_or_create(
        user=user,
        defaults={
            "sealed": _seals().encrypt(url.strip().encode()),
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
        return _seals().decrypt(bytes(hook.sealed)).decode()
    except InvalidToken as error:
        raise Unreadable("The address can no longer be read. Enter it again.") from error


def _seals() -> MultiFernet:
    """Sealed with the newest key, opened with any that is still known."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(f"slack hook {key}".encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
