"""A demo campaign with branches, and what came of it: people on every way, some waiting, some through."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import User
from leads.models import Lead, OutreachTask
from leads.services.activities import record_activities
from nurturing.arms import arm_of
from nurturing.demo_runs import deeds
from nurturing.graph import Graph
from nurturing.models import Campaign, Enrolment, Message, Segment, Step, Visit
from nurturing.programmes import Programme, asks, mail, until, wait
from nurturing.services import campaigns, templates
from nurturing.services.steps.outreach import KEY

CLICKS, OPENS = 0.16, 0.46
SPLIT = {
    "arms": [{"key": "a", "words": "Numbers", "weight": 50}, {"key": "b", "words": "A story", "weight": 50}],
    "winner": {"by": "click", "after": 200, "days": 7},
}
CALL = {
    "title": "Call about their rota", "channel": "call", "days": 2, "wait": False, "minutes": 10080,
    "text": "Hello {{ first_name | default: 'there' }}, you looked at our rota check. Shall we go through it?",
}  # fmt: skip
STEPS = (
    mail("check", "Check your rota in five minutes", "here is [a short check for your rota]({site}/check)."),
    until(
        "check",
        "click",
        4,
        (wait(1), ("task", CALL, {})),
        (
            (
                "split",
                SPLIT,
                {
                    "a": (
                        mail("numbers", "What gaps cost, in numbers", "[the numbers]({site}/numbers) of 40 teams."),
                    ),
                    "b": (mail("story", "How one ward stopped calling in", "[their story]({site}/story)."),),
                },
            ),
            wait(3),
        ),
    ),
    asks(
        "check",
        "open",
        (wait(1),),
        (wait(5),),
    ),
    mail("talk", "Shall we look at it together?", "[choose twenty minutes]({site}/demo) that suit you."),
)  # fmt: skip
ROTA = Programme("rota", "Rota check", "", "demo_request", STEPS)


@dataclass
class Way:
    """One person's way: the rows it leaves behind."""

    run: Enrolment
    graph: Graph
    dice: random.Random
    now: datetime
    visits: list[Visit] = field(default_factory=list)
    mails: list[Message] = field(default_factory=list)
    tasks: list[OutreachTask] = field(default_factory=list)

    def walk(self) -> None:
        step, at = self.graph.first(), self.run.enrolled_at
        while step is not None:
            outcome, left = self._at(step, at)
            visit = Visit(enrolment=self.run, step=step, at=at)
            self.visits.append(visit)
            if left > self.now:
                visit.until, self.run.step, self.run.due_at = left, step, left
                return
            visit.outcome, visit.left_at = outcome, left
            branches = [way.key for way in step.branches]
            step = self.graph.follows(step, outcome) if outcome in branches else self.graph.after(step)
            at = left
        self.run.ended_at, self.run.ended_because = at, Enrolment.Ended.COMPLETED

    def _at(self, step: Step, at: datetime) -> tuple[str, datetime]:
        """(outcome, when it goes on)."""
        minutes = timedelta(minutes=step.settings.get("minutes") or 0)
        if step.kind == "email":
            self.mails.append(self._mail(step, at))
        elif step.kind == "event":
            clicked = self.mails[0].clicked_at
            return ("did", clicked) if clicked else ("did_not", at + minutes)
        elif step.kind == "condition":
            return ("yes" if self.mails[0].opened_at else "no"), at
        elif step.kind == "split":
            arms = [(arm["key"], arm["weight"]) for arm in step.settings["arms"]]
            return arm_of(str(step.key), self.run.lead_id, arms), at
        elif step.kind == "task":
            self.tasks.append(self._task(step, at))
        return "done", at + (minutes if step.kind == "wait" else timedelta())

    def _mail(self, step: Step, at: datetime) -> Message:
        opened = at + timedelta(hours=self.dice.uniform(0.2, 20)) if self.dice.random() < OPENS else None
        opened = opened if opened and opened < self.now else None
        clicked = opened + timedelta(minutes=3) if opened and self.dice.random() < CLICKS / OPENS else None
        return Message(
            enrolment=self.run, step=step, to_address=self.run.lead.email or "", state="accepted", attempt=1,
            due_at=at, queued_at=at, sent_at=at, told_at=at, opened_at=opened, clicked_at=clicked, reply="250 accepted",
        )  # fmt: skip

    def _task(self, step: Step, at: datetime) -> OutreachTask:
        """Asked for long ago and settled: the inbox of the demo stays as it is."""
        return OutreachTask(
            lead=self.run.lead, key=KEY.format(run=self.run.pk, step=step.key), source=self.run.campaign.name,
            title=step.settings["title"], due_at=at, asked_at=at, settled_at=min(at + timedelta(hours=20), self.now),
            outcome=OutreachTask.Outcome.DONE,
        )  # fmt: skip


def load(*, dice: random.Random, segment: Segment, actor: User, people: Iterable[Lead], now: datetime) -> int:
    """The number of mails it sent."""
    campaign = campaigns.create(
        name="Rota check", segment=segment, goal=Campaign.Goal.DEMO, cool_down_days=30, actor=actor
    )
    version = campaigns.draft_of(campaign)
    templates.fill(version=version, programme=ROTA)
    campaigns.publish_version(campaign=campaign, actor=actor)
    since = now - timedelta(days=30)
    Campaign.objects.filter(pk=campaign.pk).update(activated_at=since)
    return _play(dice, campaign, people, since, now)


def _play(
    dice: random.Random, campaign: Campaign, people: Iterable[Lead], since: datetime, now: datetime
) -> int:
    version = campaign.versions.get()
    graph = Graph(version.steps.all())
    runs = [
        Enrolment(
            campaign=campaign,
            version=version,
            lead=lead,
            enrolled_at=max(since, lead.created_at) + (now - max(since, lead.created_at)) * dice.random(),
        )
        for lead in people
    ]
    Enrolment.objects.bulk_create(runs, batch_size=500)
    ways = [Way(run, graph, dice, now) for run in runs]
    for way in ways:
        way.walk()
    Enrolment.objects.bulk_update(runs, ["step", "due_at", "ended_at", "ended_because"], batch_size=500)
    Visit.objects.bulk_create([visit for way in ways for visit in way.visits], batch_size=500)
    OutreachTask.objects.bulk_create([task for way in ways for task in way.tasks], batch_size=500)
    mails = [mail for way in ways for mail in way.mails]
    Message.objects.bulk_create(mails, batch_size=500)
    record_activities([deed for mail in mails for deed in deeds(mail)])
    return len(mails)
