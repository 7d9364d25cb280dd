"""One mail that came back, read."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from email import message_from_string
from email.message import Message

from nurturing.returned import addresses
from nurturing.returned.letter import Letter, header, opened
from nurturing.returned.notices import findings_of_notice
from nurturing.returned.verdicts import AUTO_REPLY, COMPLAINT, HARD, NONE, SOFT, Finding, judged
from nurturing.returned.wording import AWAY_SUBJECT, DAEMON, FAILED_SUBJECT, FAILED_WORDS

GRAVEST_FIRST = (COMPLAINT, HARD, SOFT, AUTO_REPLY, NONE)
NOT_A_COMPLAINT = {"auth-failure", "not-spam", "dmarc"}  # reports about our signatures, and good news
FIELDS_IN_WORDS = re.compile(
    r"^(?:final-recipient|original-recipient|action|status|diagnostic-code):", re.IGNORECASE | re.MULTILINE
)
ANSWER = re.compile(r"(?:re|aw|sv|antw) ?:", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    findings: tuple[Finding, ...]

    @property
    def kind(self) -> str:
        """The gravest: one dead address among full mailboxes is still dead."""
        kinds = {finding.kind for finding in self.findings}
        return next((kind for kind in GRAVEST_FIRST if kind in kinds), NONE)

    @property
    def recipients(self) -> list[str]:
        """Those whom the kind is about, and nobody else."""
        mine = (finding.recipient for finding in self.findings if finding.kind == self.kind)
        return list(dict.fromkeys(address for address in mine if address))

    @property
    def status(self) -> str | None:
        mine = (finding.status for finding in self.findings if finding.kind == self.kind)
        return next((status for status in mine if status), None)


def read(raw: bytes) -> Reading:
    return reading_of(opened(raw))


def reading_of(letter: Letter) -> Reading:
    return Reading(tuple(_findings(letter)))


def _findings(letter: Letter) -> Iterable[Finding]:
    if letter.receipt:
        return []
    if letter.feedback is not None or letter.header("Subject").startswith("complaint about message from"):
        return _complaints(letter)
    notice = findings_of_notice(letter.words)
    if notice is not None:
        return notice
    reported = [*letter.reports, *_reports_in_words(letter.words)]
    groups = [group for group in reported if _is_about_somebody(group)][: addresses.MOST]
    if groups:
        told = dict(addresses.passages(letter))
        return [_reported(letter, group, told) for group in groups]
    if _came_back(letter):
        return _told(letter)
    return _answered(letter)


def _complaints(letter: Letter) -> list[Finding]:
    report = letter.feedback or Message()
    if header(report, "Feedback-Type").lower() in NOT_A_COMPLAINT:
        return []
    named = [
        value for name in ("Original-Rcpt-To", "Removal-Recipient") for value in report.get_all(name, [])
    ]
    people = addresses.found_in(" ".join(str(value) for value in named)) or addresses.of_copy(letter)
    return [Finding(COMPLAINT, person) for person in people] or [Finding(COMPLAINT)]


def _is_about_somebody(group: Message) -> bool:
    return any(
        group.get(name)
        for name in ("Action", "Status", "Final-Recipient", "Original-Recipient", "Diagnostic-Code")
    )


def _reports_in_words(words: str) -> list[Message]:
    """Some systems write the fields of a report into the text."""
    begin = FIELDS_IN_WORDS.search(words)
    if begin is None:
        return []
    blocks = re.split(r"\n\s*\n", words[begin.start() :])[: addresses.MOST]
    return [message_from_string(block.lstrip()) for block in blocks if FIELDS_IN_WORDS.search(block)]


def _reported(letter: Letter, group: Message, told: dict[str, str]) -> Finding:
    person = addresses.of_report(group) or _only(addresses.of_headers(letter) or addresses.of_copy(letter))
    return judged(
        recipient=person,
        action=header(group, "Action").split(" ")[0].strip("();"),
        status=header(group, "Status"),
        said=header(group, "Diagnostic-Code"),
        around=told.get(person) or ("" if len(told) > 1 else letter.words),
    )


def _only(people: list[str]) -> str:
    return people[0] if len(people) == 1 else ""


def _came_back(letter: Letter) -> bool:
    if letter.header("X-Failed-Recipients"):
        return True
    if ANSWER.match(letter.header("Subject")) and letter.header("In-Reply-To"):
        return False
    if DAEMON.search(letter.header("From")) or letter.header("From") in ("", "<>"):
        return bool(
            FAILED_SUBJECT.search(letter.header("Subject")) or FAILED_WORDS.search(letter.words + letter.copy)
        )
    if _is_automatic(letter) or letter.header("In-Reply-To"):
        return False
    return bool(FAILED_SUBJECT.search(letter.header("Subject")) or FAILED_WORDS.search(letter.words[:1000]))


def _told(letter: Letter) -> list[Finding]:
    told = addresses.passages(letter)
    if len(told) > 1:
        return [judged(recipient=person, said=said) for person, said in told]
    people = addresses.of_headers(letter) or [person for person, _ in told]
    people = people or addresses.in_words(letter) or addresses.of_copy(letter)
    verdict = judged(said=letter.words)
    return [replace(verdict, recipient=person) for person in people or [""]]


def _answered(letter: Letter) -> list[Finding]:
    return [Finding(AUTO_REPLY, person) for person in _writer(letter)] if _is_automatic(letter) else []


def _writer(letter: Letter) -> list[str]:
    return addresses.found_in(letter.header("From"))[:1] or [""]


def _is_automatic(letter: Letter) -> bool:
    """RFC 3834, and the older marks of answering machines. Newsletters are automatic too, but answer nobody."""
    if letter.header("Auto-Submitted").lower().startswith("auto-replied"):
        return True
    if any(
        letter.header(name) for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "X-Auto-Reply")
    ):
        return True
    if letter.header("Precedence").lower() in ("auto_reply", "auto-reply"):
        return True
    subject = letter.header("Subject")
    return bool(AWAY_SUBJECT.search(subject)) and not subject.endswith("?")  # machines ask nothing
