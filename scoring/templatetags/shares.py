"""Shares as pages say them: with their base and interval, and nothing where nothing is known."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from scoring.backtest.measures import Lift
from scoring.shares import Share

register = template.Library()
NOBODY = mark_safe('<span class="muted">not known, 0 judged</span>')
NOT_KNOWN = mark_safe('<span class="muted">not known</span>')


@register.simple_tag
def share(found: Share) -> SafeString:
    """18.9% of 604, with the interval; below twenty cases the counts alone."""
    if not found.whole:
        return NOBODY
    if not found.sure:
        return format_html('{} of {} <span class="muted">too few for a share</span>', found.part, found.whole)
    low, high = (f"{100 * end:.1f}" for end in found.interval)
    value = f"{100 * (found.value or 0):.1f}%"
    return format_html(
        '{} of {} <span class="muted nowrap">{}–{}%</span>', value, f"{found.whole:,}", low, high
    )


@register.simple_tag
def lift(found: Lift) -> SafeString:
    if found.value is None or not found.share.sure:
        return NOT_KNOWN
    return format_html(
        '{} × <span class="muted nowrap">{}–{}</span>',
        f"{found.value:.1f}",
        f"{found.low:.1f}",
        f"{found.high:.1f}",
    )


@register.simple_tag
def lift_apart(ours: Lift, theirs: Lift) -> str:
    known = ours.share.sure and theirs.share.sure
    return minus(ours.value, theirs.value) if known else "not known"


@register.simple_tag
def points_apart(ours: Share, theirs: Share) -> SafeString:
    """The difference of two shares in percentage points, as a pill; nothing when either is not known."""
    if not ours.sure or not theirs.sure or ours.value is None or theirs.value is None:
        return NOT_KNOWN
    apart = 100 * (ours.value - theirs.value)
    tone = "good" if apart >= 0.05 else "warn" if apart <= -0.05 else ""
    return format_html('<span class="pill" data-tone="{}">{} points</span>', tone, _signed(apart))


@register.filter
def minus(one: float | None, other: float | None) -> str:
    """The difference with its sign; whole numbers stay whole."""
    if one is None or other is None:
        return "not known"
    apart = one - other
    if isinstance(apart, int):
        return f"{'−' if apart < 0 else '+' if apart else '±'}{abs(apart):,}"
    return _signed(apart)


def _signed(value: float) -> str:
    return f"{'−' if value < -0.05 else '+' if value > 0.05 else '±'}{abs(value):.1f}"


@register.filter
def days_apart(days: float | None) -> str:
    if days is None:
        return "not known"
    if abs(days) < 0.25:
        return "the same day"
    return f"{abs(days):.1f} days {'later' if days > 0 else 'earlier'}"
