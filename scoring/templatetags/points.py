"""Points as people write them."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from accounts.templatetags.ui import score
from scoring.health.findings import of

register = template.Library()


@register.simple_tag
def signed(points: int) -> str:
    """+12, 0 or −5, with a real minus sign."""
    return f"+{points}" if points > 0 else f"−{-points}" if points < 0 else "0"


@register.simple_tag
def why_score(subject: Any, lead_pk: int) -> SafeString:
    """The pill as a link to the whole explanation; its strongest lines open beside it, see js/why.js."""
    explanation, why = reverse("scoring:explanation", args=[lead_pk]), reverse("scoring:why", args=[lead_pk])
    return format_html('<a class="why" href="{}" data-why="{}">{}</a>', explanation, why, score(subject))


@register.simple_tag
def why_score_inside(subject: Any, lead_pk: int) -> SafeString:
    """The same within a link: no link of its own, its lines open all the same."""
    return format_html(
        '<span class="why" data-why="{}">{}</span>', reverse("scoring:why", args=[lead_pk]), score(subject)
    )


@register.simple_tag
def share(value: Any) -> str:
    """18.9% of 604; "not known" of nobody."""
    return of(value) if value.whole else "not known"
