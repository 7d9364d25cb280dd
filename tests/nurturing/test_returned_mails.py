"""What comes back has its effect once, and only if it is about a mail of ours."""

import io
import mailbox
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from leads.models import Activity, Suppression
from leads.services.consent import suppress
from leads.timeline import timeline
from nurturing import delivery, demo_returns, reporting, return_path
from nurturing.intake import imap, returned
from nurturing.models import Enrolment, MailboxTrouble, Message, ReturnedMail, Unsubscribe
from nurturing.rendering import CannotCompose
from nurturing.services.returned_mails import forget_foreign, take_in
from tests.nurturing import factories
from tests.nurturing.imap_server import ImapServer
from tests.nurturing.returning import address_of, answer, complaint, report
from tests.nurturing.sink import Sink

pytestmark = pytest.mark.django_db


@pytest.fixture
def message() -> Message:
    sent = factories.queued()
    Message.objects.filter(pk=sent.pk).update(state="accepted", told_at=sent.queued_at)
    sent.refresh_from_db()
    return sent


def come(raw: bytes, **values: Any) -> ReturnedMail | None:
    return take_in(raw, source="file", **values)


def kinds_of(message: Message) -> list[str]:
    rows = Activity.objects.filter(lead=message.enrolment.lead_id).order_by("received_at", "id")
    return list(rows.values_list("shape__kind", flat=True))


def reasons() -> list[str]:
    return list(Suppression.objects.values_list("reason", flat=True))


@given(key=st.uuids(), purpose=st.sampled_from([return_path.RETURN, return_path.UNSUBSCRIBE]))
def test_a_return_address_names_its_mail_in_any_case_and_fits_any_server(key: Any, purpose: bytes) -> None:
    address = return_path.address(purpose, key, "quillstone.example")

    assert len(address.partition("@")[0]) <= 64
    for written in (address, address.upper(), f"<prvs=0123={address}>"):
        assert list(return_path.found_in(written)) == [(purpose, key)]


@given(place=st.integers(0, 39), letter=st.sampled_from("abcxyz234567"))
def test_a_forged_address_names_nothing(place: int, letter: str) -> None:
    key = Message().key
    token = return_path.token(return_path.RETURN, key)
    forged = token[:place] + letter + token[place + 1 :]

    assert (return_path.read(forged) is None) == (forged != token)


def test_an_old_key_still_verifies_and_a_strangers_does_not(settings: Any) -> None:
    key = Message().key
    token = return_path.token(return_path.RETURN, key)
    settings.SECRET_KEY, old = "a new one", settings.SECRET_KEY

    assert return_path.read(token) is None
    settings.SECRET_KEY_FALLBACKS = [old]
    assert return_path.read(token) == (return_path.RETURN, key)


def test_the_return_path_may_have_a_domain_of_its_own_but_no_endless_name(settings: Any) -> None:
    settings.RETURN_PATH = "b@back.quillstone.example"
    assert address_of(Message()).endswith("@back.quillstone.example")

    settings.RETURN_PATH = "b" * 24
    with pytest.raises(CannotCompose, match="23"):
        address_of(Message())


def test_a_campaign_mail_carries_both_addresses(sink: Sink) -> None:
    message = factories.queued()

    delivery.send_due()

    assert sink.senders == [address_of(message)]
    wish = address_of(message, return_path.UNSUBSCRIBE)
    assert f"<mailto:{wish}?subject=unsubscribe>" in sink.mails[0]["List-Unsubscribe"]
    assert sink.mails[0]["List-Unsubscribe"].startswith("<http")


def test_a_dead_address_is_never_mailed_again(message: Message) -> None:
    row = come(report(message))

    message.refresh_from_db()
    assert row is not None
    assert (row.kind, row.status, row.message, row.recipients) == (
        "hard",
        "5.1.1",
        message,
        [message.to_address],
    )
    assert message.bounced
    assert reasons() == ["bounced"]
    assert kinds_of(message) == ["email_bounce"]


def test_the_same_mail_over_two_ways_has_one_effect(message: Message) -> None:
    raw = report(message, "4.2.2", "452 mailbox full")
    come(raw)

    again = come(b"Return-Path: <>\r\nReceived: from elsewhere\r\n" + raw)
    nameless = raw.replace(b"Message-ID: ", b"X-Was: ")
    come(nameless)
    come(b"Delivered-To: bounces@quillstone.example\n" + nameless.replace(b"\r\n", b"\n"))

    assert again is None
    assert ReturnedMail.objects.count() == 2
    assert kinds_of(message) == ["email_bounce"]


