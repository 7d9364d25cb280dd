"""Each mail once: over real SMTP, with servers that refuse, vanish and forget to answer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models.functions import Now

from accounts.models import Organisation
from leads.models import Activity, Suppression
from leads.services.consent import suppress
from nurturing import delivery, ledger
from nurturing.models import Campaign, Enrolment, MailTrouble, Message, ThrottleState
from nurturing.services import campaigns, enrolments
from tests.nurturing import factories
from tests.nurturing.sink import Sink

pytestmark = pytest.mark.django_db


def state_of(message: Message) -> str:
    message.refresh_from_db()
    return message.state


def kinds_of(lead_id: int) -> list[str]:
    return list(Activity.objects.filter(lead=lead_id).values_list("shape__kind", flat=True))


def test_a_due_mail_arrives_once_and_stands_in_the_timeline(sink: Sink) -> None:
    message = factories.queued()

    delivery.send_due()
    delivery.send_due()

    assert state_of(message) == "accepted"
    assert sink.copies == {f"<{message.key.hex}@quillstone.example>": 1}
    assert kinds_of(message.enrolment.lead_id) == ["email_sent"]


def test_the_next_wait_starts_when_the_mail_is_out(sink: Sink) -> None:
    message = factories.queued()
    run = message.enrolment
    run.refresh_from_db()
    assert run.due_at is None

    delivery.send_due()

    run.refresh_from_db()
    assert run.due_at is not None


def test_a_server_that_says_later_is_asked_again_later(sink: Sink) -> None:
    message = factories.queued()
    sink.mode = "later"

    delivery.send_due()

    assert state_of(message) == "queued"
    assert message.failures == 1
    assert not Message.objects.due().exists()
    assert "451" in message.reply


def test_after_five_failures_a_person_must_look(sink: Sink) -> None:
    message = factories.queued()
    sink.mode = "later_dot"

    for _ in range(ledger.MOST_FAILURES):
        Message.objects.update(due_at=Now())
        ThrottleState.objects.all().delete()  # the domain's rest is over, too
        delivery.send_due()

    assert state_of(message) == "parked"
    assert sink.accepted == []


def test_an_address_that_does_not_exist_bounces_and_is_never_mailed_again(sink: Sink) -> None:
    message = factories.queued()
    sink.mode = "never"

    delivery.send_due()
    enrolments.stop_lead(message.enrolment.lead_id)

    assert state_of(message) == "rejected"
    assert Suppression.objects.get().reason == "bounced"
    assert kinds_of(message.enrolment.lead_id) == ["email_bounce"]
    assert Enrolment.objects.get().ended_because == "unsubscribed"


def test_a_refusal_for_other_reasons_suppresses_nobody(sink: Sink) -> None:
    message = factories.queued()
    sink.mode = "policy"

    delivery.send_due()

    assert state_of(message) == "rejected"
    assert not Suppression.objects.exists()
    assert kinds_of(message.enrolment.lead_id) == []


def test_a_line_cut_before_the_dot_is_safe_to_try_again(sink: Sink) -> None:
    message = factories.queued()
    sink.mode = "cut_before_dot"
    delivery.send_due()
    assert state_of(message) == "queued"
    sink.mode = "accept"
    Message.objects.update(due_at=Now())

    delivery.send_due()

    assert state_of(message) == "accepted"
    assert list(sink.copies.values()) == [1]


@pytest.mark.parametrize("mode", ["cut_after_dot", "lose_after_dot"])
def test_a_line_cut_after_the_dot_is_never_repeated_blindly(sink: Sink, mode: str) -> None:
    message = factories.queued()
    sink.mode = mode

    for _ in range(3):
        delivery.send_due()
        ledger.settle_expired()

    assert state_of(message) == "unknown"
    assert sink.connections == 1


def test_one_bad_address_does_not_stop_the_others(sink: Sink) -> None:
    campaign = factories.running()
    good = [factories.queued(campaign) for _ in range(3)]
    bad = factories.queued(campaign)
    Message.objects.filter(pk=bad.pk).update(to_address="two words@buyer.example", due_at=bad.queued_at)
    sink.mode_for[good[1].to_address] = "cut_before_dot"

    delivery.send_due()

    assert state_of(bad) == "parked"
    assert [state_of(message) for message in good] == ["accepted", "queued", "accepted"]


def test_a_server_that_is_away_leaves_everything_queued_and_says_so(sink: Sink) -> None:
    messages = [factories.queued() for _ in range(2)]
    sink.mode = "away"

    result = delivery.send_due()

    assert result.trouble
    assert [state_of(message) for message in messages] == ["queued", "queued"]
    assert [message.failures for message in messages] == [0, 0]
    assert MailTrouble.objects.get().reason == result.trouble[:300]
    sink.mode = "accept"
    delivery.send_due()
    assert not MailTrouble.objects.exists()
    assert len(sink.accepted) == 2


def test_a_server_that_refuses_our_address_is_trouble_of_ours_not_of_the_leads(sink: Sink) -> None:
    message = factories.queued()
    sink.mode = "sender"

    result = delivery.send_due()

    assert "refuses our sender address" in result.trouble
    assert state_of(message) == "queued"


def test_many_mails_share_one_connection(sink: Sink, settings: Any) -> None:
    settings.MAIL_CONNECTIONS = 1
    campaign = factories.running()
    for _ in range(5):
        factories.queued(campaign)

    delivery.send_due()

    assert len(sink.accepted) == 5
    assert sink.connections == 1


def at_the_fence(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], object]) -> None:
    """Do something after the body has gone and before the fence is read."""
    pass_fence = ledger.pass_fence

    def first(held: ledger.Claim, cited: ledger.Cited) -> bool:
        happens()
        return pass_fence(held, cited)

    monkeypatch.setattr(ledger, "pass_fence", first)


def test_an_unsubscribe_between_body_and_dot_keeps_the_mail_back(
    sink: Sink, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = factories.queued()
    at_the_fence(monkeypatch, lambda: suppress(address=message.to_address, reason="unsubscribed"))

    delivery.send_due()

    assert state_of(message) == "suppressed"
    assert sink.accepted == []


def test_a_pause_between_body_and_dot_holds_the_mail(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    message = factories.queued()
    campaign = Campaign.objects.get()
    at_the_fence(monkeypatch, lambda: campaigns.pause(campaign))

    delivery.send_due()

    assert state_of(message) == "queued"
    assert sink.accepted == []
    monkeypatch.undo()
    campaigns.resume(campaign)
    sink.mode = "accept"
    campaign_mail_server_again(sink)
    delivery.send_due()
    assert state_of(message) == "accepted"


def campaign_mail_server_again(sink: Sink) -> None:
    """monkeypatch.undo() took the sink's settings with it."""
    from django.conf import settings

    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", sink.port


