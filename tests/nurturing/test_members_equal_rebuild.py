"""Whatever happens in whatever order, kept members are who the definitions mean, and a rebuild finds nothing to change.

Each lead is asked by itself, slowly and by scoring's oracle; the product asks many at once.
"""

import os
import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from leads import fields, partitions
from leads.models import Activity, Company, Lead
from leads.services import consent, people
from leads.services.activities import record_activity
from leads.services.identity import merge_leads
from nurturing import gates
from nurturing.models import Enrolment, Segment, SegmentMember
from nurturing.segments import reading
from nurturing.segments.language import BeenIn, Did, Group, Has, InSegment, Item
from nurturing.services import membership
from nurturing.services import segments as writing
from scoring import facts
from scoring.conditions import Verdict, verdict
from scoring.language import Fact
from scoring.models import ModelVersion, Score, ScoreChange
from scoring.rows import database_now
from scoring.rules import tally
from scoring.services import keeping
from tests.nurturing import factories

pytestmark = pytest.mark.django_db

DAY = 86_400
KINDS = ("page_view", "demo_request", "engaged_time")
PATHS = ("/pricing", "/plans", "/blog")


# The meaning, one lead at a time


class Person:
    """What is known of one lead, and who it is in the eyes of each definition."""

    def __init__(self, lead: Lead, asked: dict[int, Group]) -> None:
        self.lead, self.asked, self.now = lead, asked, facts.microseconds(database_now())
        rows = Activity.objects.filter(lead=lead).order_by("-occurred_at", "-id")
        all_facts = [
            Fact(row.shape_id, facts.microseconds(row.occurred_at), row.seconds, 0, row.id) for row in rows
        ]
        self.past = [fact for fact in all_facts if fact.occurred_at <= self.now]
        self.shapes = facts.shapes({fact.shape_id for fact in self.past})
        self.values = _values(lead)
        self.lists = set(SegmentMember.objects.filter(lead=lead).values_list("segment", flat=True))
        self.campaigns = set(Enrolment.objects.filter(lead=lead).values_list("campaign", flat=True))

    def is_in(self, segment: int) -> bool:
        if segment not in self.asked:
            return segment in self.lists
        return self.truth(self.asked[segment]) >= Verdict.LOOSE

    def truth(self, item: Item) -> Verdict:
        match item:
            case Group("all", items):
                return min(map(self.truth, items))
            case Group("any", items):
                return max(map(self.truth, items))
            case Group(_, items):
                turned = {Verdict.MISS: Verdict.HIT, Verdict.OPEN: Verdict.OPEN}
                return turned.get(max(map(self.truth, items)), Verdict.MISS)
            case Has(condition):
                return verdict(condition, self.values.get(condition.field))
            case Did(rule, fewer):
                holds = tally(rule, self.shapes, self.past, self.now).satisfied != fewer
            case InSegment(segment, wanted):
                holds = self.is_in(segment) == wanted
            case BeenIn(campaign, been):
                holds = (campaign in self.campaigns) == been
        return Verdict.HIT if holds else Verdict.MISS


def _values(lead: Lead) -> dict[str, Any]:
    known = {key: column[0] for key, column in fields.columns([lead.pk], ["country", "employees"]).items()}
    score = Score.objects.filter(lead=lead).first()
    return known | {
        "stage": lead.stage,
        "score": score and score.total,
        "band": score and score.band,
        "mailable": gates.mailable().filter(pk=lead.pk).exists(),
        "suppressed": lead.suppressions.values_list("reason", flat=True).first(),
    }


# What may happen


