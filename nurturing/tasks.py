"""Shells around services. Each may be lost or run twice; the sweeps in config/schedule.py find the rest."""

import time
from typing import Any

from celery import shared_task

from leads.events import heard
from nurturing import confirmation_mails, delivery, ledger
from nurturing.intake import returned
from nurturing.services import (
    advancing,
    campaigns,
    checking,
    contests,
    enrolments,
    guard,
    links,
    mail_events,
    mails,
    membership,
    moving_people,
    re_entries,
    returned_mails,
    tracking,
    webhooks,
)
from nurturing.services.steps import outreach, waiting

SECONDS = 20  # of one run; whatever is left waits for the next sweep


@shared_task
def stop_lead(lead_id: int, **_event: Any) -> None:
    enrolments.stop_lead(lead_id)


@shared_task
def check_goals(lead_id: int, **_event: Any) -> None:
    enrolments.check_goals(lead_id)


@shared_task
def recycle_lead(lead_id: int, **_event: Any) -> None:
    """Ends what still runs, then enters the campaign that the reject reason names if that is due at once.

    Without one the segment sweep takes the lead in again, once the campaign's own cool-down is over.
    """
    enrolments.stop_lead(lead_id)
    re_entries.take_in_due()


@shared_task
def take_in_re_entries() -> None:
    re_entries.take_in_due()


@shared_task
def enrol_segment(campaign_id: int) -> None:
    enrolments.enrol_segment(campaign_id)
    advance_due()


@shared_task
def enrol_segments() -> None:
    heard("nurturing.tasks.enrol_segments")
    enrolments.enrol_segments()


@shared_task
def advance_due() -> None:
    advancing.advance_all(SECONDS)


@shared_task
def outreach_settled(task_id: int) -> None:
    if outreach.wake(task_id):
        advance_due()


@shared_task
def call_webhooks() -> None:
    heard("nurturing.tasks.call_webhooks")
    webhooks.call_due()


@shared_task
def move_people(**_event: Any) -> None:
    ends = time.monotonic() + SECONDS
    while moving_people.work() and time.monotonic() < ends:
        pass


@shared_task
def decide_splits() -> None:
    contests.decide_splits()


@shared_task
def wake_for_events() -> None:
    if waiting.wake_for_events():
        advance_due()


@shared_task
def settle_hits() -> None:
    """Clicks and opens that waited long enough to be told from a machine's, then whatever verdict changed."""
    tracking.settle_due()


@shared_task
def follow_hits() -> None:
    heard("nurturing.tasks.follow_hits")
    tracking.follow()


@shared_task
def send_due() -> None:
    heard("nurturing.tasks.send_due")
    delivery.send_due()


@shared_task
def send_confirmations() -> None:
    heard("nurturing.tasks.send_confirmations")
    confirmation_mails.send_due()


@shared_task
def wake_lead(lead_id: int, **_event: Any) -> None:
    mails.wake(lead_id)


@shared_task
def check_links() -> None:
    heard("nurturing.tasks.check_links")
    links.check_waiting()


@shared_task
def take_in_returned() -> None:
    returned.fetch()


@shared_task
def forget_returned() -> None:
    returned_mails.forget_foreign()
    mail_events.forget_foreign()


@shared_task
def guard_complaints() -> None:
    guard.sweep()


@shared_task
def sweep_stops() -> None:
    ledger.settle_expired()
    ledger.settle_unproven()
    enrolments.sweep_stops()
    campaigns.end_due()
    delivery.tell_leads()


@shared_task
def keep_segments() -> None:
    """Whoever was noted, then whom time alone has changed."""
    heard("nurturing.tasks.keep_segments")
    ends = time.monotonic() + SECONDS
    for step in (membership.keep_noted, membership.keep_due):
        while step() and time.monotonic() < ends:
            pass


@shared_task
def look_again(lead_id: int, **_event: Any) -> None:
    """What a neighbour did with a lead decides whether it may be mailed."""
    membership.note([lead_id], "stage")
    membership.keep_noted()


@shared_task(time_limit=3600, soft_time_limit=3500)  # seconds; as long as the lease of a rebuild
def rebuild_segment(segment_id: int) -> None:
    membership.build(segment_id)


@shared_task(time_limit=3600, soft_time_limit=3500)
def rebuild_changed() -> None:
    """Segments whose bell was lost, or whose worker died."""
    for segment_id in membership.unbuilt():
        membership.build(segment_id)


@shared_task(time_limit=1800, soft_time_limit=1700)  # seconds; a sample takes far less
def check_segments() -> None:
    checking.check_sample()
