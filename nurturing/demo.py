"""The demo company's segments and campaigns: two running, one over, one being written."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from accounts.models import User
from leads.models import Lead, Topic
from nurturing import demo_branches, demo_hits, demo_returns
from nurturing.content.schema import Content, from_text
from nurturing.demo_mails import shift_cost
from nurturing.demo_runs import cite_all, people_who_qualified, play
from nurturing.models import Campaign, CampaignVersion, Segment
from nurturing.services import campaigns, contents, drafting, membership, segments

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
        shift_cost(),
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

WEEK = 7 * 86_400  # seconds
PRICES = {
    "match": "all",
    "items": [
        {
            "match": "any",
            "items": [
                {
                    "did": "page_view",
                    "where": [{"field": "path", "op": "contains_word", "value": ["pricing"]}],
                    "window_seconds": 4 * WEEK,
                    "n": 2,
                },
                {"field": "score", "op": "at_least", "value": 50},
            ],
        },
        {"field": "mailable", "op": "is", "value": "yes"},
    ],
}


def load(*, now: datetime, size: int) -> str:
    dana = User.objects.get(email__startswith="dana@")
    planners = _segment("Planners without a demo", [("stage", "is", "lead"), ("email", "known", None)], dana)
    planners.conditions.append({"did": "demo_request", "compare": "fewer_than", "n": 1})
    planners.save()
    nordics = _segment(
        "Nordics", [("country", "in", ["Norway", "Sweden", "Denmark"]), ("email", "known", None)], dana
    )
    interested = Segment.objects.create(name="Looks at prices", conditions=PRICES, created_by=dana)
    running = _campaign("Shift cost guide", planners, GUIDE, dana, now - timedelta(days=60))
    ended = _campaign("Webinar follow-up, autumn", nordics, AUTUMN, dana, now - timedelta(days=50))
    care = _campaign("Care rota templates", nordics, GUIDE[:3], dana, None)
    for campaign, topic in ((running, "Product news"), (care, "Guides and research")):
        Campaign.objects.filter(pk=campaign.pk).update(topic=Topic.objects.filter(name=topic).first())
    dice = random.Random(SEED)
    people = list(Lead.objects.mailable().filter(stage="lead").order_by("pk")[:size])
    later = people_who_qualified(since=now - timedelta(days=55))
    running.holdout_percent = 10
    running.save(update_fields=["holdout_percent"])
    sent = play(dice, running, people, later[::2], now)
    sent += play(dice, ended, people[:: max(1, len(people) // 250)], later[1::3], now - timedelta(days=20))
    Campaign.objects.filter(pk=ended.pk).update(state="ended")
    sent += demo_branches.load(
        dice=random.Random(SEED), segment=planners, actor=dana, people=people[1::7][:180], now=now
    )
    cite_all()
    fair = segments.make_list(name="Met at the fair", actor=dana)
    segments.put_on_list(segment=fair, leads=[lead.pk for lead in people[::40]], actor=dana)
    for segment in (planners, nordics, interested):
        membership.build(segment.pk)
    demo_hits.load(dana)
    return f"4 campaigns, {sent} mails, {demo_returns.load()} came back"


def _segment(name: str, conditions: Sequence[tuple[str, str, Any]], actor: User) -> Segment:
    items = [{"field": field, "op": op, "value": value} for field, op, value in conditions]
    return Segment.objects.create(name=name, conditions=items, created_by=actor)


def _campaign(
    name: str, segment: Segment, steps: Sequence[Any], actor: User, since: datetime | None
) -> Campaign:
    campaign = campaigns.create(name=name, segment=segment, goal="mql", cool_down_days=30, actor=actor)
    version = campaigns.draft_of(campaign)
    version.steps.all().delete()
    for step in steps:
        _step(version, *step)
    if since:
        campaigns.publish_version(campaign=campaign, actor=actor)
        Campaign.objects.filter(pk=campaign.pk).update(activated_at=since)
    campaign.refresh_from_db()
    return campaign


def _step(version: CampaignVersion, kind: str, first: Any, body: str | Content = "") -> None:
    step = drafting.add_step(version=version, kind=kind)
    if kind == "wait":
        drafting.change_step(step=step, settings={"minutes": first * MINUTES_A_DAY})
    else:
        content = from_text(body) if isinstance(body, str) else body
        contents.save(step=step, seen="", subject=first, preheader="", content=content)