class World:
    """Some leads, segments of every kind, and dice."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.firm = Company.objects.create(name="Acme", employees=10)
        partitions.ensure(timezone.now() - timedelta(days=30 * months) for months in range(8))
        self.version = ModelVersion.objects.create(number=90 + seed)
        self.leads = [factories.lead(company=self.firm if n % 2 else None) for n in range(6)]
        self.campaign = factories.running()
        self.list = writing.make_list(name="By hand", actor=None)
        self.segments: list[Segment] = []
        for number in range(5):
            self.segments.append(self._saved(number))

    def _saved(self, number: int) -> Segment:
        return writing.save_segment(
            segment=None, name=f"Random {number}", conditions=self.group(), actor=None
        )

    def group(self, depth: int = 1) -> dict[str, Any]:
        items = [self.item(depth) for _ in range(self.dice.randint(1, 3))]
        return {"match": self.dice.choice(["all", "any", "any", "none"]), "items": items}

    def item(self, depth: int) -> dict[str, Any]:
        deeper = [lambda: self.group(depth + 1)] if depth < 3 else []
        return self.dice.choice([self.behaviour, self.behaviour, self.field, self.other, *deeper])()

    def behaviour(self) -> dict[str, Any]:
        how = self.dice.choice(["count", "distinct", "sum"])
        where = [{"field": "path", "op": "contains_word", "value": ["pricing", "plans"]}]
        return {
            "did": "engaged_time" if how == "sum" else self.dice.choice(KINDS[:2]),
            "where": where if self.dice.random() < 0.4 else [],
            "count": how,
            "distinct_by": "path" if how == "distinct" else "",
            "window_seconds": self.dice.choice([None, 2 * DAY, 7 * DAY, 30 * DAY]),
            "compare": self.dice.choice(["at_least", "at_least", "fewer_than"]),
            "n": self.dice.choice([60, 200]) if how == "sum" else self.dice.randint(1, 3),
        }

    def field(self) -> dict[str, Any]:
        key, op, value = self.dice.choice(
            [
                ("country", "is", "Norway"),
                ("country", "is_not", "Norway"),
                ("country", "unknown", None),
                ("employees", "at_least", 50),
                ("stage", "in", ["mql", "recycled"]),
                ("score", "at_least", 40),
                ("band", "is", "A1"),
                ("mailable", "is", "yes"),
                ("suppressed", "known", None),
            ]
        )
        return {"field": key, "op": op, "value": value}

    def other(self) -> dict[str, Any]:
        earlier = [self.list, *self.segments[:2]]
        return self.dice.choice(
            [
                {"segment": self.dice.choice(earlier).pk, "in": self.dice.random() < 0.6},
                {"campaign": self.campaign.pk, "been": self.dice.random() < 0.6},
            ]
        )

    @property
    def lead(self) -> Lead:
        return self.dice.choice(list(Lead.objects.filter(merged_into=None)))

    def happen(self) -> None:
        deeds = [self.act, self.act, self.act, self.change, self.move, self.score, self.object]
        self.dice.choice([*deeds, self.put, self.enrol, self.pass_time, self.pass_time, self.merge])()

    def act(self) -> None:
        """Now, late by up to 40 days, or dated up to a day ahead; never near the edge of a window."""
        hours = self.dice.choice([0, 0, 5, 30, 60, 100, 200, 500, 900, -10, -20]) + 0.5
        record_activity(
            lead=self.lead,
            kind=self.dice.choice(KINDS),
            occurred_at=timezone.now() - timedelta(hours=hours),
            props={"path": self.dice.choice(PATHS)},
            seconds=self.dice.choice([0, 50, 150]),
            machine=self.dice.random() < 0.1,
        )

    def change(self) -> None:
        lead, country = self.lead, self.dice.choice(["Norway", "Chile", None])
        people.update_fields(lead=lead, values={"country": country}, source="typed")
        Company.objects.filter(pk=self.firm.pk).update(employees=self.dice.choice([10, 80]))

    def move(self) -> None:
        people.move_stage(lead=self.lead, stage=self.dice.choice(["lead", "mql", "recycled"]), reason="Test")

    def score(self) -> None:
        total, band = self.dice.choice([(10, "D4"), (60, "A1")])
        values = {"version": self.version, "total": total, "band": band}
        lead, now = self.lead, timezone.now()
        Score.objects.update_or_create(lead=lead, defaults={**values, "as_of": now})
        ScoreChange.objects.create(lead=lead, at=now, fit=0, engagement=total, qualified=False, **values)

    def object(self) -> None:
        lead = self.lead
        if lead.email and not consent.lift(address=lead.email):
            consent.suppress(address=lead.email, reason="manual")

    def put(self) -> None:
        change = self.dice.choice([writing.put_on_list, writing.take_off_list])
        change(segment=self.list, leads=[self.lead.pk], actor=None)

    def enrol(self) -> None:
        Enrolment.objects.bulk_create(
            [
                Enrolment(
                    campaign=self.campaign,
                    version=self.campaign.versions.first(),
                    lead=self.lead,
                    rotation=self.dice.randint(100, 30_000),
                    ended_at=timezone.now(),
                    ended_because="completed",
                )
            ]
        )

    def merge(self) -> None:
        winner, loser = self.lead, self.lead
        if winner.pk != loser.pk and Lead.objects.filter(merged_into=None).count() > 4:
            merge_leads(winner=winner, loser=loser, cause="Test")

    def pass_time(self) -> None:
        """Everything happened that much earlier."""
        span = timedelta(hours=self.dice.choice([1, 30, 50, 170]))
        with connection.cursor() as cursor:
            cursor.execute("UPDATE leads_activity SET occurred_at = occurred_at - %s", [span])
            cursor.execute("UPDATE nurturing_segmentclock SET next_change_at = next_change_at - %s", [span])

    def keep_up(self) -> None:
        keeping.score_touched(limit=1_000)
        limit = self.dice.choice([1, 3, 1_000])
        while membership.keep_noted(limit) or membership.keep_due(limit):
            pass

    def edit(self) -> None:
        """A later one may ask about the first two, so these never ask about it."""
        segment = self.segments[-1]
        writing.save_segment(segment=segment, name=segment.name, conditions=self.group(), actor=None)


@pytest.mark.parametrize("seed", range(int(os.environ.get("TANDEM_SEGMENT_SEEDS", 3))))
def test_kept_members_are_who_the_definitions_mean_and_a_rebuild_changes_nothing(seed: int) -> None:
    world = World(seed)

    for _ in range(8):
        for _ in range(world.dice.randint(1, 4)):
            world.happen()
        if world.dice.random() < 0.2:
            world.edit()
        world.keep_up()

        asked = reading.definitions()
        people = [Person(lead, asked) for lead in Lead.objects.filter(merged_into=None)]
        for segment in world.segments:
            expected = {person.lead.pk for person in people if person.is_in(segment.pk)}
            kept = set(SegmentMember.objects.filter(segment=segment).values_list("lead", flat=True))
            assert kept == expected, asked[segment.pk]

    kept_by_rebuild = membership.rebuild([segment.pk for segment in world.segments])
    assert kept_by_rebuild[1:] == (0, 0)
