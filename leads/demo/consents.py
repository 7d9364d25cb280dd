"""What the demo company's prospects agreed to: three topics, and the words on its forms."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from leads.models import Consent, Lead, Topic

SEED = 11
TOPICS = (
    ("Product news", "What is new, about twice a month", False),
    ("Events and webinars", "Invitations, at most one a month", False),
    ("Guides and research", "When a new one comes out", True),
)
ASKED = "Yes, send me new guides by e-mail. I can stop this at any time."
FORM = "By sending this form you agree that we write to you about planning. You can object at any time."
REFUSED = "Events and webinars: off"
State, Source = Consent.State, Consent.Source


def load(*, now: datetime, size: int) -> str:
    topics = [
        Topic.objects.create(name=name, description=words, opt_in=opt_in, position=place)
        for place, (name, words, opt_in) in enumerate(TOPICS, 1)
    ]
    dice = random.Random(SEED)
    people = Lead.objects.exclude(email=None).filter(merged_into=None).order_by("pk")
    entries = [entry for lead in people for entry in _said(dice, lead, topics, now)]
    Consent.objects.bulk_create(entries, batch_size=1000)
    return f"{len(topics)} topics, {len(entries)} consent entries"


def _said(dice: random.Random, lead: Lead, topics: list[Topic], now: datetime) -> Iterator[Consent]:
    """Everybody left an address on a form, one in four asked for guides, one in twenty switched events off."""
    yield _entry(lead, None, FORM, lead.created_at, basis="interest", evidence={"form": "guide"})
    if dice.random() < 0.25:
        evidence = {"form": "guide", "confirmed at": (lead.created_at + timedelta(minutes=9)).isoformat()}
        yield _entry(lead, topics[2], ASKED, lead.created_at, basis="consent", evidence=evidence)
    if dice.random() < 0.05:
        at = lead.created_at + (now - lead.created_at) * dice.random()
        yield _entry(lead, topics[1], REFUSED, at, state=State.WITHDRAWN, source=Source.PREFERENCES)


def _entry(lead: Lead, topic: Topic | None, wording: str, at: datetime, **values: object) -> Consent:
    said = {"state": State.GIVEN, "source": Source.FORM, "version": "2026-01"} | values
    return Consent(
        lead=lead,
        subject_id=lead.pk,
        address=(lead.email or "").lower(),
        topic=topic,
        wording=wording,
        at=at,
        **said,
    )
