"""Hands off cycles from eight processes at once, for test_routing_race.

Run     python -m tests.handoff.race_worker ACTOR WAY CYCLE…
WAY     twice: every cycle is tried by two processes; once: every cycle by one.

A process of its own forks the eight: one that has been running tests holds open connections (broker, browser),
and children that share those take each other's answers.
"""

import os
import sys
from contextlib import suppress

import django

PROCESSES = 8


def offer(actor_id: int, cycle_ids: list[int]) -> None:
    from accounts.models import User
    from handoff.errors import NotWaiting
    from handoff.services.offers import offer_or_hold
    from scoring.models import QualificationCycle

    actor = User.objects.get(pk=actor_id)
    cycles = QualificationCycle.objects.in_bulk(cycle_ids)
    for pk in cycle_ids:
        with suppress(NotWaiting):  # the other process was faster
            offer_or_hold(cycle=cycles[pk], actor=actor)


def in_a_child(actor_id: int, cycle_ids: list[int]) -> int:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            offer(actor_id, cycle_ids)
            status = 0
        finally:
            os._exit(status)
    return child


def main() -> None:
    actor_id, way, *cycle_ids = int(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:])
    lanes = PROCESSES // 2 if way == "twice" else PROCESSES
    children = [in_a_child(actor_id, cycle_ids[place % lanes :: lanes]) for place in range(PROCESSES)]
    failed = [child for child in children if os.waitpid(child, 0)[1]]
    sys.exit(f"{len(failed)} of {PROCESSES} processes failed" if failed else 0)


if __name__ == "__main__":
    django.setup()
    main()
