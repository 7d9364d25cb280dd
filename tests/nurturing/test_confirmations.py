"""Mails that ask to confirm: sent once, never to a suppressed address; only the button on their page confirms."""

from datetime import timedelta
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from leads.models import Confirmation, Consent, Lead, Topic
from leads.services import confirmations, consents
from leads.services.consent import suppress
from leads.services.consents import Origin
from nurturing import confirmation_mails, confirming, delivery, letters, situations, tokens
from nurturing.models import ConfirmationMail, Epoch, Message
from nurturing.services import enrolments, mails
from tests.nurturing import factories
from tests.nurturing.sink import Sink

pytestmark = pytest.mark.django_db
FORM = Origin(Consent.Source.FORM, ip="192.0.2.7")
WORDS = "Yes, send me <guides>."


@pytest.fixture
def guides() -> Topic:
    factories.organisation()
    return Topic.objects.create(name="Guides", confirm=True)


def asked(topic: Topic, **values: Any) -> Confirmation:
    lead = factories.lead(**values)
    result = confirmations.ask_to_confirm(lead=lead, topics=[topic], wording=WORDS, origin=FORM)
    assert result.confirmation is not None
    return result.confirmation


def page_of(confirmation: Confirmation) -> str:
    full = letters.web_address("nurturing:confirmation", tokens.sign(tokens.CONFIRM, confirmation.key))
    return "/" + full.split("/", 3)[3]


def states() -> list[str]:
    return list(ConfirmationMail.objects.order_by("pk").values_list("state", flat=True))


def test_one_mail_goes_out_with_the_words_and_a_link_that_leads_to_the_button(
    guides: Topic, sink: Sink, client: Client
) -> None:
    confirmation = asked(guides)

    for _ in range(2):
        confirmation_mails.send_due()
    (mail,) = sink.mails
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    link = next(line for line in text.splitlines() if "/y/" in line)
    path = "/" + link.split("/", 3)[3]

    assert (mail["To"], mail["Auto-Submitted"]) == (confirmation.address, "auto-generated")
    assert WORDS in text
    assert "&lt;guides&gt;" in html
    assert "Kai 4, 20457 Hamburg" in text
    assert "Do you want this mail?" in client.get(path).content.decode()
    confirmation.refresh_from_db()
    assert confirmation.mailed_at is not None


def test_looking_confirms_nothing_the_button_does_and_says_so_ever_after(
    guides: Topic, client: Client
) -> None:
    page = page_of(asked(guides))

    for look in (client.get, client.head):
        assert look(page).status_code == 200
    client.post(page, {"do": "something else"})
    before = Consent.objects.filter(state="given").count()
    answer = client.post(page, {"do": "confirm"}, follow=True, headers={"user-agent": "Firefox"})

    assert (before, Consent.objects.filter(state="given").count()) == (0, 1)
    assert "that is confirmed" in answer.content.decode()
    assert "that is confirmed" in client.get(page).content.decode()
    assert Consent.objects.get(state="given").evidence["program"] == "Firefox"


def test_a_forged_or_foreign_link_leads_nowhere(guides: Topic, client: Client) -> None:
    confirmation = asked(guides)
    other = tokens.sign(tokens.PREFERENCES, confirmation.key)

    for token in ("nonsense", other, tokens.sign(tokens.CONFIRM, tokens.TEST)):
        assert client.get(f"/y/{token}/").status_code == 404


def test_a_suppression_that_comes_before_the_dot_keeps_the_mail_here(guides: Topic, sink: Sink) -> None:
    confirmation = asked(guides)
    confirming.write()
    held = confirming.claim()
    assert held

    suppress(address=confirmation.address, reason="complained", lead=confirmation.lead)

    assert not confirming.pass_fence(held)
    confirming.turn_away(held)
    confirmation_mails.send_due()
    assert (states(), sink.mails) == (["suppressed"], [])


@pytest.mark.parametrize(
    ("mode", "state"),
    [("never", "rejected"), ("later", "queued"), ("cut_before_dot", "queued"), ("lose_after_dot", "unknown")],
)
def test_what_may_have_left_is_never_sent_again_by_itself(
    guides: Topic, sink: Sink, mode: str, state: str
) -> None:
    asked(guides)
    sink.mode = mode

    confirmation_mails.send_due()
    sink.mode = "accept"
    confirmation_mails.send_due()

    assert states() == [state]
    assert not sink.accepted


