"""What pages around the definition say about its next review."""

from typing import Any

from django import template

from scoring.reviews import standing

register = template.Library()


@register.inclusion_tag("admin/scoring/modelversion/_review.html")
def review_due() -> dict[str, Any]:
    """Says so when the definition in force is due for review, or when nobody answers for it."""
    return {"standing": standing()}
