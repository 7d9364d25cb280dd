"""What a marketer should look at before a mail goes live, though nothing of it forbids that. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from nurturing import merging
from nurturing.content.schema import HasContent, as_typed, every, links

LONG_SUBJECT = 60  # characters; phones show about forty
WARN_SIZE, CLIPPED = 100_000, 102_000  # bytes of HTML; Gmail cuts what is longer
MANY_LINKS = 25
SHOUTED = re.compile(r"\b[A-ZÄÖÜÅÆØ]{4,}\b(?:\W+\b[A-ZÄÖÜÅÆØ]{4,}\b)+")
SPAM_WORDS = (
    "100% free", "act now", "additional income", "apply now", "as seen on", "be your own boss", "best price",
    "buy now", "cash bonus", "casino", "cheap", "click below", "click here", "congratulations", "credit card",
    "dear friend", "double your", "earn extra", "earn money", "exclusive deal", "extra cash", "fast cash",
    "financial freedom", "for free", "free gift", "free money", "free trial", "get paid", "get rich", "guarantee",
    "increase sales", "incredible deal", "limited time", "lowest price", "make money", "million dollars",
    "miracle", "money back", "no catch", "no cost", "no fees", "no obligation", "no strings attached",
    "once in a lifetime", "one time", "order now", "prize", "risk-free", "risk free", "satisfaction guaranteed",
    "save big", "special promotion", "this is not spam", "urgent", "viagra", "while supplies last", "winner",
    "work from home", "you have been selected",
)  # fmt: skip


class Check(NamedTuple):
    """`ok`: yes, warn or no; `more` is the small line below."""

    ok: str
    text: str
    more: str = ""


def checks(step: HasContent, size: int) -> list[Check]:
    """`size`: bytes of the HTML part."""
    return [_subject(step.subject), _spam(step), _size(size), _link_count(step)]


def used_fields(step: HasContent) -> dict[str, str]:
    """{name: the merge field as it stands}: what the mail asks of a lead, the first of each name."""
    everything = [
        step.subject,
        step.preheader,
        *(text for block in every(step.content) for text in _all_texts(block)),
    ]
    found: dict[str, str] = {}
    for text in everything:
        for field in merging.FIELD.findall(text):
            for name in merging.names(field):
                found.setdefault(name, field)
    return found


def _all_texts(block: dict[str, object]) -> list[str]:
    return [value for key in ("text", "alt") if isinstance(value := block.get(key), str)]


def _subject(subject: str) -> Check:
    length = len(merging.FIELD.sub("Firstname", subject))
    if length > LONG_SUBJECT:
        return Check(
            "warn", f"The subject is long: about {length} characters", "Phones show about 40 of them."
        )
    if SHOUTED.search(subject) or subject.count("!") > 1:
        return Check("warn", "The subject shouts", "Capitals and exclamation marks look like spam.")
    return Check("yes", "The subject has a good length")


def _spam(step: HasContent) -> Check:
    words = found_spam_words([step.subject, step.preheader, as_typed(step.content)])
    if not words:
        return Check("yes", "No words that filters dislike")
    listed = ", ".join(f"“{word}”" for word in words[:5]) + (
        f" and {len(words) - 5} more" if len(words) > 5 else ""
    )
    return Check("warn", f"Filters dislike {listed}", "One of them does no harm; several together may.")


def found_spam_words(texts: Sequence[str]) -> list[str]:
    everything = " ".join(" ".join(texts).lower().split())
    return [word for word in SPAM_WORDS if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", everything)]


def _size(size: int) -> Check:
    said = f"{size / 1000:.0f} kB"
    if size <= WARN_SIZE:
        return Check("yes", f"{said} of HTML")
    cut = "Gmail cuts the mail off at 102 kB, and the unsubscribe link with it."
    return Check(
        "warn", f"{said} of HTML is too much" if size > CLIPPED else f"{said} of HTML is nearly too much", cut
    )


def _link_count(step: HasContent) -> Check:
    count = len(links(step))
    if count > MANY_LINKS:
        return Check(
            "warn", f"{count} links are many", "Readers lose their way, and filters become suspicious."
        )
    return Check("yes", "1 link" if count == 1 else f"{count} links")
