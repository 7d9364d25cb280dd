"""A mail step: one message a run, written in the transaction that moves the run. Never the same mail twice."""

from __future__ import annotations

from dataclasses import replace

from django.db import connection
from django.utils import timezone

from accounts.models import Organisation
from leads.events import publish
from nurturing import hours, webinars
from nurturing.events import MessagesQueued
from nurturing.models import Message
from nurturing.services.steps.moving import Batch, go_on, hold

WRITE = """
INSERT INTO nurturing_message
    (enrolment_id, step_id, visit, key, to_address, state, attempt, failures, interruptions, reply, bounced, late_from)
SELECT run.id, %s, 1, gen_random_uuid(), lead.email, 'queued', 0, 0, 0, '', false, run.due_at
FROM nurturing_enrolment run JOIN leads_lead lead ON lead.id = run.lead_id
WHERE run.id = ANY(%s) AND lead.email IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM nurturing_message earlier JOIN nurturing_step was ON was.id = earlier.step_id
    WHERE earlier.enrolment_id = run.id AND was.key = %s AND was.id <> %s)
ON CONFLICT DO NOTHING
"""


def invite(batch: Batch) -> None:
    """To a webinar. Nobody is invited to one that has begun; whoever's mail is under way is told by that mail."""
    zone = hours.zone_of(Organisation.current().time_zone)
    if batch.fresh and webinars.over(batch.step.settings, timezone.now(), zone, timezone.now()):
        go_on(batch, batch.fresh, outcome="skipped", words="The webinar had begun already.")
        batch = replace(batch, fresh=[])
    mail(batch)


def mail(batch: Batch) -> None:
    """Runs wait here until their mail is settled; whoever had it in an older version of the campaign goes on."""
    if batch.fresh:
        with connection.cursor() as cursor:
            cursor.execute(WRITE, [batch.step.pk, batch.fresh, batch.step.key, batch.step.pk])
        publish(MessagesQueued())
    waits = set(
        Message.objects.unsettled()
        .filter(step=batch.step, enrolment__in=batch.ids)
        .values_list("enrolment", flat=True)
    )
    hold(waits)
    go_on(batch, [pk for pk in batch.back if pk not in waits])
    had = [pk for pk in batch.fresh if pk not in waits]
    go_on(batch, had, outcome="skipped", words="Had this mail already, or has no address.")