def test_an_address_is_given_up_when_three_mails_failed_within_days(message: Message) -> None:
    messages = [message, *(_another(message, visit) for visit in (2, 3))]
    for one in messages[:2]:
        come(report(one, "4.2.2", "452 mailbox full"))
        come(report(one, "4.2.2", "452 mailbox full", action="delayed"))
        come(report(one, "4.2.2", "452 mailbox full"))
    before = reasons()

    come(report(messages[2], "5.2.2", "552 5.2.2 mailbox full"))

    assert before == []
    assert reasons() == ["bounced"]
    assert "3 mails within 14 days" in Suppression.objects.get().detail


def test_a_mail_that_is_still_being_tried_has_not_failed(message: Message) -> None:
    come(report(message, "4.4.1", "no answer", action="delayed"))

    assert kinds_of(message) == []


def _another(message: Message, visit: int) -> Message:
    return Message.objects.create(
        enrolment=message.enrolment,
        step=message.step,
        visit=visit,
        to_address=message.to_address,
        state="accepted",
    )


def test_a_complaint_outweighs_what_was_known_and_counts_against_the_campaign(message: Message) -> None:
    suppress(address=message.to_address, reason="unsubscribed")

    come(complaint(message))
    come(complaint(message))

    message.refresh_from_db()
    assert message.complained_at
    assert reasons() == ["complained"]
    assert kinds_of(message) == ["email_complaint"]


def test_the_report_counts_bounces_and_complaints_of_each_mail(message: Message) -> None:
    other = factories.queued(message.enrolment.campaign)
    Message.objects.filter(pk=other.pk).update(state="accepted")
    for come_back in (complaint(message), report(message), report(other, "4.2.2", "452 full")):
        come(come_back)

    [first, *_] = reporting.report(message.enrolment.campaign).mails
    assert (first.counts["bounced"], first.counts["complained"]) == (2, 1)


def test_the_demo_has_a_little_of_everything(message: Message) -> None:
    for visit in range(2, 210):
        _another(message, visit)
    Message.objects.update(sent_at="2026-01-01T00:00:00Z")

    assert demo_returns.load() == 9
    assert set(ReturnedMail.objects.values_list("kind", flat=True)) >= {"hard", "soft", "reply", "auto_reply"}


def test_an_answering_machine_is_neither_a_bounce_nor_a_reply(message: Message) -> None:
    row = come(answer(message, headers="Auto-Submitted: auto-replied\r\n"))

    assert row is not None
    assert (row.kind, row.message) == ("auto_reply", message)
    assert (kinds_of(message), reasons()) == ([], [])


def test_a_persons_reply_stands_in_the_timeline(message: Message) -> None:
    row = come(answer(message, "Gladly. Call me on Tuesday.\r\n\r\nOn Monday Dana wrote:\r\n> Hello"))

    assert row is not None
    assert (row.kind, row.words) == ("reply", "Gladly. Call me on Tuesday.")
    entry = timeline(message.enrolment.lead, "email").entries[0]
    assert entry.words == "Answered a mail"
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    ("text", "purpose"), [("Unsubscribe", None), ("please remove me.", None), ("", return_path.UNSUBSCRIBE)]
)
def test_a_wish_by_mail_is_heeded(message: Message, text: str, purpose: bytes | None) -> None:
    come(answer(message, text, to=address_of(message, purpose) if purpose else ""))

    assert reasons() == ["unsubscribed"]
    assert Unsubscribe.objects.get().how == "mail"
    assert Enrolment.objects.get().ended_because == "unsubscribed"


def test_a_sentence_about_unsubscribing_is_a_reply(message: Message) -> None:
    row = come(answer(message, "Do not remove me, please: I like these."))

    assert row is not None
    assert row.kind == "reply"


@pytest.mark.parametrize("to", ["bounces@quillstone.example", "bounces+" + "a" * 40 + "@quillstone.example"])
def test_a_forged_bounce_is_kept_as_not_ours_and_changes_nothing(message: Message, to: str) -> None:
    row = come(report(message, to=to))

    assert row is not None
    assert (row.kind, row.message) == ("hard", None)
    assert (kinds_of(message), reasons()) == ([], [])


def test_of_several_people_in_a_report_only_ours_decides(message: Message) -> None:
    group = f"\r\nFinal-Recipient: rfc822; {message.to_address}\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n--cut--"
    raw = report(message, person="other@buyer.example").replace(b"\r\n--cut--", group.encode())

    row = come(raw)

    assert row is not None
    assert row.kind == "delivered"
    assert reasons() == []


@pytest.mark.parametrize(
    ("action", "state", "kinds"),
    [
        ("delivered", "accepted", ["email_delivered"]),
        ("relayed", "accepted", []),
        ("failed", "rejected", ["email_bounce"]),
        ("delayed", "unknown", []),
    ],
)
def test_a_report_settles_a_mail_nobody_was_sure_about(
    message: Message, action: str, state: str, kinds: list[str]
) -> None:
    Message.objects.update(state="unknown")

    come(report(message, "4.2.2" if action in ("failed", "delayed") else "2.0.0", "mailbox", action=action))

    message.refresh_from_db()
    assert message.state == state
    assert kinds_of(message) == kinds


