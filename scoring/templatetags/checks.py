"""What the checks of scores say, for the front page of the administration."""

from __future__ import annotations

from django import template

from scoring.models import ScoreCheck

register = template.Library()


@register.simple_tag
def last_checks() -> list[ScoreCheck]:
    """The newest check of each kind; what was never checked yet is left out."""
    newest = [ScoreCheck.objects.filter(kind=kind).first() for kind in ScoreCheck.Kind.values]
    return [check for check in newest if check is not None]
