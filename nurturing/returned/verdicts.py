"""From a code and some words to what to do with an address."""

import re
from dataclasses import dataclass
from functools import lru_cache

from nurturing.returned.wording import REASONS

HARD, SOFT, COMPLAINT, AUTO_REPLY, NONE = "hard", "soft", "complaint", "auto_reply", "none"
MOST_SAID = 300
GONE_WELL = {"delivered", "relayed", "expanded", "deliverable"}
ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
REPLY = re.compile(r"(?<![\d.-])(?<!\d:)([45])([0-5])\d(?=[\s:;,#-]|$)(?![\s-]*\d{3})")
# An answer to RCPT TO says so, or begins with the address: "550 <who@where>: …".
AT_RECIPIENT = re.compile(
    r"(?<!need )RCPT|does not like recipient|\b55\d:? <[^<>\s]+@[^<>\s]+>:", re.IGNORECASE
)
AT_CONTENT = re.compile(
    r"end of data|>>> ?DATA|(to|after) (the )?DATA\b|command\s+DATA|\(DATA\)|final DATA|after I sent the message",
    re.IGNORECASE,
)
AT_SENDER = re.compile(
    r">>> ?MAIL From|after MAIL FROM|to MAIL FROM|like our MAIL FROM|initial connection", re.IGNORECASE
)
LINK = re.compile(r"https?://\S{1,2000}", re.IGNORECASE)
NO_ACCOUNT = re.compile(r"does ?n.t have an? \S+ account", re.IGNORECASE)
MAILBOX_UNAVAILABLE = "5.5.0"  # what some servers make of a bare 550 at the recipient's turn
SENDER_AT_FAULT = {"5.1.7", "5.1.8"}
NO_SUCH_HOST = {"5.1.2", "5.4.4"}


@dataclass(frozen=True)
class Finding:
    """What befell one recipient; the address may be unknown."""

    kind: str
    recipient: str = ""
    status: str = ""
    action: str = ""  # of a report: failed, delayed, delivered, relayed, expanded
    said: str = ""  # the other server's answer


def judged(
    *, recipient: str = "", action: str = "", status: str = "", said: str = "", around: str = ""
) -> Finding:
    """`said` is the other server's answer, `around` the writer's own words about it; the answer goes before."""
    code = code_in(said) or code_in(status) or code_in(around) or reply_class(said) or reply_class(around)
    return Finding(
        _kind(action.lower(), code, said, around), recipient, code, action.lower(), said[:MOST_SAID]
    )


def code_in(text: str) -> str:
    """The enhanced status code of RFC 3463; of several, the first that says more than x.0.0."""
    codes = [".".join(found.groups()) for found in ENHANCED.finditer(text)]
    telling = [code for code in codes if not code.endswith(".0.0")]
    return next(iter(telling or codes), "")


def reply_class(text: str) -> str:
    """Of a bare three-digit answer such as 550 only the class is known."""
    found = REPLY.search(text)
    return f"{found[1]}.0.0" if found else ""


def _kind(action: str, code: str, said: str, around: str) -> str:
    if action in GONE_WELL or code.startswith("2."):
        return NONE
    if action == "delayed" or code.startswith("4."):
        return SOFT
    reason = reason_of(said) or reason_of(around)
    if reason in ("full", "policy", "closed", "system") or code in SENDER_AT_FAULT:
        return SOFT
    if reason == "no_user":
        return HARD if _is_about_the_address(code, f"{said}\n{around}") else SOFT
    if reason == "no_host" or code in NO_SUCH_HOST:
        return HARD
    return HARD if code.startswith("5.1.") and reason != "waiting" else SOFT


@lru_cache(maxsize=16)  # of a report on many, the words around are the same for each
def reason_of(text: str) -> str:
    plain = LINK.sub(" ", text)  # "see https://antispam.example/policy" says nothing about the reason
    return next((reason for reason, words in REASONS.items() if words.search(plain)), "")


def _is_about_the_address(code: str, text: str) -> bool:
    """Some servers call a mail that they filter away "unknown user" too, having seen its content.

    So the words are believed with a 5.1 code, at the recipient's turn, or when a system speaks of its own users.
    """
    if (
        code.startswith("5.1.")
        or code == MAILBOX_UNAVAILABLE
        or NO_ACCOUNT.search(text)
        or AT_RECIPIENT.search(text)
    ):
        return True
    answered = reply_class(text) or (not code.endswith(".0.0") and code)
    return not (answered or AT_CONTENT.search(text) or AT_SENDER.search(text))
