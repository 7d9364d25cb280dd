"""The mark on an activity that says a machine did it: set late, or taken off."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import connection

from leads import shapes
from leads.models import Pulse
from leads.services.shapes import other_shapes, shape_ids
from leads.services.touches import touch

FIND = """
WITH RECURSIVE chain (id) AS (
    SELECT %s::bigint UNION SELECT merged_into_id FROM leads_lead JOIN chain USING (id) WHERE merged_into_id IS NOT NULL
)
SELECT activity.lead_id, activity.id, shape.kind, shape.props, shape.machine
FROM leads_activity activity JOIN leads_activityshape shape ON shape.id = activity.shape_id
WHERE activity.lead_id IN (SELECT id FROM chain) AND activity.occurred_at = %s AND activity.message_id = %s
FOR UPDATE OF activity
"""
MARK = """
UPDATE leads_activity SET shape_id = %s, props = nullif((coalesce(props, '{}') - 'machine') || %s::jsonb, '{}')
WHERE lead_id = %s AND occurred_at = %s AND id = %s
"""


class Mark(NamedTuple):
    """`why` in words; blank for a person."""

    lead_id: int
    occurred_at: datetime
    message_id: str
    why: str = ""


def mark(marks: Sequence[Mark]) -> int:
    """How many activities changed sides. Their leads are scored again; `lead_id` may have been merged since."""
    leads = [lead_id for each in marks for lead_id in _mark(each)]
    if leads:
        Pulse.objects.filter(lead__in=leads).delete()  # made anew when the touch is heeded
        touch(leads)
    return len(leads)


def _mark(each: Mark) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(FIND, [each.lead_id, each.occurred_at, each.message_id])
        rows = cursor.fetchall()
        changed = [row for row in rows if row[4] != bool(each.why)]
        note = orjson.dumps({"machine": each.why} if each.why else {}).decode()
        for lead_id, pk, kind, props, _ in changed:
            cursor.execute(MARK, [_shape(kind, props, each), note, lead_id, each.occurred_at, pk])
    return [row[0] for row in changed]


def _shape(kind: str, props: Any, each: Mark) -> int:
    canonical = shapes.canonical(
        kind, orjson.loads(props) if isinstance(props, str) else props, bool(each.why)
    )
    return (shape_ids([canonical]) or other_shapes([canonical]))[canonical]