def test_whoever_dies_before_the_dot_leaves_the_mail_to_the_next(guides: Topic, sink: Sink) -> None:
    asked(guides)
    confirming.write()
    stale = confirming.claim()
    assert stale
    ConfirmationMail.objects.update(lease_until=Now())

    confirmation_mails.send_due()

    assert not confirming.pass_fence(stale)
    assert (states(), len(sink.accepted)) == (["accepted"], 1)


def test_a_mail_waits_for_the_confirmation_says_so_and_then_leaves_at_once_with_the_proof(
    guides: Topic, sink: Sink, client: Client
) -> None:
    message = factories.queued(factories.running(topic=guides))
    lead = message.enrolment.lead
    confirmation = confirmations.ask_to_confirm(
        lead=lead, topics=[guides], wording=WORDS, origin=FORM
    ).confirmation
    assert confirmation is not None

    delivery.send_due()
    enrolments.stop_lead(lead.pk)
    enrolments.sweep_stops()
    message.refresh_from_db()
    waited = (message.state, message.notes.get().words)
    topic_line = situations.situations([message.pk])[message.pk].blocks[-1]
    client.post(page_of(confirmation), {"do": "confirm"})
    mails.wake(lead.pk)
    delivery.send_due()

    words = "Was asked to confirm mail about Guides, and has not done so yet."
    assert waited == ("queued", words)
    assert topic_line.words == words
    message = Message.objects.get(pk=message.pk)
    assert message.state == "accepted"
    assert message.consent == Consent.objects.get(state="given")
    assert "confirmed" in message.basis


def test_who_was_never_in_enters_a_campaign_only_after_confirming(guides: Topic) -> None:
    campaign = factories.running(topic=guides)
    confirmation = asked(guides)
    enrolments.enrol_segment(campaign.pk)
    before = campaign.enrolments.count()

    confirmations.confirm(confirmation=confirmation, origin=FORM)
    enrolments.enrol_segment(campaign.pk)

    assert (before, campaign.enrolments.count()) == (0, 1)


def test_mail_and_page_speak_the_readers_language(guides: Topic, sink: Sink, client: Client) -> None:
    confirmation = asked(guides, language="de-AT")

    confirmation_mails.send_due()

    assert sink.mails[0]["Subject"] == "Bitte bestätigen: Post von Quillstone"
    assert "Möchten Sie diese Post?" in client.get(page_of(confirmation)).content.decode()


def test_a_link_that_is_too_old_offers_a_new_mail(guides: Topic, client: Client, sink: Sink) -> None:
    confirmation = asked(guides)
    Confirmation.objects.update(expires_at=Now())

    page = client.get(page_of(confirmation)).content.decode()
    refused = client.post(page_of(confirmation), {"do": "confirm"})
    answer = client.post(page_of(confirmation), {"do": "again"}, follow=True)
    confirmation_mails.send_due()

    assert "This link is too old" in page
    assert refused.status_code == 409
    assert "A new mail is on its way" in answer.content.decode()
    assert len(sink.accepted) == 1


@pytest.mark.django_db(transaction=True)
def test_the_page_can_be_read_and_pressed_by_everybody(guides: Topic, page_as: Any, axe: Any) -> None:
    confirmation = asked(guides)

    page = page_as(None, page_of(confirmation), width=390)
    axe(page)
    page.get_by_role("button", name="Yes, send me this").click()

    page.get_by_role("heading", name="Thank you, that is confirmed").wait_for()
    axe(page)
    assert Lead.objects.get(pk=confirmation.lead_id).consents.filter(state="given").exists()


def test_a_restored_backup_sends_no_mail_again_that_may_be_out(guides: Topic, sink: Sink) -> None:
    asked(guides)
    Epoch.objects.update_or_create(pk=1, defaults={"lost_until": Now() + timedelta(minutes=1)})

    confirming.write()

    assert confirming.claim() is None
    assert states() == ["unknown"]


def test_a_later_no_or_another_address_keeps_the_mail_here(guides: Topic, sink: Sink) -> None:
    unwilling, moved = asked(guides), asked(guides)
    consents.withdraw(lead=unwilling.lead, topic=guides, wording="No", origin=FORM)
    Lead.objects.filter(pk=moved.lead_id).update(email="other@buyer.example")
    confirming.write()

    for _ in range(2):
        held = confirming.claim()
        assert held is not None
        assert not confirming.pass_fence(held)
