"""What came back to the demo company's latest mails: a little of everything, read as real mails are."""

from __future__ import annotations

from nurturing import return_path
from nurturing.models import Message
from nurturing.services.returned_mails import take_in

DOMAIN = "quillstone.example"
GONE = ("5.1.1", "550 5.1.1 No such user here")
FULL = ("4.2.2", "452 4.2.2 The mailbox is full")
AWAY = "Thank you for your mail. I am out of the office until Monday and answer then."
ANSWERS = (
    "Good timing: we plan the spring rotas now. Could you call me on Thursday?",
    "Thanks, I passed the guide on to our operations lead.",
)


def load() -> int:
    """The newest mails of the running campaign, in fixed order, so that every demo is the same."""
    sent = Message.objects.filter(
        state="accepted", enrolment__campaign__state="active", enrolment__ended_at=None
    )
    mails = list(sent.order_by("-sent_at", "pk")[:200:25])
    letters = [
        *(_report(mail, *GONE) for mail in mails[:2]),
        *(_report(mail, *FULL) for mail in mails[2:4]),
        *(_answer(mail, text) for mail, text in zip(mails[4:6], ANSWERS, strict=False)),
        *(_answer(mail, AWAY, "Auto-Submitted: auto-replied\n") for mail in mails[6:7]),
        *(_complaint(mail) for mail in mails[7:8]),
        b"From: prize@lottery.example\nTo: bounces@quillstone.example\nSubject: You have won\n\nClaim it today.\n",
    ]
    return sum(take_in(letter, source="file") is not None for letter in letters)


def _address(mail: Message) -> str:
    return return_path.address(return_path.RETURN, mail.key, DOMAIN)


def _report(mail: Message, status: str, said: str) -> bytes:
    return (
        f"From: MAILER-DAEMON@{mail.to_address.rpartition('@')[2]}\nTo: {_address(mail)}\n"
        f"Message-ID: <r{mail.pk}@demo>\n"
        "Subject: Undelivered mail\nContent-Type: multipart/report; report-type=delivery-status; boundary=cut\n\n"
        "--cut\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
        f"Final-Recipient: rfc822; {mail.to_address}\nAction: failed\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {said}\n\n--cut--\n"
    ).encode()


def _answer(mail: Message, text: str, headers: str = "") -> bytes:
    return (
        f"From: {mail.to_address}\nTo: {_address(mail)}\nMessage-ID: <a{mail.pk}@demo>\n"
        f"{headers}Subject: Re: {mail.step.subject}\n\n{text}\n"
    ).encode()


def _complaint(mail: Message) -> bytes:
    return (
        f"From: feedback@mailbox.example\nTo: {_address(mail)}\nMessage-ID: <c{mail.pk}@demo>\nSubject: Report\n"
        "Content-Type: multipart/report; report-type=feedback-report; boundary=cut\n\n"
        "--cut\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: Mailbox.example feedback\n"
        f"Original-Mail-From: {_address(mail)}\n\n--cut--\n"
    ).encode()