def test_whoever_answers_a_mail_has_got_it(message: Message) -> None:
    Message.objects.update(state="unknown")

    come(answer(message, headers="Auto-Submitted: auto-replied\r\n"))

    message.refresh_from_db()
    assert message.state == "accepted"


def test_a_newer_address_is_not_struck_off_with_the_old_one(message: Message) -> None:
    lead = message.enrolment.lead
    lead.email = "new@buyer.example"
    lead.save()

    come(report(message))

    assert Suppression.objects.get().lead is None


HOSTILE = [
    b"",
    b"\0" * 50,
    b"From: \xff\xfe\nSubject: =?utf-8?b?AAAA?=\n\n\0\xed\xa0\x80",
    b"<" * 5000,
    b"x" * 3_000_000,
]


@pytest.mark.parametrize("raw", HOSTILE)
def test_whatever_comes_is_kept(raw: bytes) -> None:
    row = come(raw)

    assert row is not None
    assert (row.kind, row.message) == ("none", None)


def test_a_mail_server_pipes_a_mail_in(message: Message, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = report(message, to="undisclosed@quillstone.example")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw)))
    out = io.StringIO()

    call_command("take_in_mail", "--recipient", address_of(message), stdout=out)

    assert out.getvalue() == "standard input: hard\n"
    assert reasons() == ["bounced"]


def test_a_mail_folder_is_emptied_and_a_bad_file_does_not_stop_it(message: Message, tmp_path: Path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    box.add(b"nothing of the kind")
    box.add(report(message))
    out, errors = io.StringIO(), io.StringIO()

    with pytest.raises(CommandError, match="1 could not be taken in"):
        call_command(
            "take_in_mail", str(tmp_path / "missing"), str(tmp_path / "box"), stdout=out, stderr=errors
        )

    assert reasons() == ["bounced"]
    assert "2 taken in" in out.getvalue()
    assert not list((tmp_path / "box" / "new").iterdir())
    assert len(list((tmp_path / "box" / "cur").iterdir())) == 2


def test_the_mail_folder_of_the_settings_is_looked_into(
    message: Message, tmp_path: Path, settings: Any
) -> None:
    settings.RETURN_MAILDIR = str(tmp_path / "box")
    mailbox.Maildir(tmp_path / "box").add(report(message))

    assert (returned.fetch(), returned.fetch()) == (1, 0)
    assert reasons() == ["bounced"]


def test_a_mailbox_is_read_and_what_was_done_is_marked(message: Message, settings: Any) -> None:
    with ImapServer([b"spam", report(message)]) as server:
        settings.RETURN_IMAP_URL = server.url

        assert (returned.fetch(), returned.fetch()) == (2, 0)

        assert server.seen == {1, 2}
    assert reasons() == ["bounced"]


def test_a_lost_line_is_noted_and_the_rest_is_read_later(message: Message, settings: Any) -> None:
    with ImapServer([report(message), b"spam"], hang_up_after=1) as server:
        settings.RETURN_IMAP_URL = server.url
        returned.fetch()
        trouble = MailboxTrouble.objects.first()

        server.hang_up_after = 0
        assert returned.fetch() == 1

    assert trouble
    assert not MailboxTrouble.objects.exists()
    assert ReturnedMail.objects.count() == 2


def test_a_mailbox_address_that_is_none_says_so() -> None:
    with pytest.raises(imap.MailboxAway, match=r"imap\+ssl://"):
        imap.mailbox_of("pop3://mail.quillstone.example")


def test_what_was_not_ours_is_forgotten_after_a_while(message: Message) -> None:
    come(b"spam")
    come(answer(message))
    ReturnedMail.objects.update(at="2020-01-01T00:00:00Z")

    assert forget_foreign() == 1
    assert ReturnedMail.objects.get().message == message


def test_the_page_is_for_marketing_and_as_quick_for_many(
    client_of: Callable[[User], Client], mara: User, rita: User, message: Message
) -> None:
    assert client_of(rita).get("/returned/").status_code == 403
    empty = client_of(mara).get("/returned/")
    come(report(message, said="550 5.1.1 <script>alert(1)</script>"))
    client = client_of(mara)
    with CaptureQueriesContext(
        connection,
    ) as one:
        first = client.get("/returned/")
    for _ in range(30):
        come(answer(message))
    come(b"From: eve@spam.example\n\nspam")
    with CaptureQueriesContext(connection) as many:
        client.get("/returned/")

    assert "Nothing came back" in empty.content.decode()
    assert "&lt;script&gt;" in first.content.decode()
    assert len(one) == len(many)
    assert "eve@spam.example" in client.get("/returned/?show=foreign").content.decode()
    assert "Nothing here" in client.get("/returned/?show=complaints&q=%00'").content.decode()
