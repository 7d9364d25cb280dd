"""Which unknown field says most about somebody, asked of the floor that knows: NEXT_QUESTIONS in the settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string


def most_telling(fields: Sequence[str], known: Mapping[str, Any]) -> list[str]:
    """Those of these fields that could move the fit of somebody of whom this much is known, the furthest first."""
    return list(import_string(settings.NEXT_QUESTIONS)(fields, known))
