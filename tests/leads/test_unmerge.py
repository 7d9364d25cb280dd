"""Taking a merge apart: both leads are as they were, with what came since."""

from datetime import timedelta
from random import Random

import pytest
from django.utils import timezone

from handoff.models import Handoff
from leads.models import Activity, Consent, Lead, LeadMerge, LeadOutcome, OutreachTask, Suppression
from leads.services import consents
from leads.services.activities import NewActivity, record_activities
from leads.services.consents import Origin
from leads.services.merged_values import values_of
from leads.services.merges import MergeRefused, merge_leads, unmerge
from leads.services.people import disqualify, update_fields, upsert_lead
from nurturing.models import Enrolment, SegmentMember
from nurturing.services import segments
from scoring.models import ModelVersion, QualificationCycle, Score
from scoring.services import checks, keeping
from scoring.services.versions import create_usual, publish
from tests.handoff.factories import make_deal, make_lead, make_offer, open_around_the_clock
from tests.nurturing import factories

pytestmark = pytest.mark.django_db
FIELDS = ("first_name", "last_name", "title", "phone", "city", "country", "company", "custom.fleet")
DEEDS = ("page_view", "demo_request", "email_unsubscribe", "content_download", "email_click")


def photo(lead):
    """Everything about one lead that a merge may touch."""
    lead = Lead.objects.get(pk=lead.pk)
    rows = {
        "identities": lead.identities.values_list("pk"),
        "activities": Activity.objects.filter(lead=lead).values_list("id"),
        "suppressions": lead.suppressions.values_list("pk", "reason"),
        "consents": lead.consents.filter(subject_id=lead.pk).values_list("pk"),
        "tasks": lead.outreach.values_list("pk"),
        "outcome": LeadOutcome.objects.filter(lead=lead).values_list("pk"),
        "cycles": QualificationCycle.objects.filter(lead=lead).values_list("pk", "n", "closed_at"),
        "handoffs": Handoff.objects.filter(lead=lead).values_list("pk"),
        "runs": Enrolment.objects.filter(lead=lead).values_list("pk", "ended_at"),
        "lists": SegmentMember.objects.filter(lead=lead, segment__kind="list").values_list(
            "segment", "since"
        ),
    }
    row = [values_of(lead), lead.provenance, lead.stage, lead.merged_into_id]
    return row, {name: sorted(found, key=repr) for name, found in rows.items()}


class World:
    def __init__(self, seed, mara):
        self.dice, self.mara, self.told = Random(seed), mara, 0
        self.list = segments.make_list(name="Friends", actor=mara)
        self.campaign = factories.running()

    def lead(self, name):
        address = f"{name}@acme.example" if self.dice.random() > 0.3 else None
        lead = upsert_lead(values={"first_name": name}, source="import", email=address, external_id=name)[0]
        for _ in range(self.dice.randrange(6)):
            self.happens(lead)
        for act in (self.lists, self.suppresses, self.refuses, self.asks, self.runs, self.knows):
            if self.dice.random() > 0.5:
                act(lead)
        return Lead.objects.get(pk=lead.pk)

    def happens(self, lead):
        self.told += 1
        at = timezone.now() - timedelta(days=self.dice.uniform(0, 60))
        record_activities([NewActivity(lead.pk, self.dice.choice(DEEDS), at, {}, message_id=f"m{self.told}")])

    def learns(self, lead):
        self.told += 1
        field, source = self.dice.choice(FIELDS), self.dice.choice(["form", "typed", "enriched"])
        update_fields(lead=lead, values={field: f"W{self.told}"}, source=source, actor=None)

    def lists(self, lead):
        segments.put_on_list(segment=self.list, leads=[lead.pk], actor=self.mara)

    def suppresses(self, lead):
        Suppression.objects.create(address=f"old{lead.pk}@acme.example", lead=lead, reason="manual")

    def refuses(self, lead):
        consents.withdraw(lead=lead, topic=None, wording="No more", origin=Origin(Consent.Source.FORM))

    def asks(self, lead):
        OutreachTask.objects.create(
            lead=lead, key=f"t{lead.pk}", source="S", title="Call", due_at=timezone.now()
        )

    def runs(self, lead):
        if not Enrolment.objects.filter(
            campaign=self.campaign
        ).exists():  # two runs of one campaign become one
            first = self.campaign.versions.get().steps.first()
            Enrolment.objects.create(
                campaign=self.campaign, version=first.version, lead=lead, step=first, due_at=timezone.now()
            )

    def knows(self, lead):
        LeadOutcome.objects.create(lead=lead, result="won", source="import")
        for _ in range(4):
            self.learns(lead)


