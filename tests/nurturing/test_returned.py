"""Mails that came back are read for what to do with the address. All mails here are made up."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given, settings
from hypothesis import strategies as st

from nurturing.returned import Reading, read
from nurturing.returned.incoming import incoming

DAEMON = "From: Mail system <mailer-daemon@mx.quill.test>\nTo: news@tandem.test\nSubject: Undelivered mail\n"


def report(*groups: str, words: str = "Your mail could not be delivered.") -> bytes:
    fields = "\n\n".join(("Reporting-MTA: dns; mx.quill.test", *groups))
    return (
        f"{DAEMON}Content-Type: multipart/report; report-type=delivery-status; boundary=cut\n\n"
        f"--cut\nContent-Type: text/plain\n\n{words}\n\n"
        f"--cut\nContent-Type: message/delivery-status\n\n{fields}\n\n"
        "--cut\nContent-Type: message/rfc822\n\nTo: ida@oak.test\nSubject: Hello\n\nNo such user\n--cut--\n"
    ).encode()


def about(person: str, status: str, said: str, action: str = "failed") -> str:
    return f"Final-Recipient: rfc822; {person}\nAction: {action}\nStatus: {status}\nDiagnostic-Code: smtp; {said}"


def told(words: str, headers: str = DAEMON) -> Reading:
    return read(f"{headers}\n{words}".encode())


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        ("5.1.1", "550 5.1.1 <ida@oak.test>: no such person", "hard"),
        ("5.1.2", "550 5.1.2 bad destination system", "hard"),
        ("5.4.4", "unable to route", "hard"),
        ("5.1.10", "556 5.1.10 null MX", "hard"),
        ("4.1.1", "450 4.1.1 user unknown", "soft"),
        ("5.2.2", "552 5.2.2 over quota", "soft"),
        ("5.1.1", "552 5.2.2 mailbox full", "soft"),
        ("5.2.1", "550 5.2.1 this account has been disabled", "soft"),
        ("5.7.1", "550 5.7.1 blocked by our policy", "soft"),
        ("5.1.8", "553 5.1.8 domain of sender address does not exist", "soft"),
        ("5.1.1", "550 5.1.1 message rejected as spam", "soft"),
        ("5.0.0", "550 unknown user", "soft"),
        ("5.5.0", "550 Requested action not taken: mailbox unavailable", "hard"),
        ("5.0.0", "550 <ida@oak.test>: user unknown", "hard"),
        ("5.0.0", "550 user unknown (in reply to RCPT TO command)", "hard"),
        ("5.0.0", "550 user unknown (in reply to end of DATA command)", "soft"),
        ("5.0.0", "", "soft"),
    ],
)
def test_a_report_is_hard_only_when_nobody_can_be_reached_at_the_address(
    status: str, said: str, kind: str
) -> None:
    reading = read(report(about("ida@oak.test", status, said)))

    assert (reading.kind, reading.recipients) == (kind, ["ida@oak.test"])


@pytest.mark.parametrize(
    ("action", "kind"),
    [("delayed", "soft"), ("delivered", "none"), ("relayed", "none"), ("expanded", "none")],
)
def test_what_was_done_goes_before_the_code(action: str, kind: str) -> None:
    reading = read(report(about("ida@oak.test", "5.1.1", "", action)))

    assert reading.kind == kind


def test_of_several_recipients_only_those_of_the_gravest_kind_are_named() -> None:
    full = about("full@oak.test", "5.2.2", "552 mailbox full")
    gone = about("gone@oak.test", "5.1.1", "550 5.1.1 user unknown")

    reading = read(report(full, gone))

    assert (reading.kind, reading.recipients, reading.status) == ("hard", ["gone@oak.test"], "5.1.1")
    assert [finding.kind for finding in reading.findings] == ["soft", "hard"]


def test_groups_without_the_empty_line_between_them_are_still_apart() -> None:
    joined = about("full@oak.test", "5.2.2", "552 full") + "\n" + about("gone@oak.test", "5.1.1", "550 gone")

    assert read(report(joined)).recipients == ["gone@oak.test"]


QMAIL = "<ida@oak.test>:\n192.0.2.9 does not like recipient.\nSaid: 550 no such user\n--- Below this line is a copy.\n"
EXIM = "could not be delivered:\n\n  ida@oak.test\n    error after RCPT TO:<ida@oak.test>: 550 unknown user\n"


@pytest.mark.parametrize(
    ("words", "kind", "people"),
    [
        (QMAIL, "hard", ["ida@oak.test"]),
        (EXIM, "hard", ["ida@oak.test"]),
        ("did not reach:\n\nida@oak.test\n  The recipient name is not recognized\n", "hard", ["ida@oak.test"]),
        ("Could not be delivered to: <ida@oak.test>\nas their mailbox is full.\n", "soft", ["ida@oak.test"]),
        ("Delivery to ida@oak.test has been delayed. It will be retried.\n", "soft", ["ida@oak.test"]),
        ("undelivered:\nida@oak.test: 552 5.2.2 full\nbo@oak.test: 550 5.1.1 user unknown\n", "hard", ["bo@oak.test"]),
    ],
)  # fmt: skip
def test_bounces_without_a_report_are_read_by_their_words(words: str, kind: str, people: list[str]) -> None:
    reading = told(words)

    assert (reading.kind, reading.recipients) == (kind, people)


@pytest.mark.parametrize(
    ("feedback", "kind"), [("abuse", "complaint"), ("auth-failure", "none"), ("not-spam", "none")]
)
def test_a_feedback_report_of_abuse_is_a_complaint(feedback: str, kind: str) -> None:
    raw = (
        "From: fbl@oak.test\nSubject: Report\nContent-Type: multipart/report; boundary=cut\n\n"
        f"--cut\nContent-Type: message/feedback-report\n\nFeedback-Type: {feedback}\n"
        "Original-Rcpt-To: <ida@oak.test>\n\n--cut--\n"
    )

    reading = read(raw.encode())

    assert reading.kind == kind
    assert reading.recipients == (["ida@oak.test"] if kind == "complaint" else [])


@pytest.mark.parametrize(
    "headers",
    [
        "Subject: Hello\nAuto-Submitted: auto-replied\n",
        "Subject: Hello\nX-Autoreply: yes\n",
        "Subject: Hello\nPrecedence: auto_reply\n",
        "Subject: Automatic reply: Hello\n",
        "Subject: Out of office\n",
        "Subject: Automatische Antwort: Hallo\n",
        "Subject: =?utf-8?b?6Ieq5YuV5b+c562U?=\n",
    ],
)
def test_an_answering_machine_is_no_bounce_even_when_it_says_so(headers: str) -> None:
    reading = told(
        "I left. My old mailbox is full and no longer in use.", f"From: Ida <ida@oak.test>\n{headers}"
    )

    assert (reading.kind, reading.recipients) == ("auto_reply", ["ida@oak.test"])


@pytest.mark.parametrize("subject", ["Re: Hello", "Lunch?", "Newsletter"])
def test_an_ordinary_mail_is_nothing(subject: str) -> None:
    reading = told(
        "Yes, gladly. Our account manager is new.", f"From: Ida <ida@oak.test>\nSubject: {subject}\n"
    )

    assert reading == Reading(())
    assert (reading.kind, reading.status) == ("none", None)


def test_the_copy_of_our_own_mail_says_nothing_about_the_address() -> None:
    reading = told(
        "It could not be delivered to ida@oak.test: 550 5.7.1 refused.\n\n"
        "Received: from us\n\n550 5.1.1 no such user\n"
    )

    assert (reading.kind, reading.status) == ("soft", "5.7.1")


SEEDS = [
    report(about("ida@oak.test", "5.1.1", "550 gone")),
    f"{DAEMON}\n<a@b.test>: 550".encode(),
    b'\n{"notificationType": "Bounce"}',
]
CUTS = st.tuples(st.integers(0, 900), st.integers(0, 40), st.binary(max_size=40))


@given(seed=st.sampled_from(SEEDS), cuts=st.lists(CUTS, max_size=12))
@settings(max_examples=150, deadline=None)
def test_whatever_the_bytes_are_there_is_a_reading(seed: bytes, cuts: list[tuple[int, int, bytes]]) -> None:
    for at, gone, put in cuts:
        seed = seed[:at] + put + seed[at + gone :]

    reading = read(seed)

    assert reading.kind in {"hard", "soft", "complaint", "auto_reply", "none"}
    assert json.dumps([reading.recipients, reading.status])


def test_very_deep_mails_are_read_as_far_as_they_matter() -> None:
    deep = "".join(
        f"Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n" for level in range(3000)
    )

    assert read((DAEMON + deep).encode()).kind == "soft"


def test_the_command_prints_one_list_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(report(about("ida@oak.test", "5.1.1", "550 5.1.1 user unknown")))
    out = StringIO()

    call_command("classify_bounce", str(path), "--json", stdout=out)

    row = {"file": str(path), "kind": "hard", "recipients": ["ida@oak.test"], "status": "5.1.1"}
    assert json.loads(out.getvalue()) == [row]


def test_a_file_that_cannot_be_read_is_named_and_the_others_are_told(tmp_path: Path) -> None:
    path = tmp_path / "empty.eml"
    path.touch()
    out, errors = StringIO(), StringIO()

    with pytest.raises(CommandError, match="2 of 3 files"):
        call_command(
            "classify_bounce",
            str(tmp_path / "missing"),
            str(path),
            str(tmp_path),
            "--json",
            stdout=out,
            stderr=errors,
        )

    assert [row["file"] for row in json.loads(out.getvalue())] == [str(path)]
    assert "missing cannot be read: No such file" in errors.getvalue()
    assert f"{tmp_path} cannot be read: Is a directory" in errors.getvalue()


GROUPS = """Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; bob@x.example
Action: failed
Status: 5.1.1
"""


def report_of(kind: str) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n'
        f"--b\r\nContent-Type: {kind}\r\n\r\n{GROUPS}\r\n--b--\r\n"
    ).encode()


@pytest.mark.parametrize("kind", ["message/delivery-status", "message/global-delivery-status"])
def test_reports_of_servers_that_know_all_alphabets_are_read_alike(kind: str) -> None:
    reading = read(report_of(kind))

    assert (reading.kind, reading.recipients, reading.status) == ("hard", ["bob@x.example"], "5.1.1")


@pytest.mark.parametrize(
    "subject", ["Read: A guide", "Not read: A guide, it failed to be delivered to a reader"]
)
def test_a_read_receipt_is_neither_a_bounce_nor_a_reply(subject: str) -> None:
    mail = incoming(
        f"From: bob@x.example\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/report; report-type=disposition-notification; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt was deleted; it failed to be delivered to a reader.\r\n"
        "--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        "Final-Recipient: rfc822; bob@x.example\r\nDisposition: automatic-action/MDN-sent-automatically; deleted\r\n"
        "\r\n--b--\r\n".encode()
    )

    assert (mail.kind_for("bob@x.example"), mail.personal) == ("none", False)


def test_a_link_in_an_answer_says_nothing_about_the_reason() -> None:
    reading = read(
        b"From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail Returned to Sender\r\n\r\n"
        b"<bob@x.example>: host mx.example said: 550 5.1.1 User unknown. See https://antispam.example/policy\r\n"
    )

    assert reading.kind == "hard"


@pytest.mark.parametrize(
    ("sender", "subject"),
    [("bob@x.example", "Vacation rentals - price?"), ("postmaster@x.example", "Re: A guide")],
)
def test_people_are_not_taken_for_machines(sender: str, subject: str) -> None:
    mail = incoming(
        f"From: {sender}\r\nSubject: {subject}\r\nIn-Reply-To: <1@quillstone.example>\r\n\r\n"
        "We were unable to deliver on time last year, so tell us more.\r\n".encode()
    )

    assert mail.reading.kind == "none"
