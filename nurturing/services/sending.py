"""What holds for all mails: changed by an admin, and felt at once by mails that the old rules held back."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from leads.events import publish
from nurturing.events import MessagesQueued
from nurturing.models import GateNote, Message, SendingRules


@transaction.atomic
def change_rules(rules: SendingRules) -> None:
    rules.pk = 1
    rules.full_clean()
    rules.save()
    look_again(Message.objects.all())


def look_again(messages: QuerySet[Message]) -> int:
    """Those of them that gates hold back are asked about anew; who still may not be sent is held back anew."""
    held = GateNote.objects.filter(message=OuterRef("pk"), verdict=GateNote.Verdict.DEFERRED)
    waiting = messages.filter(Exists(held), state=Message.State.QUEUED, due_at__gt=Now(), failures=0)
    woken = waiting.update(due_at=Now())
    if woken:
        publish(MessagesQueued())
    return woken
