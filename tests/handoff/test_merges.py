"""Two leads that are one person: what sales was in the middle of goes on as the winner's."""

from decimal import Decimal

import pytest

from handoff.models import BantEvidence, Handoff, Holding, Opportunity
from handoff.services.answers import accept
from handoff.services.merges import follow_merges
from handoff.services.opportunities import win
from handoff.services.qualification import record_evidence
from leads.models import Lead, StageChange
from leads.services.merges import merge_leads, unmerge
from scoring.models import QualificationCycle
from scoring.services import cycles
from tests.handoff.factories import (
    make_cycle,
    make_deal,
    make_lead,
    make_offer,
    open_around_the_clock,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def around_the_clock():
    open_around_the_clock()


def merged(winner, loser):
    merge = merge_leads(winner=winner, loser=loser, cause="Same person")
    cycles.follow_merges()
    follow_merges()
    winner.refresh_from_db()
    return merge


def test_a_deal_and_its_hand_off_go_on_as_the_winners(rita, otto, mara, client_of):
    deal, winner = make_deal(rita, mara), make_lead("Ingrid S.", owner=otto)

    merged(winner, deal.lead)

    handoff, stored = Handoff.objects.live().get(), Opportunity.objects.get()
    assert (handoff.lead, stored.lead, handoff.cycle.lead) == (winner, winner, winner)
    assert (winner.stage, winner.owner) == ("opportunity", rita)
    assert handoff.cycle.closed_at is None
    assert client_of(rita).get(f"/leads/{winner.pk}/").status_code == 200
    assert "Ingrid S." in client_of(rita).get("/inbox/").content.decode()
    win(opportunity=stored, actor=rita, version=stored.version, amount=Decimal(9), currency="EUR")
    assert Lead.objects.get(pk=winner.pk).stage == "customer"


def test_the_winners_own_cycle_stays_and_the_losers_deal_is_not_lost(rita, otto, mara):
    deal, own = make_deal(rita, mara), make_offer(otto, mara, name="Ingrid S.")

    merged(own.lead, deal.lead)

    assert QualificationCycle.objects.open().get() == own.cycle
    assert QualificationCycle.objects.get(pk=deal.handoff.cycle_id).outcome == "expired"
    assert Opportunity.objects.open().get().lead == own.lead
    assert Lead.objects.get(pk=own.lead_id).owner == otto


def test_two_open_deals_of_one_person_stay_reachable_are_named_and_can_both_be_won(
    rita, otto, max, mara, client_of
):
    hers, his = make_deal(rita, mara), make_deal(otto, mara, name="Ingrid S.")

    merged(his.lead, hers.lead)

    for person, deal, other in ((rita, hers, "Otto Other"), (otto, his, "Rita Rep")):
        client = client_of(person)
        lead_page = client.get(f"/leads/{his.lead_id}/")
        panel = client.get(f"/leads/{his.lead_id}/handoffs/").content.decode()
        page = client.get(f"/pipeline/{deal.pk}/").content.decode()
        assert lead_page.status_code == 200
        assert all(
            "More than one open deal since a merge" in each and other in each for each in (panel, page)
        )
    assert "close one of each" in client_of(max).get("/pipeline/").content.decode()
    for person, deal in ((rita, hers), (otto, his)):
        deal.refresh_from_db()
        win(opportunity=deal, actor=person, version=deal.version, amount=Decimal(9), currency="EUR")
    assert Lead.objects.get(pk=his.lead_id).stage == "customer"
    assert "close one of each" not in client_of(max).get("/pipeline/").content.decode()


def test_a_deal_shows_its_owner_that_lead_and_nobody_elses(rita, otto, mara, client_of):
    deal, other = make_deal(rita, mara), make_lead("Greta Lindholm", owner=otto)
    Lead.objects.filter(pk=deal.lead_id).update(owner=otto)

    seen = set(Lead.objects.visible_to(rita).values_list("pk", flat=True))

    assert seen == {deal.lead_id}
    win(opportunity=deal, actor=rita, version=deal.version, amount=Decimal(9), currency="EUR")
    assert not Lead.objects.visible_to(rita).exists()
    assert client_of(rita).get(f"/leads/{other.pk}/").status_code == 404


def test_the_next_score_opens_no_second_cycle_beside_the_one_that_comes_along(rita, mara):
    handoff, winner = accept(handoff=make_offer(rita, mara), actor=rita), make_lead("Ingrid S.")
    merge_leads(winner=winner, loser=handoff.lead, cause="Same person")

    opened = cycles.open_cycle(
        lead=winner,
        version=handoff.cycle.version,
        cause="threshold",
        reason="Pricing page",
        rule_key="",
        evidence_at=handoff.cycle.opened_at,
        total=80,
        band="A1",
    )

    assert opened is None
    assert QualificationCycle.objects.open().get() == handoff.cycle
    assert QualificationCycle.objects.get().lead == winner


def test_what_waits_and_what_was_said_come_along_and_the_stage_says_why(rita, mara):
    cycle, winner = make_cycle(), make_lead("Ingrid S.")
    held = Holding.objects.create(cycle=cycle, because="Nobody can take it now.", waits_for="everybody")
    record_evidence(
        lead=cycle.lead, said={"budget": {"standing": "yes", "value": "60k", "said_by": "Ingrid"}}, actor=mara
    )

    merged(winner, cycle.lead)

    held.refresh_from_db()
    assert held.cycle.lead == winner
    assert BantEvidence.objects.of_lead(winner.pk).count() == 1
    assert StageChange.objects.filter(lead=winner).latest("pk").reason.startswith("Merged with a lead")


def test_following_twice_changes_nothing_more_and_unmerging_brings_a_deal_back(rita, otto, mara):
    deal, own = make_deal(rita, mara), make_offer(otto, mara, name="Ingrid S.")
    loser = deal.lead
    merge = merged(own.lead, loser)
    assert follow_merges() == 0

    unmerge(merge=merge)
    follow_merges()

    assert Opportunity.objects.get().lead == loser
