"""Eight processes hand off at once: shares as the weights promise, no lead twice, none lost, no limit broken."""

import multiprocessing
import os
import time
from collections import Counter
from contextlib import suppress

import pytest
from django.db import connections

from accounts.models import User
from handoff.errors import NotWaiting
from handoff.models import Handoff, Holding, RoundRobinSeat, RoutingDecision
from handoff.services.offers import offer_or_hold
from leads.models import Lead
from scoring.models import QualificationCycle
from tests.handoff.factories import make_version

pytestmark = pytest.mark.django_db(transaction=True)
PROCESSES = 8
MANY = int(os.environ.get("TANDEM_RACE_LEADS", "500"))  # 10,000 take some minutes; see docs/development.md
WEIGHTS = (5, 3, 2, 2, 1, 1, 1)


def many_cycles(number):
    leads = Lead.objects.bulk_create(
        [
            Lead(first_name=f"Lead {place}", created_at="2026-01-01T00:00Z", stage="mql")
            for place in range(number)
        ]
    )
    common = {
        "n": 1,
        "version": make_version(),
        "cause": "threshold",
        "reason": "Test",
        "total": 70,
        "band": "A1",
    }
    return QualificationCycle.objects.bulk_create([QualificationCycle(lead=lead, **common) for lead in leads])


def in_processes(work):
    """`work(place)` in eight processes with connections of their own; the seconds it took."""
    connections.close_all()
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=work, args=(place,)) for place in range(PROCESSES)]
    began = time.monotonic()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * PROCESSES
    return time.monotonic() - began


@pytest.fixture
def reps(person):
    people = [person(f"Rep {place}", "rep") for place in range(len(WEIGHTS))]
    for rep, weight in zip(people, WEIGHTS, strict=True):
        RoundRobinSeat.objects.create(rep=rep, weight=weight)
    return people


@pytest.mark.parametrize("number", [80, pytest.param(MANY, marks=pytest.mark.slow)])
def test_eight_processes_assign_fairly_without_loss_or_double(number, reps, mara):
    cycles = many_cycles(number)

    def work(place):
        """Every cycle is tried by two processes."""
        for cycle in cycles[place // 2 :: PROCESSES // 2]:
            try_offer(cycle, mara)

    seconds = in_processes(work)

    shares = Counter(Handoff.objects.values_list("rep", flat=True))
    print(f"\n{number} leads by {PROCESSES} processes in {seconds:.1f} s: {number / seconds:.0f} a second")
    assert Handoff.objects.count() == Handoff.objects.values("cycle").distinct().count() == number
    assert RoutingDecision.objects.count() == number
    for rep, weight in zip(reps, WEIGHTS, strict=True):
        assert abs(shares[rep.pk] - number * weight / sum(WEIGHTS)) < 1


def test_the_last_place_is_filled_once(reps, mara):
    RoundRobinSeat.objects.update(max_open=1)
    cycles = many_cycles(24)

    in_processes(lambda place: [try_offer(cycle, mara) for cycle in cycles[place::PROCESSES]])

    shares = Counter(Handoff.objects.values_list("rep", flat=True))
    assert set(shares.values()) == {1}
    assert len(shares) == User.objects.reps().count()
    assert Holding.objects.filter(released_at=None).count() == 24 - len(reps)


def try_offer(cycle, actor):
    with suppress(NotWaiting):  # the other process was faster
        offer_or_hold(cycle=cycle, actor=actor)