def test_a_worker_that_slept_past_its_lease_sends_no_dot(sink: Sink, monkeypatch: pytest.MonkeyPatch) -> None:
    message = factories.queued()
    at_the_fence(monkeypatch, lambda: Message.objects.update(lease_until=Now()))

    delivery.send_due(limit=1)

    assert sink.accepted == []
    assert state_of(message) in ("claimed", "queued")


def test_a_mail_that_kills_its_sender_is_tried_alone_and_then_shown_to_a_person() -> None:
    campaign = factories.running()
    poison, other = factories.queued(campaign), factories.queued(campaign)

    def sender_dies(limit: int) -> list[int]:
        claims = ledger.claim(limit)
        Message.objects.filter(lease_until__isnull=False).update(lease_until=Now())
        ledger.settle_expired()
        return [held.message_id for held in claims]

    together = [sender_dies(10) for _ in range(ledger.SUSPECT)]
    alone = sender_dies(10)
    Message.objects.filter(pk=other.pk).update(state="accepted")
    while sender_dies(10):
        pass

    assert together == [[poison.pk, other.pk]] * ledger.SUSPECT
    assert alone == [poison.pk]
    assert state_of(poison) == "parked"


def test_a_late_answer_settles_a_mail_already_called_unknown() -> None:
    message = factories.queued()
    (held,) = ledger.claim(1)
    assert ledger.pass_fence(held)
    Message.objects.update(lease_until=Now())
    ledger.settle_expired()
    assert state_of(message) == "unknown"

    ledger.accept(held, "250 ok")

    assert state_of(message) == "accepted"


def test_a_mail_carries_what_the_law_and_the_mailbox_providers_want(sink: Sink) -> None:
    factories.organisation(name="Quillstone Ærø", sender_name="Dåna")
    Organisation.objects.update(name="Quillstone Ærø", sender_name="Dåna")
    message = factories.queued(first_name="Åse")
    Organisation.objects.update(name="Quillstone Ærø", sender_name="Dåna")

    delivery.send_due()

    (mail,) = sink.mails
    text = mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert mail["From"] == "Dåna <dana@quillstone.example>"
    assert mail["To"] == message.to_address
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = mail["List-Unsubscribe"].partition(",")[0].strip("<>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Precedence"] == "bulk"
    assert "campaign-" in mail["List-Id"]
    assert "/p/" in mail["List-Help"]
    assert (mail["List-Owner"], mail["List-Post"]) == ("<mailto:dana@quillstone.example>", "NO")
    for part in (text, html):
        assert "Åse" in part
        assert address in part
        assert "Kai 4, 20457 Hamburg" in part
        assert "You get this because" in part
    assert "https://quillstone.example/guide" not in html  # tracked


def test_our_own_words_under_a_mail_are_in_its_readers_language(sink: Sink) -> None:
    campaign = factories.running()
    messages = [factories.queued(campaign, language=language) for language in ("de", "fr")]

    delivery.send_due()

    texts = {mail["To"]: mail.get_body(("plain",)).get_content() for mail in sink.mails}
    german, other = (texts[message.to_address] for message in messages)
    assert "weil Sie Quillstone diese Adresse gegeben haben" in german
    assert "Abmelden: http" in german
    assert "You get this because" in other
    assert "Unsubscribe: http" in other


@pytest.mark.parametrize(
    "name", ["Eve\r\nBcc: all@x.example", "Eve\x00\nX: y", "<b>Eve</b>", "👩‍🚀" * 40, "ليلى", "E" * 149]
)
def test_no_name_breaks_a_mail_or_adds_a_header(sink: Sink, name: str) -> None:
    campaign = factories.draft()
    factories.organisation()
    factories.email(campaign, "For {{ first_name }}")
    campaigns.publish_version(campaign=campaign, actor=None)
    campaign.refresh_from_db()
    message = factories.queued(campaign, first_name=name.replace("\x00", ""))

    delivery.send_due()

    (mail,) = sink.mails
    assert mail["Bcc"] is None
    assert mail["X"] is None
    assert mail["To"] == message.to_address
    assert mail.defects == []
    assert max(len(line) for line in sink.accepted[0].split(b"\r\n")) <= 998
    assert "<b>Eve</b>" not in mail.get_body(("html",)).get_content()
