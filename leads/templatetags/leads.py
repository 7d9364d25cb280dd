"""Words of this floor for its pages: `{% load leads %}`."""

from functools import cache

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from leads.models import Lead

register = template.Library()

TONES = {
    Lead.Stage.LEAD: "outline",
    Lead.Stage.MQL: "info",
    Lead.Stage.SQL: "good",
    Lead.Stage.OPPORTUNITY: "good",
    Lead.Stage.CUSTOMER: "good",
    Lead.Stage.RECYCLED: "warn",
    Lead.Stage.DISQUALIFIED: "bad",
}


@register.simple_tag
@cache
def stage(name: str) -> SafeString:
    """The pill of a stage. Fifty of them stand on a page, so each is made once."""
    found = Lead.Stage(name)
    return format_html('<span class="pill" data-tone="{}">{}</span>', TONES[found], found.label)
