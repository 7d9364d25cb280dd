"""The tasks by their names, as the broker calls them."""

import pytest
from celery import current_app
from django.conf import settings

from config.schedule import SCHEDULE
from leads.services.consent import suppress
from nurturing import tasks
from nurturing.models import Enrolment, Message
from tests.nurturing import factories
from tests.nurturing.sink import Sink

pytestmark = pytest.mark.django_db


def test_every_name_that_somebody_rings_is_a_task() -> None:
    rung = {name for names in settings.REACTIONS.values() for name in names}
    rung |= {row["task"] for row in SCHEDULE.values()}

    current_app.loader.import_default_modules()

    assert {name for name in rung if name.startswith("nurturing.")} <= set(current_app.tasks)


def test_a_published_campaign_mails_its_segment(sink: Sink) -> None:
    lead = factories.lead()
    campaign = factories.running()

    tasks.enrol_segment(campaign_id=campaign.pk)
    tasks.send_due()

    assert [mail["To"] for mail in sink.mails] == [lead.email]


def test_the_sweeps_alone_are_enough(sink: Sink) -> None:
    lead = factories.lead()
    factories.running()

    for sweep in (tasks.enrol_segments, tasks.advance_due, tasks.send_due, tasks.sweep_stops) * 2:
        sweep()
    suppress(address=lead.email, reason="manual")
    tasks.sweep_stops()

    assert len(sink.mails) == 1
    assert Message.objects.get().told_at is not None
    assert Enrolment.objects.get().ended_because == "unsubscribed"


def test_bells_that_come_late_or_twice_do_no_harm() -> None:
    run = factories.enrolled()

    for _ in range(2):
        tasks.stop_lead(lead_id=run.lead_id, handoff_id=1)
        tasks.check_goals(lead_id=run.lead_id, cycle_id=1)
        tasks.recycle_lead(lead_id=run.lead_id, handoff_id=1)

    run.refresh_from_db()
    assert run.ended_at is None
