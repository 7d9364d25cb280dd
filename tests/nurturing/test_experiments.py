"""What a mail changes: told with an interval that holds, or not told at all."""

import csv
import gzip
from pathlib import Path

import numpy as np
import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains

from leads.models import Lead
from leads.services import merges
from nurturing import ledger, lifts
from nurturing.experiments import Difference
from nurturing.models import Campaign, Enrolment, HoldOut
from nurturing.services import enrolments
from scoring.shares import Share
from tests.handoff.factories import make_offer
from tests.nurturing import factories

HILLSTROM = Path(__file__).parents[3] / "shared/data/hillstrom/hillstrom_dev.csv.gz"


def visits() -> dict[str, np.ndarray]:
    """{mail: 1 for each customer who visited, else 0}."""
    if not HILLSTROM.exists():
        pytest.skip("the data of the e-mail experiment are not here")
    found: dict[str, list[int]] = {}
    with gzip.open(HILLSTROM, "rt") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["segment"], []).append(int(row["visit"]))
    return {mail: np.array(visited) for mail, visited in found.items()}


def share(visited: np.ndarray) -> Share:
    return Share(int(visited.sum()), len(visited))


@pytest.mark.parametrize("mail", ["Mens E-Mail", "Womens E-Mail"])
def test_the_effect_of_a_real_mail_is_the_data_s_own_and_the_interval_is_the_bootstraps(mail):
    people, dice = visits(), np.random.default_rng(7)
    mailed, nothing = people[mail], people["No E-Mail"]

    effect = Difference(share(mailed), share(nothing))

    draws = dice.binomial(len(mailed), mailed.mean(), 20_000) / len(mailed)
    draws -= dice.binomial(len(nothing), nothing.mean(), 20_000) / len(nothing)
    assert effect.value == pytest.approx(mailed.mean() - nothing.mean())
    assert effect.interval == pytest.approx(np.quantile(draws, [0.025, 0.975]), abs=0.0005)
    assert effect.sure


def test_nobody_mailed_against_nobody_mailed_differs_in_one_of_twenty_only():
    nothing, dice, rounds, surprises = visits()["No E-Mail"], np.random.default_rng(7), 1000, 0

    for _ in range(rounds):
        drawn = dice.permutation(nothing)[:2000]
        surprises += Difference(share(drawn[:1000]), share(drawn[1000:])).sure

    assert 0.03 < surprises / rounds < 0.07


@pytest.mark.parametrize(
    ("treated", "control", "interval"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ],
)
def test_intervals_are_those_of_newcombes_paper(treated, control, interval):
    """Newcombe 1998, table II, method 10."""
    assert Difference(Share(*treated), Share(*control)).interval == pytest.approx(interval, abs=0.0001)


def test_too_few_people_say_nothing_however_different_they_look():
    assert not Difference(Share(20, 20), Share(0, 20)).sure
    assert not Difference(Share(9, 5000), Share(0, 5000)).enough


def held_out(percent: int, number: int = 60) -> tuple[Campaign, list[int]]:
    """A running campaign with that hold-out, and people who were offered to it."""
    campaign = factories.running(holdout_percent=percent)
    people = [lead.pk for lead in Lead.objects.bulk_create(stranger(n) for n in range(number))]
    enrolments.enrol(campaign=campaign, leads=people)
    return campaign, people


def stranger(number: int) -> Lead:
    return Lead(email=f"stranger{number}@buyer.example", country="Norway", created_at=timezone.now())


@pytest.mark.django_db
def test_whoever_is_held_out_stays_so_and_never_gets_a_mail():
    campaign, people = held_out(50)
    held = set(HoldOut.objects.values_list("lead", flat=True))

    again = enrolments.enrol(campaign=campaign, leads=people)
    Campaign.objects.filter(pk=campaign.pk).update(holdout_percent=0)
    later = enrolments.enrol(campaign=Campaign.objects.get(), leads=people)

    assert 15 <= len(held) <= 45
    assert (again.added, later.added) == (0, 0)
    assert set(Enrolment.objects.values_list("lead", flat=True)) == set(people) - held
    assert "Held out by the campaign (50%)" in enrolments.blockers(campaign, list(held)).values()


@pytest.mark.django_db
def test_a_hold_out_follows_a_merge_and_goes_back():
    campaign = factories.running()
    held, other = factories.lead(), factories.lead()
    HoldOut.objects.create(campaign=campaign, lead=held, percent=20)

    merge = merges.merge_leads(winner=other, loser=held, cause="test", by=None)
    merged = enrolments.enrol(campaign=campaign, leads=[other.pk]).added
    merges.unmerge(merge=merge)

    assert merged == 0
    assert HoldOut.objects.get().lead == held
    assert enrolments.enrol(campaign=campaign, leads=[other.pk]).added == 1


@pytest.mark.django_db
def test_who_runs_through_a_campaign_is_not_held_out_of_it_by_a_merge():
    campaign = factories.running()
    run, held = factories.enrolled(campaign), factories.lead()
    HoldOut.objects.create(campaign=campaign, lead=held, percent=20)

    merges.merge_leads(winner=run.lead, loser=held, cause="test", by=None)

    assert HoldOut.objects.get().lead == held


@pytest.mark.django_db
def test_a_mail_to_somebody_held_out_does_not_pass_the_fence():
    campaign = factories.running()
    mail = factories.queued(campaign)
    (held,) = ledger.claim(1)
    HoldOut.objects.create(campaign=campaign, lead=mail.enrolment.lead, percent=7)

    assert not ledger.pass_fence(held)
    ledger.turn_away(held)

    mail.refresh_from_db()
    assert (mail.state, mail.notes.get().words) == ("suppressed", "Held out by the campaign (7%).")


@pytest.mark.django_db
def test_lift_compares_who_was_drawn_at_the_same_share_and_waits_for_enough(rita, mara, client_of):
    campaign, _ = held_out(20)
    chosen = Enrolment.objects.filter(campaign=campaign).first()
    before = factories.lead()
    Enrolment.objects.create(campaign=campaign, version=chosen.version, lead=before)  # drawn by nobody
    offered = make_offer(rita, mara)
    type(offered).objects.filter(pk=offered.pk).update(lead=chosen.lead, accepted_at=timezone.now())

    rows = {row.key: row.difference for row in lifts.lift_of(campaign).rows}
    page = client_of(mara).get(f"/campaigns/{campaign.pk}/lift/")

    assert rows["sql"].treated.part == 1
    assert rows["sql"].treated.whole + rows["sql"].control.whole == 60
    assertContains(page, "Not enough data yet")
