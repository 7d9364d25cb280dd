"""How deals read on a page: `{% load deals %}`."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from handoff.currencies import money_words, sums_words

register = template.Library()


@register.simple_tag
def money(deal: Any) -> SafeString:
    """What a deal, or a step of its history, is worth."""
    words = money_words(deal.amount, deal.currency)
    if not words:
        return format_html('<span class="muted">{}</span>', "amount not known")
    return format_html('<span class="num nowrap">{}</span>', words)


@register.filter
def sums(money_of: Mapping[str, Decimal]) -> list[str]:
    """One sum a currency, never one of several."""
    return sums_words(money_of.items())
