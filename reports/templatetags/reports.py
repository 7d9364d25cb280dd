"""Shares as the reports write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def share(value: float | None, places: int = 1) -> str:
    """18.9%; nothing for nothing."""
    return "" if value is None else f"{100 * value:.{places}f}%"


@register.simple_tag
def between(interval: Sequence[float]) -> str:
    """15.9–22.2%."""
    return f"{100 * interval[0]:.1f}–{100 * interval[1]:.1f}%"


@register.simple_tag(takes_context=True)
def defined(context: Any, label: str, words: str) -> SafeString:
    """A word with its definition, on hover and on focus."""
    number = context.render_context.get("defined", 0) + 1
    context.render_context["defined"] = number
    return format_html(
        '<span class="tip"><button class="def" type="button" aria-describedby="def-{0}">{1}</button>'
        '<span role="tooltip" id="def-{0}">{2}</span></span>',
        f"{abs(hash((label, words))) % 10**6}-{number}",
        label,
        words,
    )


@register.filter
def at(values: Mapping[Any, Any], key: Any) -> Any:
    return values.get(key)
