"""Shells around services. Each may be lost or run twice; the sweep finds what the bell missed."""

from celery import shared_task

from handoff.services import alerts, calendars, clocks, deliveries, draining, merges, notifications, sweeps
from handoff.services.feedback import ask
from handoff.services.news import tell_queue
from handoff.services.qualification import promote_complete
from handoff.services.silence import keep_silence_rule
from leads.events import heard
from scoring.models import QualificationCycle


@shared_task(acks_late=True)
def start_clock(cycle_id: int, **_ids: int) -> None:
    """Marketing's promise begins when a lead qualifies."""
    cycle = QualificationCycle.objects.open().filter(pk=cycle_id).first()
    if cycle is not None:
        clocks.start_hand_off_clock(cycle)
        tell_queue("qualified", cycle=cycle.pk, lead=cycle.lead_id)


@shared_task(acks_late=True)
def close_up(**_ids: int) -> None:
    """A cycle ended somewhere else: its offer and its clocks end with it."""
    sweeps.withdraw_from_closed_cycles()
    sweeps.cancel_of_closed_cycles()
    tell_queue("closed")


@shared_task(acks_late=True)
def follow_merges(**_ids: int) -> None:
    """Two leads were one person: hand-offs and deals go with whoever stays."""
    merges.follow_merges()


@shared_task(acks_late=True)
def settle_answers() -> None:
    """Runs every few seconds, so that an answer takes effect soon after it can no longer be undone."""
    sweeps.settle_answers()


@shared_task(acks_late=True)
def sweep_clocks() -> None:
    sweeps.sweep()
    keep_silence_rule()
    promote_complete()


@shared_task(acks_late=True)
def extend_holidays() -> None:
    calendars.extend_holidays()


@shared_task(acks_late=True)
def drain_holding(**_ids: int) -> None:
    """Somebody answered, or time passed: whoever can take leads again gets those that waited longest."""
    draining.drain()


@shared_task(acks_late=True)
def tell_handoff(handoff_id: int, **_ids: int) -> None:
    notifications.tell_handoff(handoff_id)


@shared_task(acks_late=True)
def tell_clock(clock_id: int, **_ids: int) -> None:
    notifications.tell_clock(clock_id)


@shared_task(acks_late=True)
def tell_deal(opportunity_id: int, **_ids: int) -> None:
    notifications.tell_deal(opportunity_id)


@shared_task(acks_late=True)
def tell_check(check_id: int, **_ids: int) -> None:
    notifications.tell_check(check_id)


@shared_task(acks_late=True)
def tell_review(reminder_id: int, **_ids: int) -> None:
    notifications.tell_review(reminder_id)


@shared_task(acks_late=True)
def tell_missed() -> None:
    notifications.tell_missed()
    alerts.tell()


@shared_task(acks_late=True)
def tell_alerts() -> None:
    """Rings within a second of the scoring that raised them."""
    heard("handoff.tasks.tell_alerts")
    alerts.tell()


@shared_task(acks_late=True)
def ask_for_feedback() -> None:
    ask()


@shared_task(acks_late=True)
def send_notifications() -> None:
    """A bounded run; what is left waits for the next bell or sweep."""
    heard("handoff.tasks.send_notifications")
    deliveries.send_due()
