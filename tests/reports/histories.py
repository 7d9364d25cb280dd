"""Random histories as raw rows: re-entries, merges, back-dated imports, undone and reopened, borders of months."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from itertools import count

from accounts.models import Team, User
from handoff.models import CloseReason, Handoff, Opportunity, PipelineStage, RejectReason
from leads.models import Company, Lead, LeadMerge, StageChange
from nurturing.models import Segment, SegmentMember
from scoring.models import ModelVersion, QualificationCycle

SOURCES = ("Webinar", "Fair", "")
CAMPAIGNS = ("Autumn", "")
ENDS = ("rejected", "recycled", "disqualified", "lost", "expired", "customer")
_numbers = count(1)


class World:
    """`now` is the database's; everything happens before it, in about a year and a half."""

    def __init__(self, seed: int, now: datetime) -> None:
        self.dice, self.now = random.Random(seed), now
        self.companies = [
            Company.objects.create(name=f"C{i}", industry=name) for i, name in enumerate(("energy", ""))
        ]
        self.versions = [
            ModelVersion.objects.get_or_create(number=number, defaults={"state": "retired"})[0]
            for number in (91, 92)
        ]
        self.teams = [Team.objects.create(name=name) for name in (f"North {seed}", f"South {seed}")]
        self.reps = [self._rep(i, team) for i, team in enumerate([*self.teams, None])]
        self.segments = [Segment.objects.create(name=f"{name} {seed}", kind="list") for name in "AB"]
        self.reason = RejectReason.objects.filter(active=True).first() or RejectReason.objects.create(
            label="No", digit=9, consequence="recycle"
        )
        self.price, _ = CloseReason.objects.get_or_create(label="Price")
        self.stages = {
            kind: PipelineStage.objects.filter(kind=kind).first()
            or PipelineStage.objects.create(name=f"stage {kind}", kind=kind)
            for kind in ("open", "won", "lost")
        }

    def _rep(self, i: int, team: Team | None) -> User:
        return User.objects.create(
            email=f"rep{i}-{next(_numbers)}@x.example", name=f"Rep {i}", role="rep", team=team
        )

    def populate(self, people: int) -> None:
        leads = [self.person() for _ in range(people)]
        for lead in leads:
            self.qualify(lead)
        self.dice.shuffle(leads)
        pairs = people // 10
        for winner, loser in zip(leads[:pairs], leads[pairs : 2 * pairs], strict=True):
            self.merge(winner, loser)
        self.merge(leads[2 * pairs], leads[0])  # a winner that loses: three people were one

    def person(self) -> Lead:
        dice = self.dice
        lead = Lead.objects.create(
            email=f"p{next(_numbers)}@x.example",
            source=dice.choice(SOURCES),
            campaign=dice.choice(CAMPAIGNS),
            company=dice.choice([*self.companies, None]),
            created_at=self.now - timedelta(days=dice.uniform(0, 500)),
        )
        for segment in self.segments:
            if dice.random() < 0.4:
                SegmentMember.objects.create(segment=segment, lead=lead, since=self.now)
        return lead

    def qualify(self, lead: Lead) -> None:
        """None, one or several cycles, one after another; imported ones may begin before the lead did."""
        at = lead.created_at + timedelta(days=self.dice.choice([-20, 0.5, 10, 60, 120]))
        for n in range(1, self.dice.choice([0, 1, 1, 1, 2, 3]) + 1):
            if at >= self.now:
                return
            closed = self.cycle(lead, n, self._border(at))
            if closed is None:
                return
            at = closed + timedelta(days=self.dice.uniform(0.1, 60))

    def _border(self, at: datetime) -> datetime:
        """Now and then within the hours in which it is another month elsewhere."""
        if self.dice.random() < 0.25:
            day = at.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            at = day + timedelta(minutes=self.dice.choice([-90, -30, -1, 0, 1]))
        return min(at, self.now)

    def cycle(self, lead: Lead, n: int, at: datetime) -> datetime | None:
        dice = self.dice
        ended = at + timedelta(days=dice.choice([0.2, 5, 29.9, 30, 30.1, 80, 200]))
        ended = ended if ended < self.now and dice.random() < 0.8 else None
        cycle = QualificationCycle.objects.create(
            lead=lead,
            n=n,
            version=dice.choice(self.versions),
            cause="threshold",
            reason="",
            total=dice.randint(60, 99),
            band="A1",
            opened_at=at,
            closed_at=ended,
            outcome=dice.choice(ENDS[:-1]) if ended else "",
        )
        StageChange.objects.create(lead=lead, stage="mql", at=at)
        self.offers(cycle, ended or self.now)
        return ended

    def offers(self, cycle: QualificationCycle, until: datetime) -> None:
        at = cycle.opened_at
        for _ in range(self.dice.choice([0, 1, 1, 1, 2])):
            at += timedelta(days=self.dice.choice([0, 0.1, 1, 8]))
            if at >= until:
                return
            handoff = Handoff(cycle=cycle, lead=cycle.lead, rep=self.dice.choice(self.reps), offered_at=at)
            handoff.routed_because = "Next."
            answer = self.dice.choice(["accepted", "accepted", "rejected", "withdrawn", "open"])
            at = min(at + timedelta(days=self.dice.choice([0, 0.3, 3])), until)
            handoff.reject_reason = self.reason if answer == "rejected" else None
            if answer != "open":
                setattr(handoff, f"{answer}_at", at)
            handoff.save()
            if answer == "accepted":
                self.work(cycle, handoff, at, until)
            if answer in ("accepted", "open"):
                return

    def work(self, cycle: QualificationCycle, handoff: Handoff, at: datetime, until: datetime) -> None:
        """SQL at once, later, noted twice after an undo, or never; a deal with or without it."""
        dice = self.dice
        if dice.random() < 0.2:
            StageChange.objects.create(
                lead=cycle.lead, stage="sql", at=at - timedelta(seconds=4)
            )  # was undone
        for _ in range(dice.choice([0, 1, 1, 2])):
            sql = at + timedelta(days=dice.choice([0, 12, 29.99, 31, 400]))
            StageChange.objects.create(lead=cycle.lead, stage="sql", at=sql)
        if dice.random() < 0.5:
            self.deal(cycle, handoff, min(at + timedelta(days=dice.choice([0, 2, 25, 100])), until))

    def deal(self, cycle: QualificationCycle, handoff: Handoff, opened: datetime) -> None:
        """Won, lost, lost and open again, or lost, opened again and won."""
        dice = self.dice
        outcome = dice.choice(["won", "lost", ""]) if cycle.closed_at else ""
        Opportunity.objects.create(
            handoff=handoff,
            lead=cycle.lead,
            owner=handoff.rep,
            name="Deal",
            stage=self.stages[outcome or "open"],
            outcome=outcome,
            closed_at=cycle.closed_at if outcome else None,
            close_reason=self.price if outcome == "lost" else None,
            reopened=dice.choice([0, 0, 1]),
            opened_at=opened,
        )
        if outcome:
            ended = {"won": "customer", "lost": "lost"}[outcome]
            QualificationCycle.objects.filter(pk=cycle.pk).update(outcome=ended)

    def merge(self, winner: Lead, loser: Lead) -> None:
        """As the services do: the open cycle goes along, or ends when the winner has one of its own."""
        at = self.now - timedelta(days=self.dice.uniform(0, 5))
        newest = max([*self._cycles(winner), *self._cycles(loser)], default=at)
        at = max(at, newest)
        theirs = QualificationCycle.objects.filter(lead=winner)
        mine = QualificationCycle.objects.filter(lead=loser, closed_at=None)
        if theirs.filter(closed_at=None).exists():
            mine.update(closed_at=at, outcome="expired")
        else:
            last = theirs.order_by("-n").first()
            mine.update(lead=winner, n=last.n + 1 if last else 1)
        Lead.objects.filter(pk=loser.pk).update(merged_into=winner)
        LeadMerge.objects.create(winner=winner, loser=loser, cause="Test", at=at)

    def _cycles(self, lead: Lead) -> list[datetime]:
        return list(QualificationCycle.objects.filter(lead=lead).values_list("opened_at", flat=True))
