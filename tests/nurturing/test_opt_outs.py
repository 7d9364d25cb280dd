"""A no that came through an API stops campaigns as our own unsubscribe page does."""

import pytest

from leads.services.activities import record_activity
from leads.tasks import heed_missed_opt_outs
from nurturing.models import Enrolment, Message
from nurturing.services import enrolments
from nurturing.tasks import stop_lead
from tests.nurturing import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("kind", ["email_unsubscribe", "email_bounce", "email_complaint"])
def test_whoever_said_no_is_not_enrolled(kind: str) -> None:
    campaign = factories.running()
    gone, stays = factories.lead(), factories.lead()

    record_activity(lead=gone, kind=kind)
    enrolments.enrol_segment(campaign.pk)

    assert [run.lead for run in Enrolment.objects.all()] == [stays]


def test_a_running_enrolment_ends_and_its_waiting_mail_is_not_sent() -> None:
    message = factories.queued()
    lead = message.enrolment.lead

    record_activity(lead=lead, kind="email_unsubscribe")
    stop_lead(lead.pk)  # the bell; the sweep does the same

    message.refresh_from_db()
    assert message.state == Message.State.SUPPRESSED
    assert Enrolment.objects.get().ended_because == Enrolment.Ended.UNSUBSCRIBED


def test_a_soft_bounce_stops_nothing() -> None:
    run = factories.enrolled()

    record_activity(lead=run.lead, kind="email_bounce", props={"type": "soft"})
    heed_missed_opt_outs()
    enrolments.sweep_stops()

    run.refresh_from_db()
    assert run.ended_at is None
