"""What became of the demo company's MQLs: handed off, accepted or not, touched in time or late, won and lost.

Everything lies in working hours of the calendar in force, and each clock is a row with its own truth.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from accounts.models import User
from handoff import demo_feedback, demo_lessons, demo_news
from handoff.calendars import Calendar, due_after
from handoff.demo_deals import Pipeline
from handoff.models import BusinessCalendar, Handoff, RejectReason, RoundRobinSeat, SlaClock, SlaPolicy
from handoff.services.calendars import dates_to_keep
from handoff.services.clocks import new_clock
from handoff.services.promises import Book
from leads.demo.people import last_working_moment
from leads.models import Disqualification, Lead, StageChange
from leads.services.activities import NewActivity, record_activities
from scoring.models import QualificationCycle
from scoring.services import keeping

SEED = 4
WAITING = 18  # the newest MQLs, most of them not handed off yet
OPEN = 12  # handed off, not answered yet
DECIDED_AFTER = timedelta(days=45)
LOST = ("No budget this year.", "Chose another tool.", "Went silent.")
ACCEPTED_SHARE = 0.7
WON_SHARE = 0.2
# What sales knows and the definition does not say yet, so that suggestions have something to find: shift planning is
# for those who work in shifts, and who was sent by a partner knows what it costs.
ACCEPTED_MORE = {
    "logistics": 0.22,
    "healthcare": 0.22,
    "manufacturing": 0.15,
    "software": -0.5,
    "finance": -0.4,
}
WON_MORE = {"Partner referral": 0.45, "Webinar": 0.12, "Paid search": -0.12}
DEAL_SHARE = 0.7  # of the accepted leads became a deal
NOTES = (
    "Asked for numbers before the next budget round.",
    "Looked at prices three times this week.",
    "Came back after the webinar with a concrete question.",
    "",
)


@dataclass
class Story:
    """Rows to write, gathered first."""

    dice: random.Random
    calendar: Calendar
    book: Book
    reps: Sequence[User]
    marketer: User
    now: datetime
    pipeline: Pipeline
    clocks: list[SlaClock] = field(default_factory=list)
    stages: list[StageChange] = field(default_factory=list)
    touches: list[NewActivity] = field(default_factory=list)
    turn: int = 0

    @property
    def working_now(self) -> datetime:
        return last_working_moment(self.now)

    def later(self, start: datetime, low: int, high: int) -> datetime:
        """Between `low` and `high` working minutes after `start`."""
        wait = timedelta(minutes=self.dice.uniform(low, high))
        return due_after(self.calendar, start, wait) or start + wait

    def run_clock(
        self,
        kind: str,
        cycle: QualificationCycle,
        start: datetime,
        met: datetime | None,
        handoff: Handoff | None = None,
    ) -> None:
        clock = new_clock(kind=kind, cycle=cycle, started_at=start, handoff=handoff, book=self.book)
        clock.met_at = met
        if clock.due_at and (met or self.now) > clock.due_at:
            clock.breached_at = clock.breach_told_at = clock.due_at
            clock.escalated_at = clock.escalate_at
        self.clocks.append(clock)


def load(*, now: datetime, size: int) -> str:
    story = _story(now)
    cycles = list(QualificationCycle.objects.open().select_related("lead__company").order_by("-opened_at"))
    waiting, offered, past = cycles[:WAITING], cycles[WAITING : WAITING + OPEN], cycles[WAITING + OPEN :]
    for cycle in waiting:
        story.run_clock(SlaClock.Kind.HAND_OFF, cycle, cycle.opened_at, None)
    for place, cycle in enumerate(offered):
        _still_open(story, cycle, place)
    for cycle in reversed(past):
        _played_out(story, cycle)
    SlaClock.objects.bulk_create(story.clocks)
    StageChange.objects.bulk_create(story.stages)
    record_activities(story.touches)
    keeping.score_leads(list(Disqualification.objects.values_list("lead_id", flat=True)))
    story.pipeline.write_steps()
    demo_lessons.load()
    demo_feedback.load(now=now)
    demo_news.load(now=now)
    return f"{len(offered) + len(past)} handoffs, {story.pipeline.deals} deals, {len(waiting)} MQLs waiting"


def _story(now: datetime) -> Story:
    policy = _promises()
    reps = list(User.objects.reps().order_by("pk"))
    for rep in reps:
        RoundRobinSeat.objects.get_or_create(rep=rep)
    calendar = Calendar.from_data(policy.calendar.as_data())
    marketer = User.objects.filter(role=User.Role.MARKETER).order_by("pk").first()
    book = Book(list(QualificationCycle.objects.all()))
    pipeline = Pipeline.of(random.Random(SEED), now)
    return Story(random.Random(SEED), calendar, book, reps, marketer, now, pipeline)


def _promises() -> SlaPolicy:
    """Norwegian hours and holidays for all, and a faster promise for those who fit best."""
    policy = SlaPolicy.in_force()
    BusinessCalendar.objects.filter(pk=policy.calendar_id).update(
        tz="Europe/Oslo", holiday_country="NO", public_holidays=dates_to_keep("NO", "")
    )
    policy.refresh_from_db()
    SlaPolicy.objects.create(
        name="Best fit, high intent",
        position=10,
        conditions=[{"field": "band", "op": "is", "value": "A1"}],
        calendar=policy.calendar,
        hand_off_minutes=120,
        accept_minutes=60,
        first_touch_minutes=120,
        disposition_minutes=2400,
        escalate_after=30,
    )
    return policy


def _offer(story: Story, cycle: QualificationCycle, at: datetime) -> Handoff:
    rep = story.reps[story.turn % len(story.reps)]
    story.turn += 1
    handoff = Handoff.objects.create(
        cycle=cycle,
        lead=cycle.lead,
        rep=rep,
        note=story.dice.choice(NOTES),
        routed_because=f"{rep.get_short_name()} was next in the rotation.",
        offered_by=story.marketer,
        offered_at=at,
    )
    Lead.objects.filter(pk=cycle.lead_id).update(owner=rep)
    return handoff


def _still_open(story: Story, cycle: QualificationCycle, place: int) -> None:
    """Offered within the last working hours: some have just come, one or two are late."""
    at = max(story.working_now - timedelta(minutes=12 + 17 * place), cycle.opened_at)
    handoff = _offer(story, cycle, at)
    story.run_clock(SlaClock.Kind.HAND_OFF, cycle, cycle.opened_at, at)
    story.run_clock(SlaClock.Kind.ACCEPT, cycle, at, None, handoff)


def _played_out(story: Story, cycle: QualificationCycle) -> None:
    offered = min(story.later(cycle.opened_at, 20, 330), story.now - timedelta(minutes=30))
    answered = min(story.later(offered, 5, 170), story.now - timedelta(minutes=10))
    handoff = _offer(story, cycle, max(offered, cycle.opened_at))
    story.run_clock(SlaClock.Kind.HAND_OFF, cycle, cycle.opened_at, handoff.offered_at)
    story.run_clock(SlaClock.Kind.ACCEPT, cycle, handoff.offered_at, answered, handoff)
    if story.dice.random() < ACCEPTED_SHARE + ACCEPTED_MORE.get(_industry(cycle.lead), 0):
        _accepted(story, cycle, handoff, answered)
    else:
        _rejected(story, cycle, handoff, answered)


def _industry(lead: Lead) -> str:
    return lead.company.industry if lead.company else ""


def _accepted(story: Story, cycle: QualificationCycle, handoff: Handoff, at: datetime) -> None:
    touched: datetime | None = story.later(at, 10, 330)
    if touched and touched > story.now:
        touched = None
    Handoff.objects.filter(pk=handoff.pk).update(
        accepted_at=at, answered_by=handoff.rep, first_touch_at=touched
    )
    story.run_clock(SlaClock.Kind.FIRST_TOUCH, cycle, at, touched, handoff)
    _move(story, cycle, "sql", at, f"Accepted by {handoff.rep.name}.", handoff.rep)
    if touched:
        kind = story.dice.choice(["call", "call", "meeting"])
        story.touches.append(
            NewActivity(
                cycle.lead_id, kind, touched, {"by": handoff.rep.name}, message_id=f"demo:touch:{handoff.pk}"
            )
        )
    decided = at + DECIDED_AFTER * story.dice.uniform(0.4, 1.6)
    if decided < story.now:
        settled: datetime | None = min(story.later(at, 600, 5400), decided)
        _decided(story, cycle, handoff, decided)
    elif touched and story.dice.random() < DEAL_SHARE:
        settled = touched
        story.pipeline.open_deal(handoff, touched)
        _move(story, cycle, "opportunity", touched, f"Deal opened by {handoff.rep.name}.", handoff.rep)
    else:
        settled = None
    story.run_clock(SlaClock.Kind.DISPOSITION, cycle, at, settled, handoff)


def _decided(story: Story, cycle: QualificationCycle, handoff: Handoff, at: datetime) -> None:
    won = story.dice.random() < WON_SHARE + WON_MORE.get(cycle.lead.source, 0)
    reason = "Signed for a year." if won else story.dice.choice(LOST)
    if won or story.dice.random() < DEAL_SHARE:
        opened = (handoff.accepted_at or handoff.offered_at) + timedelta(days=1)
        story.pipeline.closed_deal(handoff, min(opened, at), at, won=won)
    _close(cycle, "customer" if won else "lost", reason, at, handoff.rep)
    _move(story, cycle, "customer" if won else "recycled", at, reason, handoff.rep)


def _rejected(story: Story, cycle: QualificationCycle, handoff: Handoff, at: datetime) -> None:
    reasons = list(
        RejectReason.objects.filter(active=True).exclude(consequence=RejectReason.Consequence.RETURN)
    )
    reason = story.dice.choices(reasons, [max(8 - item.digit, 1) for item in reasons])[0]
    note = "Said so on the phone." if reason.needs_note or story.dice.random() < 0.4 else ""
    Handoff.objects.filter(pk=handoff.pk).update(
        rejected_at=at, answered_by=handoff.rep, reject_reason=reason, answer_note=note
    )
    Lead.objects.filter(pk=cycle.lead_id).update(owner=None)
    if reason.consequence == RejectReason.Consequence.DISQUALIFY:
        Disqualification.objects.get_or_create(
            lead=cycle.lead, defaults={"reason": reason.label, "by": handoff.rep, "at": at}
        )
        _close(cycle, "disqualified", reason.label, at, handoff.rep)
        _move(story, cycle, "disqualified", at, reason.label, handoff.rep)
    else:
        _close(cycle, "rejected", reason.label, at, handoff.rep)
        _move(story, cycle, "recycled", at, reason.label, handoff.rep)


def _close(cycle: QualificationCycle, outcome: str, reason: str, at: datetime, by: User) -> None:
    QualificationCycle.objects.filter(pk=cycle.pk).update(
        closed_at=at, outcome=outcome, outcome_reason=reason, closed_by=by
    )


def _move(story: Story, cycle: QualificationCycle, stage: str, at: datetime, reason: str, by: User) -> None:
    Lead.objects.filter(pk=cycle.lead_id).update(stage=stage)
    story.stages.append(StageChange(lead_id=cycle.lead_id, stage=stage, at=at, reason=reason, by=by))
