"""Asking for personal outreach, and saying what became of it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from leads.events import OutreachSettled, publish
from leads.models import OutreachTask
from leads.services.activities import record_activity

LONGEST_SNOOZE = timedelta(days=90)
Outcome = OutreachTask.Outcome


class NotOpen(ValueError):
    """Somebody was faster, or the time makes no sense; says so in words."""


def ask_for_outreach(tasks: Iterable[OutreachTask]) -> int:
    """Keeps those whose key is new; returns how many were given. The rows stand when the caller's transaction does."""
    wanted = list(tasks)
    OutreachTask.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=500)
    return len(wanted)


@transaction.atomic
def settle_outreach(*, task: OutreachTask, actor: Any, done: bool, note: str = "") -> OutreachTask:
    """Done, or not done and why. What was done stands in the lead's timeline. Raises NotOpen for the second."""
    outcome = Outcome.DONE if done else Outcome.NOT_DONE
    waiting = OutreachTask.objects.filter(pk=task.pk, settled_at=None)
    if not waiting.update(settled_at=Now(), settled_by=actor, outcome=outcome, note=note.strip()[:500]):
        raise NotOpen(_faster(task))
    task.refresh_from_db()
    if done:
        _tell(task, actor)
    publish(OutreachSettled(task_id=task.pk))
    return task


@transaction.atomic
def snooze_outreach(*, task: OutreachTask, until: datetime) -> OutreachTask:
    """Out of sight until then. Raises NotOpen."""
    now = timezone.now()
    if not now < until <= now + LONGEST_SNOOZE:
        raise NotOpen("Choose a time between now and 90 days from now. Nothing was changed.")
    if not OutreachTask.objects.filter(pk=task.pk, settled_at=None).update(snoozed_until=until):
        raise NotOpen(_faster(task))
    task.refresh_from_db()
    return task


def _faster(task: OutreachTask) -> str:
    task.refresh_from_db()
    who = task.settled_by or "somebody"
    return f"Nothing was changed: {who} has settled this task ({task.get_outcome_display().lower()})."


def _tell(task: OutreachTask, actor: Any) -> None:
    props = {"title": task.title, "campaign": task.source, "by": str(actor)}
    record_activity(
        lead=task.lead,
        kind="call" if task.channel == OutreachTask.Channel.CALL else "note",
        props=props | ({"note": task.note} if task.note else {}),
        message_id=f"outreach:{task.pk}",
    )
