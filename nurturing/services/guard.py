"""Stops sending when too many readers complain, and lets people go on with one button."""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Now

from leads.events import publish
from nurturing import complaints, epoch
from nurturing.events import MessagesQueued
from nurturing.models import Campaign, Epoch, SendingHalt

Kind = SendingHalt.Kind


def sweep() -> int:
    """Pauses campaigns above the line, and all sending when the whole installation is. Returns how many."""
    found = complaints.rates()
    stopped = sum(_pause(pk, rate) for pk, rate in found.items() if rate.verdict == "stop")
    everything = complaints.whole(found)
    if everything.verdict == "stop" and not stopped:
        _, made = SendingHalt.objects.get_or_create(
            kind=Kind.COMPLAINTS, defaults={"reason": f"Readers reported {everything.words} as spam."}
        )
        stopped += made
    return stopped


@transaction.atomic
def go_on(kind: str) -> bool:
    """One button: what was looked at does not count again. False when it went on already."""
    if kind == Kind.EPOCH:
        done = epoch.confirm()
    else:
        done = bool(SendingHalt.objects.filter(kind=Kind.COMPLAINTS).delete()[0])
        Epoch.objects.update_or_create(pk=1, defaults={"complaints_from": Now()})
    publish(MessagesQueued())
    return done


def _pause(campaign_id: int, rate: complaints.Rate) -> int:
    why = f"Readers reported {rate.words} as spam; above 0.3% large providers refuse all your mail."
    running = Campaign.objects.filter(pk=campaign_id, state=Campaign.State.ACTIVE)
    return running.update(state=Campaign.State.PAUSED, paused_because=why)
