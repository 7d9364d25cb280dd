"""Shells around services. Each may be lost or run twice; the sweep finds what the bell missed."""

from celery import shared_task

from handoff.services import calendars, clocks, draining, sweeps
from scoring.models import QualificationCycle


@shared_task(acks_late=True)
def start_clock(cycle_id: int, **_ids: int) -> None:
    """Marketing's promise begins when a lead qualifies."""
    cycle = QualificationCycle.objects.open().filter(pk=cycle_id).first()
    if cycle is not None:
        clocks.start_hand_off_clock(cycle)


@shared_task(acks_late=True)
def close_up(**_ids: int) -> None:
    """A cycle ended somewhere else: its offer and its clocks end with it."""
    sweeps.withdraw_from_closed_cycles()
    sweeps.cancel_of_closed_cycles()


@shared_task(acks_late=True)
def settle_answers() -> None:
    """Runs every few seconds, so that an answer takes effect soon after it can no longer be undone."""
    sweeps.settle_answers()


@shared_task(acks_late=True)
def sweep_clocks() -> None:
    sweeps.sweep()


@shared_task(acks_late=True)
def extend_holidays() -> None:
    calendars.extend_holidays()


@shared_task(acks_late=True)
def drain_holding(**_ids: int) -> None:
    """Somebody answered, or time passed: whoever can take leads again gets those that waited longest."""
    draining.drain()
