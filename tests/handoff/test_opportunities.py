"""Deals: opened once, moved by one, won to revenue, lost for a reason, opened again."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from handoff.currencies import CODES, fits, money_words, sums_words
from handoff.errors import CannotMoveDeal, DealChanged, DealExists, NotBeingWorked, NoteRequired
from handoff.models import CloseReason, Opportunity, PipelineStage, StageStep
from handoff.services import revenue
from handoff.services.answers import accept, undo
from handoff.services.opportunities import Terms, change, lose, move, open_opportunity, reopen, win
from handoff.services.reassignments import reassign
from leads.models import Lead
from leads.services.activities import record_activity
from leads.services.people import disqualify
from scoring.models import QualificationCycle
from tests.handoff.factories import make_cycle, make_deal, make_offer, make_pipeline, open_around_the_clock

pytestmark = pytest.mark.django_db
TERMS = Terms("Fjellheim, 120 seats", Decimal(12400), "EUR")


@pytest.fixture(autouse=True)
def pipeline():
    open_around_the_clock()
    return make_pipeline()


@pytest.fixture
def deal(rita, mara):
    return make_deal(rita, mara, amount=12400, source="Webinar", campaign="Autumn")


def stage_of(deal):
    return Lead.objects.get(pk=deal.lead_id).stage


def cycle_of(deal):
    return QualificationCycle.objects.get(pk=deal.handoff.cycle_id)


def win_it(deal, actor, amount=12400):
    return win(opportunity=deal, actor=actor, version=deal.version, amount=Decimal(amount), currency="EUR")


def lose_it(deal, actor, **more):
    price = CloseReason.objects.get(label="Price")
    return lose(opportunity=deal, actor=actor, version=deal.version, **{"reason": price, **more})


def test_an_accepted_lead_becomes_a_deal_and_the_acceptance_is_final(rita, mara):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)

    deal = open_opportunity(handoff=handoff, actor=rita, terms=TERMS)

    assert stage_of(deal) == "opportunity"
    assert [step.stage.kind for step in deal.steps.all()] == ["open"]
    with pytest.raises(Exception, match="too late"):
        undo(handoff=handoff, actor=rita)


def test_the_same_form_twice_is_one_deal_and_another_form_is_told_who(rita, mara, max):
    handoff, key = accept(handoff=make_offer(rita, mara), actor=rita), uuid4()
    first = open_opportunity(handoff=handoff, actor=rita, terms=TERMS, form_key=key)

    again = open_opportunity(handoff=handoff, actor=rita, terms=TERMS, form_key=key)
    with pytest.raises(DealExists, match="Rita Rep opened this deal"):
        open_opportunity(handoff=handoff, actor=max, terms=TERMS, form_key=uuid4())

    assert again == first
    assert Opportunity.objects.count() == 1


def test_only_who_works_the_lead_opens_a_deal_and_only_from_an_accepted_one(rita, otto, mara):
    handoff = make_offer(rita, mara)

    with pytest.raises(NotBeingWorked):
        open_opportunity(handoff=handoff, actor=rita, terms=TERMS)
    for stranger in (otto, mara):
        with pytest.raises(PermissionDenied):
            open_opportunity(handoff=handoff, actor=stranger, terms=TERMS)

    assert not Opportunity.objects.exists()


def test_a_move_is_one_change_and_an_old_page_changes_nothing(deal, rita, max, pipeline):
    seen = deal.version
    move(opportunity=deal, stage=pipeline["Proposal"], actor=rita, version=seen)

    again = move(opportunity=deal, stage=pipeline["Proposal"], actor=rita, version=seen)
    with pytest.raises(DealChanged, match="Rita Rep changed this deal meanwhile"):
        move(opportunity=deal, stage=pipeline["Qualified"], actor=max, version=seen)

    assert again.stage == pipeline["Proposal"]
    assert StageStep.objects.filter(opportunity=deal).count() == 2


def test_a_win_makes_a_customer_once(deal, rita):
    version = deal.version
    win_it(deal, rita, amount=15000)

    win(opportunity=deal, actor=rita, version=version, amount=Decimal(15000), currency="EUR")

    assert (stage_of(deal), cycle_of(deal).outcome) == ("customer", "customer")
    assert deal.amount == 15000
    assert StageStep.objects.filter(stage__kind="won").count() == 1


def test_a_loss_needs_a_reason_and_sends_the_lead_back(deal, rita):
    strict = CloseReason.objects.create(label="Something else", needs_note=True)

    with pytest.raises(NoteRequired):
        lose_it(deal, rita, reason=strict)
    assert Opportunity.objects.open().exists()
    lose_it(deal, rita, reason=strict, note="They moved.")

    assert (stage_of(deal), cycle_of(deal).outcome) == ("recycled", "lost")
    assert cycle_of(deal).outcome_reason == "Deal lost, Something else: They moved."


@pytest.mark.parametrize("end", [win_it, lose_it])
def test_a_closed_deal_opens_again_where_it_stood(end, deal, rita, pipeline):
    move(opportunity=deal, stage=pipeline["Proposal"], actor=rita, version=deal.version)
    end(deal, rita)

    reopen(opportunity=deal, actor=rita, version=deal.version)

    assert (deal.stage, deal.outcome, deal.close_reason) == (pipeline["Proposal"], "", None)
    assert (stage_of(deal), cycle_of(deal).closed_at, deal.reopened) == ("opportunity", None, 1)
    assert deal.first_source == ""


def test_a_deal_stays_closed_once_its_lead_qualified_again_or_is_disqualified(deal, rita, mara):
    lose_it(deal, rita)
    newer = make_cycle(deal.lead, n=2)

    with pytest.raises(CannotMoveDeal, match="has qualified again"):
        reopen(opportunity=deal, actor=rita, version=deal.version)
    QualificationCycle.objects.filter(pk=newer.pk).delete()
    disqualify(lead=deal.lead, actor=mara, reason="Student")
    with pytest.raises(CannotMoveDeal, match="disqualified"):
        reopen(opportunity=deal, actor=rita, version=Opportunity.objects.get().version)

    assert Opportunity.objects.get().outcome == "lost"


def test_another_owner_is_for_who_leads_sales_and_takes_the_lead_along(deal, rita, otto, max):
    with pytest.raises(PermissionDenied):
        change(opportunity=deal, actor=rita, version=deal.version, terms=TERMS, owner=otto)

    change(opportunity=deal, actor=max, version=deal.version, terms=TERMS, owner=otto)

    assert not Opportunity.objects.visible_to(rita).exists()
    assert Opportunity.objects.visible_to(otto).get().lead.owner == otto


def test_a_deal_goes_along_when_its_lead_moves_and_no_second_is_opened(deal, rita, otto, max):
    following = reassign(handoff=deal.handoff, rep=otto, actor=max)
    accept(handoff=following, actor=otto)

    with pytest.raises(DealExists):
        open_opportunity(handoff=following, actor=otto, terms=TERMS)

    assert Opportunity.objects.visible_to(otto).get().handoff == following
    assert not Opportunity.objects.visible_to(rita).exists()


def test_money_goes_to_the_first_and_the_last_touch_before_the_deal(rita, mara):
    cycle = make_cycle(source="Event", campaign="")
    now = datetime.now(UTC)
    for days, kind, props in (
        (30, "page_view", {"utm_source": "google", "utm_campaign": "brand"}),
        (20, "email_sent", {"campaign": "Monthly letter"}),
        (10, "form_submit", {"utm_source": "linkedin"}),
        (-1, "page_view", {"utm_source": "too late"}),
    ):
        record_activity(lead=cycle.lead, kind=kind, occurred_at=now - timedelta(days=days), props=props)
    handoff = accept(handoff=make_offer(rita, mara, cycle), actor=rita)
    deal = open_opportunity(handoff=handoff, actor=rita, terms=TERMS)

    win_it(deal, rita)

    credited = (deal.first_source, deal.last_source, deal.first_campaign, deal.last_campaign)
    assert credited == ("google", "linkedin", "brand", "brand")


def test_a_lead_without_touches_is_credited_to_its_record(deal, rita):
    win_it(deal, rita)

    assert (deal.first_source, deal.last_campaign) == ("Webinar", "Autumn")


def test_currencies_are_never_added_up(rita, mara):
    for amount, currency in ((100, "EUR"), (50, "EUR"), (900, "JPY")):
        deal = make_deal(rita, mara, amount=amount, currency=currency, source="Event")
        win(opportunity=deal, actor=rita, version=1, amount=Decimal(amount), currency=currency)

    event = revenue.won_by(Opportunity.objects.all(), model="first", subject="source")[0]

    assert (event.name, event.deals, event.sums) == ("Event", 3, {"EUR": Decimal(150), "JPY": Decimal(900)})
    assert sums_words(event.sums.items()) == ["JPY\u00a0900", "EUR\u00a0150"]


def test_amounts_read_as_their_currency_has_them():
    assert money_words(Decimal("12400.5"), "EUR") == "EUR\u00a012,400.50"
    assert money_words(None, "EUR") == ""
    assert not fits(Decimal("0.5"), "JPY")
    assert fits(Decimal("0.125"), "KWD")
    assert len(set(CODES)) == len(CODES) > 150


def test_a_pipeline_keeps_a_beginning_a_win_and_a_loss_and_loses_no_deal(deal, pipeline):
    won, first = pipeline["Won"], deal.stage
    won.active = False
    first.active = False

    for broken in (won, first):
        with pytest.raises(ValidationError):
            broken.clean()
    PipelineStage(name="Pilot", kind="open").clean()


def test_every_change_of_a_deal_is_on_record(deal, rita):
    win_it(deal, rita)

    history = deal.events.order_by("pgh_id").values_list("pgh_label", "outcome")

    assert list(history)[-1] == ("update", "won")
    assert timezone.now() - deal.closed_at < timedelta(minutes=5)
