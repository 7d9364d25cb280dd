"""The list of leads that must be looked at again, and when each lead was last active."""

from collections.abc import Iterable

from django.db import connection

from leads.events import LeadsTouched, publish

DRAIN = """
DELETE FROM leads_touch
WHERE id = ANY(ARRAY(SELECT id FROM leads_touch ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
RETURNING lead_id
"""
# Activities that arrived for a lead while it was being merged follow it here, one merge at a time.
FOLLOW_MERGES = """
WITH merged AS (
    SELECT id, merged_into_id AS winner FROM leads_lead WHERE id = ANY(%s) AND merged_into_id IS NOT NULL
), moved AS (
    UPDATE leads_activity a SET lead_id = merged.winner FROM merged WHERE a.lead_id = merged.id
    RETURNING a.lead_id
)
SELECT DISTINCT lead_id FROM moved
"""
# What we sent, what bounced and what a machine did is no sign of life.
PULSE = """
INSERT INTO leads_pulse (lead_id, last_active_at)
SELECT lead.id, newest.occurred_at
FROM leads_lead lead CROSS JOIN LATERAL (
    SELECT activity.occurred_at
    FROM leads_activity activity JOIN leads_activityshape shape ON shape.id = activity.shape_id
    WHERE activity.lead_id = lead.id AND activity.occurred_at <= now() AND NOT shape.machine
      AND shape.kind NOT IN ('email_sent', 'email_delivered', 'email_bounce', 'note', 'score_lowered',
        'points_added', 'points_taken')
    ORDER BY activity.occurred_at DESC LIMIT 1
) newest
WHERE lead.id = ANY(%s)
ORDER BY lead.id
ON CONFLICT (lead_id) DO UPDATE SET last_active_at = excluded.last_active_at
WHERE leads_pulse.last_active_at <> excluded.last_active_at
"""


def touch(lead_ids: Iterable[int]) -> None:
    """Note that these leads must be looked at again, and ring once this is saved."""
    ids = sorted(set(lead_ids))
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO leads_touch (lead_id) SELECT unnest(%s::bigint[])", [ids])
    publish(LeadsTouched())


def drain_touches(limit: int) -> list[int]:
    """Take up to `limit` notes off the list, in the caller's transaction, and name their leads in order.

    Notes another process is taking are left to it. When the caller's transaction fails, the notes are back.
    """
    with connection.cursor() as cursor:
        cursor.execute(DRAIN, [limit])
        leads = sorted({row[0] for row in cursor.fetchall()})
        if leads:
            cursor.execute(FOLLOW_MERGES, [leads])
            leads = sorted({*leads, *(row[0] for row in cursor.fetchall())})
            cursor.execute(PULSE, [leads])
    return leads
