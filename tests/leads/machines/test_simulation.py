"""Gateways of many makes against people of many habits: who is told from whom."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable

import pytest

from leads.machines.judging import crowds, judge
from leads.machines.seen import FOOT, OPEN, TRAP
from tests.leads.machines import gateways
from tests.leads.machines.gateways import Mail, Profile

MAILS = 150  # of each profile
FRESH = random.SystemRandom().randrange(2**32)


def met(profiles: Iterable[Profile], seed: int) -> list[tuple[str, str, bool, bool]]:
    """(profile, kind, made by a machine, judged a machine's) of every hit."""
    dice = random.Random(seed)
    mails: list[tuple[Profile, Mail]] = []
    for profile in profiles:
        for _ in range(MAILS):
            mail = Mail(dice, links=dice.choice([4, 4, 5, 6]))
            profile(mail)
            mails.append((profile, mail))
    crowded = crowds([[seen for seen, _ in mail.hits] for _, mail in mails])
    return [
        (profile.__name__, seen.kind, machine, verdict.machine)
        for (profile, mail), hits in zip(mails, crowded, strict=True)
        for (seen, machine), verdict in zip(mail.hits, judge(hits), strict=True)
    ]


def recall(rows: Iterable[tuple[str, str, bool, bool]]) -> tuple[float, dict[str, float]]:
    """Of the machines' clicks; whole, and for each profile where it is not 1."""
    made, caught = Counter(), Counter()
    for profile, kind, machine, judged in rows:
        if machine and kind not in (OPEN, TRAP, FOOT):
            made[profile] += 1
            caught[profile] += judged
    each = {name: caught[name] / made[name] for name in made if caught[name] < made[name]}
    return caught.total() / made.total(), each


def lost(rows: Iterable[tuple[str, str, bool, bool]]) -> tuple[float, Counter[str]]:
    people = [(profile, judged) for profile, kind, machine, judged in rows if not machine and kind != OPEN]
    taken = Counter(profile for profile, judged in people if judged)
    return taken.total() / len(people), taken


@pytest.mark.parametrize("seed", [20_260_901, FRESH], ids=["fixed", "fresh"])
def test_machines_are_caught_and_people_are_not(seed: int) -> None:
    rows = met([*gateways.TUNED, *gateways.PEOPLE], seed)

    share, each = recall(rows)
    away, whose = lost(rows)

    print(f"seed {seed}: recall {share:.4f} {each}; people lost {away:.4%} {dict(whose)}")
    assert share >= 0.98, (seed, each)
    assert away <= 0.005, (seed, whose)


@pytest.mark.parametrize("seed", [20_260_901, FRESH], ids=["fixed", "fresh"])
def test_machines_nobody_looked_at_while_weights_were_set(seed: int) -> None:
    share, each = recall(met(gateways.HELD_OUT, seed))

    print(f"seed {seed}: recall of held-out profiles {share:.4f} {each}")
    assert share >= 0.9, (seed, each)


def test_opens_by_proxies_are_not_peoples() -> None:
    rows = met([gateways.apple_proxy, gateways.gmail_on_delivery, *gateways.PEOPLE], FRESH)

    opens = [(machine, judged) for _, kind, machine, judged in rows if kind == OPEN]

    assert all(machine == judged for machine, judged in opens)
