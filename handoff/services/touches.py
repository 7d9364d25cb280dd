"""The first human word to a lead, and every one after it."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models.functions import Now

from handoff.errors import NotBeingWorked
from handoff.models import Handoff, SlaClock
from handoff.services import clocks
from handoff.services.answers import settle
from handoff.services.news import tell
from leads.services.activities import record_activity


class TouchKind(models.TextChoices):
    CALL = "call", "Call"
    MEETING = "meeting", "Meeting"
    EMAIL = "email", "Email"


ACTIVITY = {TouchKind.CALL: "call", TouchKind.MEETING: "meeting", TouchKind.EMAIL: "email_sent"}


@transaction.atomic
def log_touch(
    *, handoff: Handoff, actor: Any, kind: str, note: str = "", key: uuid.UUID | None = None
) -> Handoff:
    """Records the touch on the lead's timeline; the first one meets the first-touch clock.

    `key` names the form it came from: sent twice, it is one touch. Whoever has called cannot undo the acceptance
    any more. Raises NotBeingWorked.
    """
    if not handoff.answerable_by(actor):
        raise PermissionDenied
    settle(handoff.pk, early=True)
    if not Handoff.objects.being_worked().filter(pk=handoff.pk).exists():
        raise NotBeingWorked("A touch can be logged once the lead is accepted, until its cycle ends.")
    Handoff.objects.filter(pk=handoff.pk, first_touch_at=None).update(first_touch_at=Now())
    clocks.meet(clocks.of_handoff(handoff, SlaClock.Kind.FIRST_TOUCH))
    props = {"by": str(actor.name), "note": note.strip()}
    name = f"touch:{handoff.pk}:{key}" if key else ""
    record_activity(lead=handoff.lead, kind=ACTIVITY[TouchKind(kind)], props=props, message_id=name)
    handoff.refresh_from_db()
    tell(handoff, "touched")
    return handoff
