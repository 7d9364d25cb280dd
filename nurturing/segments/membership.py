"""Who is in a segment, asked by whoever enrols, mails or compares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from django.db.models import QuerySet

from leads.arrays import people
from leads.models import Lead
from nurturing.models import Segment, SegmentMember
from nurturing.segments.evaluating import matching
from nurturing.segments.language import BadDefinition, Group, parse
from nurturing.segments.reading import chosen

MOST_SPLIT = 20  # segments by which a backtest is split
CHUNK = 50_000


def members(segment: Segment) -> QuerySet[Lead]:
    """As kept; of a segment that is new or just changed, as its definition says now."""
    there = Lead.objects.filter(merged_into=None)
    if segment.is_kept:
        return there.filter(pk__in=SegmentMember.objects.filter(segment=segment).values("lead"))
    found = [_matching(segment.conditions, ids) for ids in people(CHUNK)]
    return chosen(there, np.concatenate([np.zeros(0, np.int64), *found]).tolist())


def members_among(lead_ids: Sequence[int]) -> dict[str, list[int]]:
    """{segment: who of these is in it now}; the first MOST_SPLIT by name. Asked by scoring.backtest by way of the
    settings, see ADR 0012.
    """
    segments = Segment.objects.order_by("name")[:MOST_SPLIT]
    return {segment.name: sorted(_among(segment, lead_ids)) for segment in segments}


def _among(segment: Segment, lead_ids: Sequence[int]) -> Iterable[int]:
    if not segment.is_kept:
        return matches(segment.conditions, lead_ids)
    ids = sorted(set(lead_ids))
    return chosen(members(segment), ids).values_list("pk", flat=True)


def matches(definition: Any, lead_ids: Iterable[int]) -> set[int]:
    """Who of these meets a definition (as stored, or a Group) now, whatever was kept. Raises BadDefinition."""
    ids = np.unique(np.fromiter(lead_ids, np.int64))
    if not len(ids):
        return set()
    group = definition if isinstance(definition, Group) else parse(definition)
    return set(matching(group, ids).tolist())


def _matching(conditions: Any, ids: np.ndarray) -> np.ndarray:
    """A definition that cannot be read takes nobody in."""
    try:
        return matching(parse(conditions), ids)
    except BadDefinition:
        return ids[:0]
