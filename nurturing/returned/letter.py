"""A mail taken apart within bounds: its headers, its own words, its reports, and the copy it returns."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string, policy
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message

MOST_BYTES = (
    512 * 1024
)  # reports stand before the copy of the mail; the rest of 20 MB is somebody's attachment
MOST_PARTS = 40
MOST_WORDS = 48 * 1024
MOST_HEADER = 4000
# Each nested part costs a level of the parser's recursion and a test of every following line.
NESTING = re.compile(rb"^content-type:\s*(?:multipart|message)/", re.IGNORECASE | re.MULTILINE)
COPY_BEGINS = re.compile(
    r"^[> \t|#-]{0,80}(?:"
    r"-{2,}\s*(?:this is a copy|included is a copy|original message|returned message|unsent message|below this line|"
    r"original mail|the header of|message header|the body of|message text follows|undelivered message)|"
    r"below (?:this line )?is a copy|included is a copy of|original message (?:follows|headers)|message headers follow|"
    r"the attachment contains the original|\|-+ message text follows|"
    r"received:\s?\(?(?:from|by)\s|x-received:|return-path:|dkim-signature:|delivered-to:)",
    re.IGNORECASE | re.MULTILINE,
)
# Runs are shortened before any wording looks for blanks: patterns then never try a run over and over.
BLANKS = re.compile(r"[^\S\n]+")
EMPTY_LINES = re.compile(r"(?: ?\n){3,}")
TAGS = re.compile(r"<(?![^<>\s]{1,200}@)[^<>]{0,2000}>")


@dataclass(frozen=True)
class Letter:
    top: Message
    words: str  # what its writer says, without the copy
    reports: tuple[Message, ...]  # the field groups of message/delivery-status and their like
    feedback: Message | None
    receipt: bool  # somebody's mail program says that a mail was read, or thrown away (RFC 8098)
    copy: str  # the headers of the returned mail, as far as they came back

    def header(self, name: str) -> str:
        return header(self.top, name)


def opened(raw: bytes) -> Letter:
    top = _parsed(raw)
    words, copies, reports = [], [], []
    feedback, receipt = None, False
    for part in _parts(top):
        kind = part.get_content_type()
        if kind == "message/feedback-report":
            feedback = feedback or _group_of(part)
        elif kind.startswith("message/") and kind.endswith("disposition-notification"):
            receipt = True
        elif kind.startswith("message/") and "delivery-status" in kind:
            reports += _groups(part)
        elif kind in ("message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers"):
            copies.append(_copy(part))
        elif kind.startswith(("text/", "multipart/")):  # a multipart without its boundary is one text
            words.append(_text(part))
    own, quoted = _cut("\n".join(words))
    return Letter(top, own, tuple(reports), feedback, receipt, "\n".join([*copies, quoted])[:MOST_WORDS])


def header(message: Message, name: str) -> str:
    value = message.get(name)
    if value is None:
        return ""
    value = str(value)[:MOST_HEADER]
    try:
        text = str(make_header(decode_header(value)))
    except (ValueError, LookupError, MessageError):  # a charset nobody knows, base64 that is none
        text = value
    return " ".join(text.replace("\0", "").split())


def _parsed(raw: bytes) -> Message:
    head = raw[:MOST_BYTES].replace(b"\0", b"").lstrip(b"\r\n\t \xef\xbb\xbf")
    for count, nested in enumerate(NESTING.finditer(head), start=1):
        if count > MOST_PARTS:
            head = head[: nested.start()]
            break
    return message_from_bytes(head, policy=policy.compat32)


def _parts(top: Message) -> Iterator[Message]:
    """Depth first, without going into what came back as a copy or stands in a report."""
    waiting = [top]
    while waiting:
        part = waiting.pop()
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting += reversed([child for child in payload if isinstance(child, Message)])
        else:
            yield part


def _groups(part: Message) -> list[Message]:
    payload = part.get_payload()
    blocks = payload if isinstance(payload, list) else [_group_of(part)]
    return [
        group for one in blocks if isinstance(one, Message) for each in _rest(one) for group in _split(each)
    ]


def _rest(block: Message) -> Iterator[Message]:
    """The block itself, and the groups in its body: only those of message/delivery-status come apart by themselves."""
    yield block
    body = block.get_payload()
    if isinstance(body, str):
        for text in re.split(r"\n\s*\n", body.strip())[:MOST_PARTS]:
            yield message_from_string(text)


def _split(block: Message) -> Iterator[Message]:
    """Recipients stand in groups of fields with an empty line between; some systems forget the line."""
    group = Message()
    for name, value in block.items():
        if name in group:
            yield group
            group = Message()
        group[name] = str(value)
    if group.keys():
        yield group


def _group_of(part: Message) -> Message:
    payload = part.get_payload()
    if isinstance(payload, list):
        return payload[0] if payload and isinstance(payload[0], Message) else Message()
    return message_from_bytes(_bytes(part).lstrip(), policy=policy.compat32)


def _bytes(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (ValueError, LookupError, MessageError):
        content = None
    if isinstance(content, bytes):
        return content
    return str(part.get_payload() or "").encode("utf-8", "surrogateescape")


def _text(part: Message) -> str:
    content = _bytes(part)[:MOST_WORDS]
    text = _decoded(content, str(part.get_content_charset() or "utf-8"))
    return (
        TAGS.sub(" ", text).replace("&lt;", "<").replace("&gt;", ">")
        if part.get_content_subtype() == "html"
        else text
    )


def _decoded(content: bytes, charset: str) -> str:
    if b"\x1b$" in content:  # Japanese mail often leaves its charset unsaid
        charset = "iso-2022-jp"
    try:
        text = content.decode(charset, "replace")
    except (LookupError, ValueError):  # also codecs that are no text: "hex", "rot13"
        text = content.decode("latin-1")
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    return EMPTY_LINES.sub("\n\n", BLANKS.sub(" ", text))


def _copy(part: Message) -> str:
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if isinstance(inner, Message):
        return "\n".join(f"{name}: {header(inner, name)}" for name in dict.fromkeys(inner.keys()))[
            :MOST_WORDS
        ]
    return _decoded(_bytes(part)[:MOST_WORDS], "utf-8")


def _cut(words: str) -> tuple[str, str]:
    found = COPY_BEGINS.search(words)
    if found is None:
        return words[:MOST_WORDS], ""
    return words[: found.start()][:MOST_WORDS], words[found.start() :][:MOST_WORDS]
