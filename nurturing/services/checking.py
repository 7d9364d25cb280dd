"""Kept members against what the definitions say, asked again from nothing: a difference is told and put right.

Fair    a lead that waits to be looked at (a touch, a note, a due clock) may rightly be behind, so it is left out
Share   everybody of a base of MOST leads; of a larger one a sample, another each time
"""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from django.db import connection

from nurturing.models import Segment, SegmentChange, SegmentCheck
from nurturing.services import membership
from nurturing.services.membership import Ids
from scoring.rows import database_now

logger = logging.getLogger(__name__)
MOST = 100_000  # leads a run
CHUNK = 20_000
TOLD = 20  # differences kept with a check
KEPT = 500  # checks without a finding that are remembered

SAMPLE = """
SELECT l.id FROM leads_lead l
WHERE mod(abs(hashint8extended(l.id, %s)), %s) = 0 AND (l.merged_into_id IS NULL
  OR EXISTS (SELECT 1 FROM nurturing_segmentmember m WHERE m.lead_id = l.id))
ORDER BY l.id
"""
SETTLED = """
SELECT given.id FROM unnest(%s::bigint[]) AS given (id)
WHERE NOT EXISTS (SELECT 1 FROM leads_touch t WHERE t.lead_id = given.id)
  AND NOT EXISTS (SELECT 1 FROM nurturing_segmenttouch t WHERE t.lead_id = given.id)
  AND NOT EXISTS (SELECT 1 FROM nurturing_segmentclock c
    WHERE c.lead_id = given.id AND c.next_change_at <= clock_timestamp())
ORDER BY id
"""


def check_sample(*, repair: bool = True) -> SegmentCheck:
    ids = _sample(max(1, -(-_size() // MOST)))
    checked, differing = 0, 0
    details: list[dict[str, Any]] = []
    for at in range(0, len(ids), CHUNK):
        part = settled(ids[at : at + CHUNK])
        found = _confirmed(_differing(part))
        checked, differing = checked + len(part), differing + len(found)
        details += _told(found[: TOLD - len(details)])
        if repair and len(found):
            membership.carefully(found, None, SegmentChange.Cause.CHECK)
    return _recorded(checked, differing, details)


def _size() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'leads_lead'::regclass"
        )
        return cursor.fetchone()[0]


def _sample(share: int) -> Ids:
    with connection.cursor() as cursor:
        cursor.execute(SAMPLE, [int(database_now().timestamp()), share])
        return np.array([row[0] for row in cursor.fetchall()], np.int64)


def settled(ids: Ids) -> Ids:
    """Those nobody has to look at yet."""
    with connection.cursor() as cursor:
        cursor.execute(SETTLED, [ids.tolist()])
        return np.array([row[0] for row in cursor.fetchall()], np.int64)


def _differing(ids: Ids) -> Ids:
    """In segments whose members are kept; one that is being built is behind by right."""
    return membership.look(ids, _kept())[1] if len(ids) else ids


def _kept() -> list[int]:
    rows = Segment.objects.filter(kind=Segment.Kind.RULES, kept_since__isnull=False)
    return list(rows.values_list("pk", flat=True))


def _confirmed(ids: Ids) -> Ids:
    """A second look: who did something in between was behind by right."""
    return _differing(settled(ids)) if len(ids) else ids


def _told(ids: Ids) -> list[dict[str, Any]]:
    if not len(ids):
        return []
    found, _ = membership.look(ids, _kept())
    entering, leaving = membership.differences(found, ids, _kept())
    return [
        {"lead": lead, "segment": segment, "kept": kept, "expected": not kept}
        for kept, rows in ((False, entering), (True, leaving))
        for segment, lead in zip(rows.segments.tolist(), rows.leads.tolist(), strict=True)
    ]


def _recorded(checked: int, differing: int, details: list[dict[str, Any]]) -> SegmentCheck:
    if differing:
        logger.error(
            "%s of %s leads are in other segments than they should: %s", differing, checked, details[:3]
        )
    old = SegmentCheck.objects.filter(differing=0).order_by("-pk").values_list("pk", flat=True)[KEPT:]
    SegmentCheck.objects.filter(pk__in=list(old)).delete()
    return SegmentCheck.objects.create(leads=checked, differing=differing, details=details)
