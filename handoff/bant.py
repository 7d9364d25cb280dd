"""Budget, authority, need, timing: what is known, what is missing, what to ask. Pure.

Unknown differs from no: a no is an answer, and nobody asks again; unknown and partly are gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

LETTERS = ("budget", "authority", "need", "timing")
QUESTIONS = {
    "budget": "Is money set aside for this, and how much?",
    "authority": "Who signs, and who else has a say?",
    "need": "What happens if nothing changes?",
    "timing": "When must it be live?",
}
KNOWN = ("yes", "partly", "no")
OPEN = ("unknown", "partly")
TONES = {"yes": "good", "partly": "warn", "no": "bad"}


def newest(evidence: Iterable[Any]) -> dict[str, Any]:
    """{letter: its newest row} of rows that come newest first."""
    found: dict[str, Any] = {}
    for row in evidence:
        found.setdefault(row.letter, row)
    return found


def standings(current: Mapping[str, Any]) -> dict[str, str]:
    """{letter: yes, partly, no or unknown}, for all four."""
    return {letter: current[letter].standing if letter in current else "unknown" for letter in LETTERS}


def gaps(standing: Mapping[str, str]) -> list[str]:
    """What is still to be asked, in the order of the letters."""
    return [letter for letter in LETTERS if standing[letter] in OPEN]


def missing(standing: Mapping[str, str], needed: Mapping[str, str]) -> list[str]:
    """Which letters keep a lead from being an SQL; `needed` says known or yes."""
    return [
        letter for letter in LETTERS if letter in needed and not _enough(standing[letter], needed[letter])
    ]


def _enough(standing: str, needed: str) -> bool:
    return standing == "yes" if needed == "yes" else standing in KNOWN


def summary(standing: Mapping[str, str]) -> str:
    """As in: 2 known, 1 partly."""
    known = sum(value in ("yes", "no") for value in standing.values())
    partly = sum(value == "partly" for value in standing.values())
    words = [f"{known} known"] + ([f"{partly} partly"] if partly else [])
    return ", ".join(words) if known or partly else "nothing known yet"
