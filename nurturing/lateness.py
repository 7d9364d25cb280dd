"""Mails that are due longer ago than their campaign allows: skipped, or spread over the next hours, never in a burst.

A mail is late by its `due_at`, or by `late_from` where it waited through no wish of the campaign: while that was
paused, or while nobody moved its run on. So are invitations to a webinar that
has begun. Called with the rows locked, in the transaction that claims them.
"""

from __future__ import annotations

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Now

from accounts.models import Organisation
from nurturing import hours, webinars
from nurturing.models import Epoch, Message, Step

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
    _skip_webinars(ids)


def _skip_webinars(ids: list[int]) -> None:
    """Invitations that waited so long that they would come too late. Their runs go on, as after any mail not sent."""
    found = Message.objects.filter(Q(step__kind=Step.Kind.WEBINAR), pk__in=ids, state=Message.State.QUEUED)
    rows = list(found.select_related("step", "enrolment__lead").annotate(now=Now()))
    usual = Organisation.current().time_zone if rows else ""
    for mail in rows:
        zone = hours.zone_of(mail.enrolment.lead.time_zone, usual)
        if webinars.over(mail.step.settings, mail.queued_at, zone, mail.now):
            begun = webinars.words(webinars.starts(mail.step.settings, mail.queued_at, zone), zone)
            Message.objects.filter(pk=mail.pk).update(
                state=Message.State.SUPPRESSED, late_from=None, reply=f"The webinar had begun, on {begun}."
            )
