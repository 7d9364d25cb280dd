"""Eight processes hand off at once: shares as the weights promise, no lead twice, none lost, no limit broken."""

import os
import subprocess
import sys
import time
from collections import Counter
from urllib.parse import urlsplit

import pytest
from django.db import connection

from accounts.models import User
from handoff.models import Handoff, Holding, RoundRobinSeat, RoutingDecision
from leads.models import Lead
from scoring.models import QualificationCycle
from tests.handoff.factories import make_version

pytestmark = pytest.mark.django_db(transaction=True)
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


def hand_off(cycles, actor, *, way):
    """Eight processes, started together; the seconds it took. `way` as in race_worker."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    command = [sys.executable, "-m", "tests.handoff.race_worker", str(actor.pk), way]
    began = time.monotonic()
    subprocess.run(
        [*command, *(str(cycle.pk) for cycle in cycles)],
        env=os.environ | {"DATABASE_URL": url.geturl(), "DJANGO_SETTINGS_MODULE": "config.settings.test"},
        check=True,
    )
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

    seconds = hand_off(cycles, mara, way="twice")

    shares = Counter(Handoff.objects.values_list("rep", flat=True))
    print(f"\n{number} leads by eight processes in {seconds:.1f} s: {number / seconds:.0f} a second")
    assert Handoff.objects.count() == Handoff.objects.values("cycle").distinct().count() == number
    assert RoutingDecision.objects.count() == number
    for rep, weight in zip(reps, WEIGHTS, strict=True):
        assert abs(shares[rep.pk] - number * weight / sum(WEIGHTS)) < 1


def test_the_last_place_is_filled_once(reps, mara):
    RoundRobinSeat.objects.update(max_open=1)
    cycles = many_cycles(24)

    hand_off(cycles, mara, way="once")

    shares = Counter(Handoff.objects.values_list("rep", flat=True))
    assert set(shares.values()) == {1}
    assert len(shares) == User.objects.reps().count()
    assert Holding.objects.filter(released_at=None).count() == 24 - len(reps)
