"""Mails that come back, as mail systems write them. All made up."""

from itertools import count

from nurturing import return_path
from nurturing.models import Message

NUMBERS = count(1)


def address_of(message: Message, purpose: bytes = return_path.RETURN) -> str:
    return return_path.address(purpose, message.key, "quillstone.example")


def report(
    message: Message, status: str = "5.1.1", said: str = "550 5.1.1 no such user", **values: str
) -> bytes:
    """`to`: another address than the true one; `action`, `person`."""
    person = values.get("person", message.to_address)
    return (
        f"From: MAILER-DAEMON@mx.buyer.example\r\nTo: <{values.get('to', address_of(message))}>\r\n"
        f"Message-ID: <{next(NUMBERS)}@mx.buyer.example>\r\nSubject: Undelivered mail\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=cut\r\n\r\n"
        "--cut\r\nContent-Type: text/plain\r\n\r\nYour mail was not delivered.\r\n"
        "--cut\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.buyer.example\r\n\r\n"
        f"Final-Recipient: rfc822; {person}\r\nAction: {values.get('action', 'failed')}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {said}\r\n\r\n--cut--\r\n"
    ).encode()


def complaint(message: Message) -> bytes:
    """A feedback loop's own address gets it; our return address stands in the report alone."""
    return (
        f"From: fbl@buyer.example\r\nTo: abuse@quillstone.example\r\nMessage-ID: <{next(NUMBERS)}@buyer.example>\r\n"
        "Subject: Report\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=cut\r\n\r\n"
        "--cut\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: Loop/1\r\n"
        f"Original-Mail-From: <{address_of(message)}>\r\n\r\n--cut--\r\n"
    ).encode()


def answer(
    message: Message, text: str = "Gladly. Call me on Tuesday.", headers: str = "", to: str = ""
) -> bytes:
    return (
        f"From: Ida <{message.to_address}>\r\nTo: {to or 'dana@quillstone.example'}\r\n"
        f"Message-ID: <{next(NUMBERS)}@buyer.example>\r\nIn-Reply-To: <{message.key.hex}@quillstone.example>\r\n"
        f"Subject: Re: First\r\n{headers}\r\n{text}\r\n"
    ).encode()
