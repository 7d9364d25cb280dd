"""Making and changing segments. A change counts from the next sweep; whoever is in a campaign stays in."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from nurturing.models import Segment


@transaction.atomic
def save_segment(
    *, segment: Segment | None, name: str, conditions: list[dict[str, Any]], actor: Any
) -> Segment:
    segment = segment or Segment(created_by=actor)
    segment.name, segment.conditions = name, conditions
    segment.save()
    return segment
