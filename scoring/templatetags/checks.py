"""What the checks of scores say, for the front page of the administration."""

from __future__ import annotations

from datetime import timedelta

from django import template
from django.db.models.functions import Now

from scoring.models import ScoreCheck

register = template.Library()
REMEMBERED = timedelta(days=7)
MOST = 5


@register.simple_tag
def last_checks() -> list[ScoreCheck]:
    """The newest of each kind, and whatever differed in the last days: a clean check after it does not hide it."""
    newest = [ScoreCheck.objects.filter(kind=kind).first() for kind in ScoreCheck.Kind.values]
    wrong = ScoreCheck.objects.filter(differing__gt=0, ended_at__gt=Now() - REMEMBERED)[:MOST]
    found = {check.pk: check for check in [*newest, *wrong] if check is not None}
    return sorted(found.values(), key=lambda check: (-check.began_at.timestamp(), -check.pk))
