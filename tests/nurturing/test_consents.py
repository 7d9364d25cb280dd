"""Campaigns heed what people agreed to, and each mail says what it relies on."""

from typing import Any

import pytest

from leads.models import Consent, Lead, Topic
from leads.services import consents
from leads.services.consents import Origin
from nurturing import delivery
from nurturing.models import Enrolment, Message
from nurturing.services import enrolments
from tests.nurturing import factories
from tests.nurturing.sink import Sink

pytestmark = pytest.mark.django_db
FORM = Origin(Consent.Source.FORM)


def topic(name: str = "Product news", **values: Any) -> Topic:
    return Topic.objects.create(name=name, **values)


def state_of(message: Message) -> str:
    message.refresh_from_db()
    return message.state


def refuse(lead: Lead, about: Topic) -> None:
    consents.withdraw(lead=lead, topic=about, wording="Switched off", origin=FORM)


def test_a_topic_refused_after_the_mail_was_written_stops_it_and_the_run_but_no_other_campaign(
    sink: Sink,
) -> None:
    news = topic()
    message = factories.queued(factories.running(topic=news))
    other = factories.running()
    lead = message.enrolment.lead
    enrolments.enrol(campaign=other, leads=[lead.pk])

    refuse(lead, news)
    delivery.send_due()
    enrolments.stop_lead(lead.pk)

    assert state_of(message) == "suppressed"
    assert not sink.accepted
    ended = dict(Enrolment.objects.values_list("campaign", "ended_because"))
    assert ended == {message.enrolment.campaign_id: "no_consent", other.pk: ""}


def test_a_missed_bell_is_made_good_by_the_sweep() -> None:
    news = topic()
    run = factories.enrolled(factories.running(topic=news))

    refuse(run.lead, news)
    enrolments.sweep_stops()

    run.refresh_from_db()
    assert run.ended_because == "no_consent"


def test_a_campaign_whose_topic_needs_asking_takes_in_only_those_who_asked() -> None:
    guides = topic("Guides", opt_in=True)
    campaign = factories.running(topic=guides)
    asked, did_not = factories.lead(), factories.lead()
    consents.give(lead=asked, topic=guides, wording="Send me guides", origin=FORM)

    words = enrolments.blockers(campaign, [asked.pk, did_not.pk])
    enrolments.enrol_segment(campaign.pk)

    assert words == {asked.pk: "", did_not.pk: "Did not agree to this topic"}
    assert list(campaign.enrolments.values_list("lead", flat=True)) == [asked.pk]


def test_a_pause_keeps_the_mail_back_and_lets_it_go_afterwards(sink: Sink) -> None:
    message = factories.queued()
    lead = message.enrolment.lead

    consents.pause(lead=lead, days=30, wording="Nothing for 30 days", origin=FORM)
    delivery.send_due()
    held = state_of(message), message.due_at > message.queued_at, len(sink.accepted)
    consents.resume(lead=lead, wording="Write again", origin=FORM)
    Message.objects.update(due_at=message.queued_at)
    delivery.send_due()

    assert held == ("queued", True, 0)
    assert state_of(message) == "accepted"


def test_a_mail_names_the_words_it_relies_on_in_its_row_and_at_its_foot(sink: Sink) -> None:
    news = topic()
    message = factories.queued(factories.running(topic=news))
    entry = consents.give(lead=message.enrolment.lead, topic=news, wording="Yes, product news", origin=FORM)

    delivery.send_due()

    assert state_of(message) == "accepted"
    assert message.consent == entry
    day = f"{entry.at:%-d %b %Y}"
    assert message.basis == f"Consent, {day}: Product news"
    for part in sink.mails[0].iter_parts():
        assert f"because you asked for “Product news” on {day}" in " ".join(part.get_content().split())


def test_without_an_entry_mail_goes_as_before_and_says_on_what_ground(sink: Sink) -> None:
    message = factories.queued()

    delivery.send_due()

    assert state_of(message) == "accepted"
    assert message.consent is None
    assert message.basis == "No entry: the address was given to us and nobody objected"
    assert b"because you shared this address with Quillstone" in sink.accepted[0].replace(b"=\r\n", b"")
