"""The demo company's deals: some open in every stage, some won, some lost and one opened again."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from handoff.models import CloseReason, Handoff, Opportunity, PipelineStage, StageStep
from handoff.services import revenue

SEATS = (15, 25, 40, 60, 80, 120, 200, 350)
A_SEAT = 96  # a year, in whole currency units
CURRENCIES = ("EUR",) * 5 + ("NOK", "USD", "GBP")
FACTOR = {"EUR": 1, "NOK": 11, "USD": 1, "GBP": 1}
KNOWN_SHARE = 0.9  # of the open deals have an amount


@dataclass
class Pipeline:
    """The demo's stages, and the steps still to be written."""

    dice: random.Random
    now: datetime
    open: list[PipelineStage]
    won: PipelineStage
    lost: PipelineStage
    reasons: list[CloseReason]
    steps: list[StageStep] = field(default_factory=list)
    deals: int = 0

    @classmethod
    def of(cls, dice: random.Random, now: datetime) -> Pipeline:
        stages = list(PipelineStage.objects.filter(active=True))
        kinds = {kind: [stage for stage in stages if stage.kind == kind] for kind in ("open", "won", "lost")}
        reasons = list(CloseReason.objects.filter(active=True, needs_note=False))
        return cls(dice, now, kinds["open"], kinds["won"][0], kinds["lost"][0], reasons)

    def open_deal(self, handoff: Handoff, at: datetime) -> Opportunity:
        """Somewhere on its way, with a close date before or after today."""
        place = self.dice.choices(range(len(self.open)), [4, 3, 3, 2][: len(self.open)])[0]
        deal = self._new(handoff, at, self.open[place])
        if self.dice.random() > KNOWN_SHARE:
            deal.amount = None
        if self.dice.random() < 0.9:
            deal.expected_close = (self.now + timedelta(days=self.dice.randrange(-9, 80))).date()
        deal.save()
        self._walk(deal, at, self.now, self.open[: place + 1])
        return deal

    def closed_deal(self, handoff: Handoff, at: datetime, ended: datetime, *, won: bool) -> Opportunity:
        deal = self._new(handoff, at, self.won if won else self.lost)
        deal.outcome, deal.closed_at = "won" if won else "lost", ended
        deal.expected_close = ended.date()
        if won:
            for name, value in revenue.credit(deal).items():
                setattr(deal, name, value)
        else:
            deal.close_reason = self.dice.choice(self.reasons)
        deal.save()
        path = self.open[: self.dice.randrange(1, len(self.open) + 1)]
        self._walk(deal, at, ended, [*path, deal.stage])
        return deal

    def write_steps(self) -> None:
        StageStep.objects.bulk_create(self.steps)

    def _new(self, handoff: Handoff, at: datetime, stage: PipelineStage) -> Opportunity:
        self.deals += 1
        currency = self.dice.choice(CURRENCIES)
        lead = handoff.lead
        return Opportunity(
            handoff=handoff,
            lead=lead,
            owner=handoff.rep,
            name=(lead.company.name if lead.company else lead.name)[:150],
            amount=Decimal(self.dice.choice(SEATS) * A_SEAT * FACTOR[currency]),
            currency=currency,
            stage=stage,
            opened_at=at,
            stage_since=at,
            opened_by=handoff.rep,
            changed_by=handoff.rep,
        )

    def _walk(self, deal: Opportunity, start: datetime, end: datetime, path: list[PipelineStage]) -> None:
        """Evenly through its stages; the last one at the end of a closed deal."""
        gap = (end - start) / max(len(path) - (0 if deal.is_open else 1), 1)
        before: PipelineStage | None = None
        for place, stage in enumerate(path):
            at = start + gap * place
            self.steps.append(
                StageStep(
                    opportunity=deal,
                    from_stage=before,
                    stage=stage,
                    at=at,
                    by=deal.owner,
                    amount=deal.amount,
                    currency=deal.currency,
                    note=str(deal.close_reason or "") if stage.kind == "lost" else "",
                )
            )
            before = stage
        Opportunity.objects.filter(pk=deal.pk).update(stage_since=self.steps[-1].at)
