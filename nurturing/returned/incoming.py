"""A mail that came to our return address: what it says, whose mail it may be about, and who wrote it."""

import hashlib
import re
from dataclasses import dataclass
from email.message import Message

from nurturing.returned import addresses
from nurturing.returned.letter import MOST_HEADER, Letter, header, opened
from nurturing.returned.reading import Reading, reading_of
from nurturing.returned.verdicts import AUTO_REPLY, COMPLAINT, GONE_WELL, HARD, NONE, SOFT, Finding
from nurturing.returned.wording import DAEMON

MOST_BYTES = 1024 * 1024  # of a mail; a longer one is cut off
MOST_WORDS = 300
DELIVERED, REPLY, UNSUBSCRIBE = "delivered", "reply", "unsubscribe"
# Where a mail server or an old mail program notes whom a mail came for.
ADDRESSED = ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Forwarded-To")
FROM_MACHINES = {"bulk", "list", "junk", "auto_reply", "auto-reply"}  # values of Precedence
# The whole subject, or the first line: a longer sentence may say the opposite.
WISH = re.compile(
    r"\W*(?:(?:re|aw|sv|antw?) ?: ?)*(?:please )?(?:unsubscribe|opt[ -]?out|stop|remove)(?: me)?(?: please)?\W*",
    re.IGNORECASE,
)
TYPE = re.compile(r"^(?:smtp|x-\S{1,30}) ?; ?", re.IGNORECASE)  # of a Diagnostic-Code
QUOTE = re.compile(r"^(?:>|On .{5,200}wrote:|-{3,}|_{5,}|From: )", re.MULTILINE)


@dataclass(frozen=True)
class Incoming:
    reading: Reading
    addressed: str  # all text in which our return address may stand, the likeliest first
    answers: str  # the ids of the mails that this one answers
    sender: str
    subject: str
    words: str
    personal: bool  # no machine wrote it, as far as its headers tell
    identity: bytes

    def finding_for(self, address: str) -> Finding | None:
        """What befell the person we wrote to: the report on them, or the gravest there is."""
        findings = self.reading.findings
        mine = [finding for finding in findings if finding.recipient.lower() == address.lower()]
        gravest = [
            finding for finding in mine or findings if finding.kind == Reading(tuple(mine or findings)).kind
        ]
        return gravest[0] if gravest else None

    def kind_for(self, address: str, *, wish: bool = False) -> str:
        """`wish`: it came to an address that only an unsubscribe link names."""
        finding = self.finding_for(address)
        if finding is not None and finding.kind != NONE:
            return finding.kind
        if finding is not None:
            return DELIVERED if finding.action in GONE_WELL else NONE
        if wish or (self.personal and self._asks_to_stop()):
            return UNSUBSCRIBE
        return REPLY if self.personal else NONE

    def _asks_to_stop(self) -> bool:
        first = self.words.split("\n", 1)[0]
        return any(WISH.fullmatch(text.strip()) for text in (self.subject, first) if text.strip())


def incoming(raw: bytes) -> Incoming:
    """Whatever the bytes are. A mail that cannot be read at all says nothing."""
    raw = raw[:MOST_BYTES]
    try:
        return _read(raw, opened(raw))
    except Exception:  # the parser of the standard library has raised nearly everything on hostile mails
        return Incoming(Reading(()), "", "", "", "", "This mail could not be read.", False, _content(raw))


def _read(raw: bytes, letter: Letter) -> Incoming:
    reading = reading_of(letter)
    return Incoming(
        reading=reading,
        addressed=_addressed(letter),
        answers=f"{letter.header('In-Reply-To')} {letter.header('References')}",
        sender=next(iter(addresses.found_in(letter.header("From"))), ""),
        subject=letter.header("Subject"),
        words=_words(letter, reading),
        personal=_is_personal(letter),
        identity=_identity(raw, letter),
    )


def _addressed(letter: Letter) -> str:
    found = [value for name in ADDRESSED for value in _values(letter.top, name)]
    if letter.feedback is not None:
        found += _values(letter.feedback, "Original-Mail-From")
    return "\n".join([*found, letter.copy])


def _values(message: Message, name: str) -> list[str]:
    return [str(value)[:MOST_HEADER] for value in message.get_all(name, [])[:20]]


def _is_personal(letter: Letter) -> bool:
    if letter.receipt or letter.header("Auto-Submitted").lower() not in ("", "no"):
        return False
    if letter.header("Precedence").lower() in FROM_MACHINES or letter.header("List-Id"):
        return False
    sender = letter.header("From")
    return (
        bool(addresses.found_in(sender))
        and not DAEMON.search(sender)
        and letter.header("Return-Path") != "<>"
    )


def _words(letter: Letter, reading: Reading) -> str:
    """What the other server said, or what the writer did, without what they quote."""
    if reading.kind in (HARD, SOFT):
        said = next(
            (finding.said for finding in reading.findings if finding.kind == reading.kind and finding.said),
            "",
        )
        return TYPE.sub("", said or " ".join(letter.words.split()))[:MOST_WORDS]
    if reading.kind == COMPLAINT:
        return header(letter.feedback, "User-Agent")[:MOST_WORDS] if letter.feedback is not None else ""
    if reading.kind == AUTO_REPLY or not reading.findings:
        return QUOTE.split(letter.words.strip(), maxsplit=1)[0].strip()[:MOST_WORDS]
    return next((finding.said for finding in reading.findings if finding.said), "")[:MOST_WORDS]


def _identity(raw: bytes, letter: Letter) -> bytes:
    """The same for the same mail, whichever way it came: each way adds headers of its own."""
    name = letter.header("Message-ID")
    return hashlib.sha256(f"id {name}".encode("utf-8", "replace")).digest() if name else _content(raw)


def _content(raw: bytes) -> bytes:
    """Some mail systems give their bounces no id."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    dated = [line for line in head.split(b"\n") if line.lower().startswith((b"date:", b"from:", b"subject:"))]
    return hashlib.sha256(b"\n".join([b"content", *dated, body.rstrip()])).digest()
