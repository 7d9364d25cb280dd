"""Promises: what counts as kept, against a slow count of raw rows; each number opens as many clocks."""

from __future__ import annotations

import random
from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from handoff.clock import database_now
from handoff.models import ClockPause, Handoff, SlaClock
from reports import promises
from reports.asked import Asked
from tests.reports import oracle
from tests.reports.histories import World
from tests.reports.test_agreement import ZONE
from tests.reports.test_pages import read

pytestmark = pytest.mark.django_db
ALWAYS = {
    "tz": "UTC",
    "weekly": {day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
}


def draw_clocks(world: World, seed: int = 2) -> None:
    """Met early, at the very instant or late; open, breached, cancelled, paused; due before, in and after now."""
    dice = random.Random(seed)
    for handoff in Handoff.objects.select_related("cycle"):
        for kind in promises.KINDS:
            start = world.now - timedelta(days=dice.uniform(0, 70))
            due = start + timedelta(hours=dice.choice([1, 8, 60]))
            met = dice.choice([None, due - timedelta(minutes=30), due, due + timedelta(minutes=5)])
            met = met if met and met <= world.now else None
            late = (met or world.now) > due and dice.random() < 0.7  # the sweep has not seen all
            clock = SlaClock.objects.create(
                kind=kind,
                cycle=handoff.cycle,
                handoff=handoff,
                started_at=start,
                minutes=60,
                due_at=due,
                met_at=met,
                breached_at=due if late else None,
                cancelled_at=world.now if met is None and dice.random() < 0.3 else None,
                policy={"name": dice.choice(["Standard", "Best fit"])},
                calendar=ALWAYS,
            )
            if dice.random() < 0.2:
                ClockPause.objects.create(clock=clock, started_at=start, ended_at=start, reason="other")


@pytest.fixture
def world():
    world = World(8, database_now())
    world.populate(25)
    draw_clocks(world)
    return world


def test_attainment_agrees_with_a_slow_count_in_every_group(world, mara):
    now, zone = world.now, ZoneInfo(ZONE)
    question = Asked.of({"from": f"{now - timedelta(days=33):%Y-%m}"}, now.date())
    clocks = promises.due(mara, question, ZONE, now)
    due = [
        clock
        for clock in SlaClock.objects.select_related("handoff__rep__team")
        if clock.due_at <= now and question.first <= oracle.month(clock.due_at, ZONE) <= question.last
    ]
    ways = {
        "team": lambda clock: clock.handoff.rep.team.name if clock.handoff.rep.team else "-",
        "policy": lambda clock: clock.policy["name"],
        "weekday": lambda clock: str(clock.started_at.astimezone(zone).isoweekday()),
        "hour": lambda clock: str(clock.started_at.astimezone(zone).hour),
    }
    counted = [clock for clock in due if clock.cancelled_at is None]
    kept = [
        clock for clock in counted if clock.met_at and clock.met_at <= clock.due_at and not clock.breached_at
    ]
    assert kept
    assert len(kept) < len(counted) < len(due)

    for each in promises.in_all(clocks):
        assert each.rate.part == sum(clock.kind == each.kind for clock in kept)
        assert each.rate.whole == sum(clock.kind == each.kind for clock in counted)
        assert each.cancelled == sum(clock.kind == each.kind for clock in due) - each.rate.whole
        assert clocks.filter(promises.HOW["broken"][1], kind=each.kind).count() == each.broken
    for way, key in ways.items():
        expected = Counter((key(clock), clock.kind) for clock in counted)
        lines = promises.grouped(clocks, way, ZONE)
        found = {(line.key, kind): rate.whole for line in lines for kind, rate in line.kept if rate.whole}
        assert found == dict(expected)
        name, kind = next(iter(expected))
        group = promises.of_group(clocks, way, name, ZONE).filter(promises.HOW["due"][1], kind=kind)
        assert group.count() == expected[name, kind]


def test_a_late_answer_and_one_still_open_are_both_broken(world, mara, client_of):
    page = read(client_of(mara), "/reports/promises/")

    assert "Promises due in these months" in page
    assert "First touch" in page
    for how in promises.HOW:
        assert read(client_of(mara), "/reports/promises/clocks/", kind="accept", how=how)


@pytest.mark.parametrize("over", promises.WAYS)
def test_nonsense_opens_the_page_all_the_same(world, mara, client_of, over):
    asked = {
        "over": over,
        "key": "\x00'99999999999999",
        "after": "///",
        "kind": "?",
        "team": "-",
        "segment": "1",
    }
    for path in ("/reports/promises/", "/reports/promises/clocks/"):
        read(client_of(mara), path, **asked)
