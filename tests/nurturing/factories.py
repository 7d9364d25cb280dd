"""Rows for the tests of campaigns and mails."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.utils import timezone

from accounts.models import Organisation
from leads.models import Lead
from nurturing.content.schema import from_text
from nurturing.models import Campaign, CampaignVersion, Enrolment, Message, Segment, Step
from nurturing.services import advancing, campaigns, drafting, enrolments, tracking

NUMBERS = count(1)
HELLO = "Hello {{ first_name | default: 'there' }},\n\nread [the guide](https://quillstone.example/guide)."


def organisation(**values: Any) -> Organisation:
    current = Organisation.current()
    defaults = {
        "name": "Quillstone",
        "sender_name": "Dana Cole",
        "sender_email": "dana@quillstone.example",
        "postal_address": "Kai 4, 20457 Hamburg",
    }
    for name, value in (defaults | values).items():
        setattr(current, name, value)
    current.save()
    return current


def lead(**values: Any) -> Lead:
    number = next(NUMBERS)
    defaults = {
        "email": f"lead{number}@buyer.example",
        "first_name": f"Lea{number}",
        "country": "Norway",
        "created_at": timezone.now(),
    }
    return Lead.objects.create(**(defaults | values))


def segment(**values: Any) -> Segment:
    conditions = [{"field": "country", "op": "is", "value": "Norway"}]
    return Segment.objects.create(**({"name": f"Segment {next(NUMBERS)}", "conditions": conditions} | values))


def draft(**values: Any) -> Campaign:
    """A campaign with its first, empty draft."""
    defaults = {"name": f"Campaign {next(NUMBERS)}", "goal": "mql", "cool_down_days": 30, "actor": None}
    values.setdefault("segment", segment())
    return campaigns.create(**(defaults | values))


def email(campaign: Campaign, subject: str = "Hello", body: str = HELLO) -> Step:
    step = drafting.add_step(version=_draft_of(campaign), kind="email")
    step.subject, step.content = subject, from_text(body)
    step.save()
    return step


def wait(campaign: Campaign, minutes: int = 60) -> Step:
    step = drafting.add_step(version=_draft_of(campaign), kind="wait")
    step.settings = {"minutes": minutes}
    step.save()
    return step


def running(**values: Any) -> Campaign:
    """Mail, wait an hour, mail; published."""
    organisation()
    campaign = draft(**values)
    email(campaign, "First")
    wait(campaign)
    email(campaign, "Second")
    campaigns.publish_version(campaign=campaign, actor=None)
    campaign.refresh_from_db()
    return campaign


def enrolled(campaign: Campaign | None = None, **values: Any) -> Enrolment:
    campaign = campaign or running()
    person = lead(**values)
    enrolments.enrol(campaign=campaign, leads=[person.pk])
    return Enrolment.objects.get(campaign=campaign, lead=person)


def queued(campaign: Campaign | None = None, **values: Any) -> Message:
    """A mail that waits to be sent."""
    run = enrolled(campaign, **values)
    advancing.advance_due()
    return Message.objects.get(enrolment=run)


def let_hits_settle() -> None:
    """As if the time had passed in which a click is held."""
    tracking.settle_due(hold=timedelta(days=-2))


def _draft_of(campaign: Campaign) -> CampaignVersion:
    return campaigns.draft_of(campaign)