@pytest.mark.parametrize("seed", range(8))
def test_in_any_world_both_are_as_they_were_with_what_came_since(mara, seed):
    ModelVersion.objects.filter(pk=(draft := create_usual()).pk).update(threshold=100, fit_floor=-50)
    publish(version=draft)
    world = World(seed, mara)
    winner, loser = world.lead("Ann"), world.lead("Anna")
    keeping.score_touched(limit=100)
    before, scores = (photo(winner), photo(loser)), totals()
    sides = {name: world.dice.choice(["mine", "theirs"]) for name in (*FIELDS[:5], "email")}

    merge = merge_leads(winner=winner, loser=loser, cause="One person", by=mara, sides=sides)
    keeping.score_touched(limit=100)
    assert checks.check_shadow(share=1).details == []
    news = world.dice.random() > 0.5
    if news:
        record_activities([NewActivity(winner.pk, "call", timezone.now(), {}, message_id="since")])
        update_fields(lead=Lead.objects.get(pk=winner.pk), values={"department": "Ops"}, source="form")
    unmerge(merge=LeadMerge.objects.get(pk=merge.pk))
    keeping.score_touched(limit=100)

    mine, theirs = photo(winner), photo(loser)
    assert theirs == before[1]
    if news:
        newest = Activity.objects.get(message_id="since")
        assert (newest.id,) in mine[1]["activities"]
        mine[1]["activities"].remove((newest.id,))
        assert mine[0][0].pop("department") == "Ops"
        assert mine[0][1].pop("department")["source"] == "form"
        before[0][0][0].pop("department")
    assert mine == before[0]
    assert checks.check_shadow(share=1).details == []
    assert news or totals() == scores


def totals():
    return dict(Score.objects.values_list("lead", "total"))


def test_what_sales_was_in_the_middle_of_goes_back_with_its_cycle(rita, otto, mara):
    open_around_the_clock()
    deal, winner = make_deal(rita, mara), make_lead("Ingrid S.", owner=otto)
    loser = deal.lead
    before = photo(winner), photo(loser)

    merge = merge_leads(winner=winner, loser=loser, cause="One person", by=mara)
    assert Handoff.objects.get(pk=deal.handoff_id).lead == winner
    unmerge(merge=merge)

    deal.refresh_from_db()
    assert deal.lead == loser
    assert (photo(winner), photo(loser)) == before


def test_a_cycle_that_the_merge_ended_is_open_again(rita, otto, mara):
    open_around_the_clock()
    offer, own = make_offer(rita, mara), make_offer(otto, mara, name="Ingrid S.")

    merge = merge_leads(winner=own.lead, loser=offer.lead, cause="One person", by=mara)
    assert QualificationCycle.objects.open().count() == 1
    unmerge(merge=merge)

    assert set(QualificationCycle.objects.open().values_list("lead", flat=True)) == {
        own.lead_id,
        offer.lead_id,
    }


def test_a_value_that_passed_through_two_merges_comes_back_from_both(mara):
    low, middle, top = (
        Lead.objects.create(created_at=timezone.now(), title=title) for title in ("CTO", "", "")
    )
    first = merge_leads(winner=middle, loser=low, cause="1")
    second = merge_leads(winner=top, loser=middle, cause="2")

    unmerge(merge=first)
    unmerge(merge=second)

    assert [Lead.objects.get(pk=lead.pk).title for lead in (low, middle, top)] == ["CTO", "", ""]


def test_an_address_given_away_since_is_said_and_nothing_changes():
    winner = upsert_lead(values={}, source="import", email="ann@acme.example")[0]
    loser = upsert_lead(values={}, source="import", email="anna@acme.example")[0]
    merge = merge_leads(winner=winner, loser=loser, cause="One person")
    Lead.objects.create(email="anna@acme.example", created_at=timezone.now())

    with pytest.raises(MergeRefused, match="is the address of"):
        unmerge(merge=merge)

    assert LeadMerge.objects.get() == merge
    assert Lead.objects.get(pk=loser.pk).merged_into == winner


def test_a_colleague_is_told_that_the_one_to_vanish_is_disqualified(mara):
    winner, loser = (Lead.objects.create(created_at=timezone.now()) for _ in range(2))
    disqualify(lead=loser, actor=mara, reason="A competitor")

    with pytest.raises(MergeRefused, match="disqualified"):
        merge_leads(winner=winner, loser=loser, cause="?", by=mara)
