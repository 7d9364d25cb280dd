"""The card of budget, authority, need and timing: what holds, what was said before, what to ask. One query."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from handoff import bant
from handoff.models import Agreement, BantEvidence
from leads.models import Lead

SHOWN = 40  # rows of history, all letters together


@dataclass(frozen=True)
class Letter:
    key: str
    label: str
    current: BantEvidence | None
    former: list[BantEvidence]
    question: str

    @property
    def standing(self) -> str:
        return self.current.standing if self.current else "unknown"

    @property
    def pill(self) -> str:
        return {"yes": "Known", "partly": "Partly", "no": "No"}.get(self.standing, "Ask")

    @property
    def tone(self) -> str:
        return bant.TONES.get(self.standing, "")

    @property
    def ask(self) -> bool:
        return self.standing in bant.OPEN


@dataclass(frozen=True)
class Card:
    letters: list[Letter]
    summary: str
    missing: list[str]  # what the organisation asks for and nobody knows, in words


SETTLED = (Lead.Stage.SQL, Lead.Stage.OPPORTUNITY, Lead.Stage.CUSTOMER)  # nothing has to be asked for first


def card(lead: Lead) -> Card:
    rows = list(BantEvidence.objects.of_lead(lead.pk).select_related("recorded_by")[:SHOWN])
    letters = [_letter(key, [row for row in rows if row.letter == key]) for key in bant.LETTERS]
    standing = bant.standings(bant.newest(rows))
    labels = dict(BantEvidence.Letter.choices)
    missing = [] if lead.stage in SETTLED else bant.missing(standing, Agreement.current().needed)
    return Card(letters, bant.summary(standing), [str(labels[key]).lower() for key in missing])


def _letter(key: str, rows: list[BantEvidence]) -> Letter:
    label: Any = BantEvidence.Letter(key).label
    return Letter(key, str(label), rows[0] if rows else None, rows[1:], bant.QUESTIONS[key])
