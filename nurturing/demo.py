"""The demo company's segments and campaigns: one running for two months, one over, one being written."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from leads.models import Lead
from leads.services.activities import NewActivity, record_activities
from nurturing.models import Campaign, CampaignVersion, Enrolment, Message, Segment, Step
from nurturing.services import campaigns

SEED = 5
MINUTES_A_DAY = 1440
GREETING = 'Hello {{ first_name | default: "there" }},'
SITE = "https://quillstone.example"


def _letter(text: str, page: str, sender: str = "Dana") -> str:
    return f"{GREETING}\n\n{text}: {SITE}/{page}\n\n{sender}"


GUIDE = (
    (
        "email",
        "What a shift really costs",
        _letter("most teams pay for hours nobody planned. Where they hide", "guide"),
    ),
    ("wait", 4),
    ("email", "Three rotas that work", _letter("three teams like yours told us how they plan", "rotas")),
    ("wait", 7),
    (
        "email",
        "Twenty minutes with your own numbers?",
        _letter("bring last month's rota and we look at it", "demo"),
    ),
)
AUTUMN = (
    ("email", "Planning without spreadsheets: the recording", _letter("here it is", "recording", "Leo")),
)


def load(*, now: datetime, size: int) -> str:
    dana = User.objects.get(email__startswith="dana@")
    planners = _segment("Planners without a demo", [("stage", "is", "lead"), ("email", "known", None)], dana)
    nordics = _segment(
        "Nordics", [("country", "in", ["Norway", "Sweden", "Denmark"]), ("email", "known", None)], dana
    )
    running = _campaign("Shift cost guide", planners, GUIDE, dana, now - timedelta(days=60))
    ended = _campaign("Webinar follow-up, autumn", nordics, AUTUMN, dana, now - timedelta(days=50))
    _campaign("Care rota templates", nordics, GUIDE[:3], dana, None)
    dice = random.Random(SEED)
    people = list(Lead.objects.mailable().filter(stage="lead").order_by("pk")[: size // 4])
    sent = _ran(dice, running, people[: size // 6], now) + _ran(
        dice, ended, people[size // 8 :], now - timedelta(days=20)
    )
    Campaign.objects.filter(pk=ended.pk).update(state="ended")
    return f"3 campaigns, {sent} mails"


def _segment(name: str, conditions: Sequence[tuple[str, str, Any]], actor: User) -> Segment:
    items = [{"field": field, "op": op, "value": value} for field, op, value in conditions]
    return Segment.objects.create(name=name, conditions=items, created_by=actor)


def _campaign(
    name: str, segment: Segment, steps: Sequence[Any], actor: User, since: datetime | None
) -> Campaign:
    campaign = campaigns.create(name=name, segment=segment, goal="mql", cool_down_days=30, actor=actor)
    version = campaigns.draft_of(campaign)
    version.steps.all().delete()
    for position, step in enumerate(steps):
        _step(version, position, *step)
    if since:
        campaigns.publish_version(campaign=campaign, actor=actor)
        Campaign.objects.filter(pk=campaign.pk).update(activated_at=since)
    campaign.refresh_from_db()
    return campaign


def _step(version: CampaignVersion, position: int, kind: str, first: Any, body: str = "") -> None:
    wait = first * MINUTES_A_DAY if kind == "wait" else None
    subject = first if kind == "email" else ""
    Step.objects.create(
        version=version, position=position, kind=kind, wait_minutes=wait, subject=subject, body=body
    )


def _ran(dice: random.Random, campaign: Campaign, people: Sequence[Lead], now: datetime) -> int:
    """Each person entered some day since the start and is as far as the steps allow by now."""
    version = campaign.versions.exclude(frozen_at=None).latest("number")
    began = campaign.activated_at or now
    steps = list(version.steps.all())
    deeds: list[NewActivity] = []
    for lead in people:
        since = began + (now - began) * dice.random()
        _run_of_one(dice, campaign, version, steps, lead, since, now, deeds)
    record_activities(deeds)
    return sum(deed.kind == "email_sent" for deed in deeds)


def _run_of_one(
    dice: random.Random, campaign: Campaign, version: CampaignVersion, steps: Sequence[Step], lead: Lead,
    since: datetime, now: datetime, deeds: list[NewActivity],
) -> None:  # fmt: skip
    run = Enrolment.objects.create(campaign=campaign, version=version, lead=lead, enrolled_at=since)
    at = since
    for step in steps:
        if step.kind == "wait":
            at += timedelta(minutes=step.wait_minutes or 0)
            if at > now:
                Enrolment.objects.filter(pk=run.pk).update(position=step.position + 1, due_at=at)
                return
        else:
            _mail(dice, run, step, at, deeds)
    Enrolment.objects.filter(pk=run.pk).update(
        position=steps[-1].position + 1, due_at=None, ended_at=at, ended_because="completed"
    )


def _mail(dice: random.Random, run: Enrolment, step: Step, at: datetime, deeds: list[NewActivity]) -> None:
    opened = at + timedelta(hours=dice.uniform(0.2, 30)) if dice.random() < 0.38 else None
    clicked = opened + timedelta(minutes=dice.uniform(1, 9)) if opened and dice.random() < 0.25 else None
    message = Message.objects.create(
        enrolment=run, step=step, to_address=run.lead.email or "", state="accepted", attempt=1, due_at=at, queued_at=at,
        sent_at=at, told_at=at, opened_at=opened, clicked_at=clicked, reply="250 accepted",
    )  # fmt: skip
    props = {"campaign": run.campaign.name, "subject": step.subject}
    for kind, moment in (("email_sent", at), ("email_open", opened), ("email_click", clicked)):
        if moment:
            deeds.append(
                NewActivity(run.lead_id, kind, moment, props, message_id=f"demo:mail:{message.pk}:{kind}")
            )
