"""Mails that are due longer ago than their campaign allows: skipped, or spread over the next hours, never in a burst.

A mail is late by its `due_at`, or by `late_from` where it waited through no wish of the campaign: while that was
paused, or while nobody moved its run on. Called with the rows locked, in the transaction that claims them.
"""

from __future__ import annotations

from django.db import connection

from nurturing.models import Epoch

SPREAD_HOURS = 6

SETTLE = """
UPDATE nurturing_message m SET
    state = CASE late.policy WHEN 'skip' THEN 'suppressed' ELSE 'queued' END,
    due_at = CASE late.policy WHEN 'skip' THEN m.due_at
        ELSE statement_timestamp() + random() * make_interval(hours => %(spread)s) END,
    late_from = NULL,
    reply = CASE late.policy WHEN 'skip' THEN 'Not sent: it was due ' ELSE 'Sent late: it was due ' END
        || to_char(late.since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC, more than '
        || late.hours || ' hours ago.'
FROM (
    SELECT m.id, c.late_policy AS policy, c.late_hours AS hours, COALESCE(m.late_from, m.due_at) AS since
    FROM nurturing_message m JOIN nurturing_enrolment e ON e.id = m.enrolment_id
    JOIN nurturing_campaign c ON c.id = e.campaign_id
    WHERE m.id = ANY(%(ids)s) AND m.state = 'queued' AND c.state = 'active' AND e.ended_at IS NULL
) late
WHERE late.id = m.id AND late.since < statement_timestamp() - make_interval(hours => late.hours)
"""
LOST = """
UPDATE nurturing_message SET state = 'unknown', dot_at = statement_timestamp(), late_from = NULL,
    reply = 'It was due before the database was restored from a backup, and may have been sent already.'
WHERE id = ANY(%(ids)s) AND state = 'queued' AND COALESCE(late_from, due_at) <= %(until)s
"""


def settle(ids: list[int]) -> None:
    until = Epoch.objects.values_list("lost_until", flat=True).first()
    with connection.cursor() as cursor:
        if until is not None:
            cursor.execute(LOST, {"ids": ids, "until": until})
        cursor.execute(SETTLE, {"ids": ids, "spread": SPREAD_HOURS})
