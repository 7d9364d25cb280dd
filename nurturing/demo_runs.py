"""What the demo company's campaigns did so far: who entered, which mails went out, who opened, left or qualified."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from leads.models import Lead
from leads.services.activities import NewActivity, record_activities
from leads.services.consent import suppress
from nurturing.arms import place
from nurturing.citations import cite
from nurturing.models import Campaign, Enrolment, HoldOut, Message, Step, Unsubscribe
from scoring.models import QualificationCycle

Ended = Enrolment.Ended
OPENS, CLICKS, LEAVES = 0.38, 0.06, 0.012  # of mails; of opened ones; of opened ones
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Goal:
    lead: Lead
    reached_at: datetime


@dataclass
class Run:
    """One person's way through the steps, until they end, now comes, or the person is gone."""

    dice: random.Random
    enrolment: Enrolment
    steps: Sequence[Step]
    until: datetime
    reason: str  # of ending at `until`; empty when that is merely today

    def walk(self) -> list[Message]:
        at = self.enrolment.enrolled_at
        mails: list[Message] = []
        for step in self.steps:
            at += timedelta(minutes=step.settings.get("minutes") or 0)
            if at > self.until:
                return self._stop(mails, step, at)
            if step.kind == "email":
                mails.append(self._mail(step, at))
                if self._leaves(mails[-1]):
                    return self._end(mails, mails[-1].opened_at or at, Ended.UNSUBSCRIBED)
        if self.reason:
            return self._end(mails, self.until, self.reason)
        return self._end(mails, at, Ended.COMPLETED)

    def _mail(self, step: Step, at: datetime) -> Message:
        """Who is on the way to a goal clicks nothing, so that no score differs from what it was then."""
        opened = at + self.dice.uniform(0.2, 30) * HOUR if self.dice.random() < OPENS else None
        opened = opened if opened and opened < self.until else None
        clicked = opened + HOUR / 20 if opened and not self.reason and self.dice.random() < CLICKS else None
        return Message(
            enrolment=self.enrolment, step=step, to_address=self.enrolment.lead.email or "", state="accepted",
            attempt=1, due_at=at, queued_at=at, sent_at=at, told_at=at, opened_at=opened, clicked_at=clicked,
            reply="250 accepted",
        )  # fmt: skip

    def _leaves(self, mail: Message) -> bool:
        return bool(mail.opened_at and not self.reason) and self.dice.random() < LEAVES

    def _stop(self, mails: list[Message], step: Step, due: datetime) -> list[Message]:
        if self.reason:
            return self._end(mails, self.until, self.reason)
        self.enrolment.step, self.enrolment.due_at = step, due
        return mails

    def _end(self, mails: list[Message], at: datetime, reason: str) -> list[Message]:
        run = self.enrolment
        run.step, run.due_at = None, None
        run.ended_at, run.ended_because = at, reason
        return mails


def people_who_qualified(*, since: datetime) -> list[Goal]:
    cycles = QualificationCycle.objects.filter(n=1, opened_at__gt=since).order_by("pk")
    reached = dict(cycles.values_list("lead_id", "opened_at"))
    return [
        Goal(lead, reached[lead.pk]) for lead in Lead.objects.mailable().filter(pk__in=reached).order_by("pk")
    ]


def play(
    dice: random.Random, campaign: Campaign, people: Iterable[Lead], goals: Iterable[Goal], now: datetime
) -> int:
    """Each person entered some day since the start. The number of mails."""
    entrants = [(lead, now, "") for lead in people]
    entrants += [(goal.lead, goal.reached_at, Ended.GOAL) for goal in goals if goal.reached_at < now]
    runs = _runs(dice, campaign, entrants)
    walked = [run.walk() for run in runs]
    Enrolment.objects.bulk_create([run.enrolment for run in runs], batch_size=500)
    mails = Message.objects.bulk_create([mail for mails in walked for mail in mails], batch_size=500)
    record_activities([deed for mail in mails for deed in deeds(mail)])
    for run, of_run in zip(runs, walked, strict=True):
        if run.enrolment.ended_because == Ended.UNSUBSCRIBED:
            left, last = run.enrolment.ended_at or now, of_run[-1]
            Unsubscribe.objects.create(message=last, address=last.to_address, how="page", at=left)
            suppress(address=run.enrolment.lead.email or "", reason="unsubscribed", lead=run.enrolment.lead)
    return len(mails)


def _runs(
    dice: random.Random, campaign: Campaign, entrants: Iterable[tuple[Lead, datetime, str]]
) -> list[Run]:
    """Nobody enters before the campaign began or before we knew them."""
    version = campaign.versions.exclude(frozen_at=None).latest("number")
    steps, runs = list(version.steps.all()), []
    share, held = campaign.holdout_percent, []
    for lead, until, reason in entrants:
        began = max(campaign.activated_at or until, lead.created_at)
        if began < until - HOUR:
            since = began + (until - began) * dice.random()
            if 100 * place(f"hold-out:{campaign.pk}", lead.pk) < share:
                held.append(HoldOut(campaign=campaign, lead=lead, percent=share, at=since))
                continue
            enrolment = Enrolment(
                campaign=campaign, version=version, lead=lead, enrolled_at=since, drawn_percent=share
            )
            runs.append(Run(dice, enrolment, steps, until, reason))
    HoldOut.objects.bulk_create(held, batch_size=500)
    return runs


def deeds(mail: Message) -> list[NewActivity]:
    left = mail.opened_at if mail.enrolment.ended_at == mail.opened_at else None
    props = {"campaign": mail.enrolment.campaign.name, "subject": mail.step.subject}
    moments = (
        ("email_sent", mail.sent_at),
        ("email_open", mail.opened_at),
        ("email_click", mail.clicked_at),
        ("email_unsubscribe", left),
    )
    return [
        NewActivity(mail.enrolment.lead_id, kind, moment, props, message_id=f"demo:mail:{mail.pk}:{kind}")
        for kind, moment in moments
        if moment
    ]


def cite_all() -> None:
    """What each mail relied on, as its fence would have written it."""
    mails = Message.objects.filter(consent=None).select_related("enrolment").order_by("pk")
    fresh = mails.in_bulk()
    for start in range(0, len(fresh), 1000):
        batch = dict(list(fresh.items())[start : start + 1000])
        cite(batch)
        Message.objects.bulk_update(batch.values(), ["consent", "basis"])
