"""Who has to be told what: handoffs, clocks and deals read as notes to people.

Each function reads one row as it stands and says everything there is to tell about it; what was told before is
left out by its key. So a bell, a sweep and a second worker all come to the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse

from accounts.models import User
from handoff.currencies import money_words
from handoff.models import FeedbackRequest, Handoff, Notice, Occasion, Opportunity, SlaClock
from handoff.services import receivers
from scoring.models import QualificationCycle, ReviewReminder, ScoreCheck

PROMISES = {
    SlaClock.Kind.HAND_OFF: "hand off {lead}",
    SlaClock.Kind.ACCEPT: "accept or reject {lead}",
    SlaClock.Kind.FIRST_TOUCH: "call {lead} for the first time",
    SlaClock.Kind.DISPOSITION: "decide on {lead}",
}


# In keys: facts of a kind of which the same row has another.
RECYCLED = "recycled"
HALF = "half"


@dataclass(frozen=True)
class Note:
    """Something to tell somebody."""

    user_id: int
    kind: str
    key: str
    lead_id: int | None
    text: str
    link: str


def of_handoff(handoff: Handoff) -> list[Note]:
    if handoff.settles_at is not None:
        return []  # it may still be undone; nobody is told before it is final
    if handoff.silence == Handoff.Silence.RETURNED:
        return silence_notes(handoff)
    if handoff.withdrawn_at:
        return _withdrawn(handoff)
    if handoff.answer:
        by_silence = handoff.silence == Handoff.Silence.ACCEPTED
        told = silence_notes(handoff) if by_silence else _answered(handoff)
        return [*told, *of_recycling(handoff)]
    words = f"{_lead(handoff)} is yours to accept or reject."
    offered = _note(handoff, Notice.OFFERED, words, [handoff.rep_id], by=handoff.offered_by_id)
    return [*offered, *silence_notes(handoff)]


def silence_notes(handoff: Handoff) -> list[Note]:
    """Nobody answered in time and the organisation's rule acted: told to whoever gets the lead, and may act now."""
    lead, rep = handoff.lead.name, handoff.rep.name
    inbox = reverse("handoff:inbox_detail", args=[handoff.pk])
    if handoff.silence == Handoff.Silence.ACCEPTED:
        late = "Nobody answered in time, so {lead} is {whose} now, by the silence rule."
        mine, theirs = (late.format(lead=lead, whose=whose) for whose in ("yours", f"with {rep}"))
        sender = [handoff.offered_by_id] if handoff.offered_by_id != handoff.rep_id else []
        told = _of_silence(handoff, theirs, _lead_page(handoff.lead_id), sender)
        return [*_of_silence(handoff, mine, inbox, [handoff.rep_id]), *told]
    if handoff.silence == Handoff.Silence.RETURNED:
        words = f"Nobody answered in time, so {lead} went back to marketing, by the silence rule."
        again = f"{rep} did not answer in time: by the silence rule {lead} is yours to hand off again."
        queue = reverse("handoff:queue_detail", args=[handoff.cycle_id])
        told = _of_silence(handoff, again, queue, (user.pk for user in receivers.senders(handoff)))
        return [*_of_silence(handoff, words, inbox, [handoff.rep_id]), *told]
    if handoff.silence == Handoff.Silence.ESCALATED:
        words = f"{rep} did not answer {lead} in time: by the silence rule it is yours to decide."
        return _of_silence(handoff, words, inbox, (user.pk for user in receivers.managers_of(handoff.rep)))
    return []


def _of_silence(handoff: Handoff, text: str, link: str, users: Iterable[int | None]) -> list[Note]:
    key = f"{Notice.SILENCE}:{handoff.pk}"
    return [
        Note(user, Notice.SILENCE, key, handoff.lead_id, text[:300], link)
        for user in users
        if user is not None
    ]


def of_recycling(handoff: Handoff) -> list[Note]:
    """Sales worked the lead and gave it back: whoever offered it hears why, also when it changed reps since."""
    cycle = handoff.cycle
    if not handoff.accepted_at or cycle.outcome != QualificationCycle.Outcome.RECYCLED:
        return []
    offers = Handoff.objects.filter(cycle=cycle).values_list("offered_by_id", flat=True)
    reason = f": {cycle.outcome_reason.rstrip('.')}" if cycle.outcome_reason else ""
    words, link = (
        f"{_who(cycle.closed_by)} recycled {handoff.lead.name}{reason}.",
        _lead_page(handoff.lead_id),
    )
    told = sorted({user for user in offers if user is not None} - {cycle.closed_by_id})
    key = f"{RECYCLED}:{handoff.pk}"
    return [Note(user, Notice.ANSWERED, key, handoff.lead_id, words[:300], link) for user in told]


def of_clock(clock: SlaClock) -> list[Note]:
    """Half, four fifths, the breach, the escalation; nothing for a promise that was kept or called off."""
    if clock.met_at or clock.cancelled_at:
        return []
    promise = PROMISES[SlaClock.Kind(clock.kind)].format(lead=clock.cycle.lead.name)
    notes: list[Note] = []
    if clock.breach_told_at:
        notes += _of_clock(clock, Notice.BREACHED, f"Overdue: {promise}.", receivers.keepers(clock))
    elif clock.warned_at:
        notes += _of_clock(clock, Notice.AT_RISK, f"Little time left to {promise}.", receivers.keepers(clock))
    elif clock.half_warned_at:
        words = f"Half of the time to {promise} is gone."
        notes += _of_clock(clock, Notice.AT_RISK, words, receivers.keepers(clock), fact=HALF)
    if clock.escalated_at:
        who = clock.handoff.rep.name if clock.handoff else "Marketing"
        words = f"{who} promised to {promise}; that is long overdue."
        notes += _of_clock(clock, Notice.ESCALATED, words, receivers.managers(clock))
    return notes


def of_deal(deal: Opportunity) -> list[Note]:
    if deal.outcome == Opportunity.Outcome.WON:
        money = money_words(deal.amount, deal.currency)
        words = f"{_who(deal.changed_by)} won {deal.name}{', ' if money else ''}{money}."
        return _of_deal(deal, Notice.WON, words, [*_interested(deal), *_leaders(deal.owner)])
    if deal.reopened and deal.is_open:
        words = f"{_who(deal.changed_by)} opened the deal {deal.name} again."
        return _of_deal(deal, Notice.UNDONE, words, _interested(deal))
    return []


def of_feedback(row: FeedbackRequest) -> list[Note]:
    if row.answered_at:
        return []
    lead = row.handoff.lead.name
    end = "now that it is closed" if row.occasion == Occasion.CLOSE else "now that you know it"
    link = reverse("handoff:feedback", args=[row.pk])
    words, key = f"What was {lead} worth, {end}?", f"{Notice.FEEDBACK}:{row.pk}"
    return [Note(row.handoff.rep_id, Notice.FEEDBACK, key, row.handoff.lead_id, words, link)]


def _answered(handoff: Handoff) -> list[Note]:
    by, lead = handoff.answered_by_id, handoff.lead.name
    words = f"{_who(handoff.answered_by)} {handoff.answer} {lead}"
    reason = ": ".join(part for part in (str(handoff.reject_reason or ""), handoff.answer_note) if part)
    told = f"{words}{': ' if reason else ''}{reason.rstrip('.')}."
    marketing = _note(handoff, Notice.ANSWERED, told, [handoff.offered_by_id], by=by, unless=handoff.rep_id)
    return marketing + _note(handoff, Notice.TAKEN, f"{words} for you.", [handoff.rep_id], by=by)


def _withdrawn(handoff: Handoff) -> list[Note]:
    lead = handoff.lead.name
    by = None if handoff.accepted_at else handoff.answered_by_id  # passed on: who answered did not move it
    after = (
        Handoff.objects.live().filter(cycle_id=handoff.cycle_id).exclude(pk=handoff.pk).select_related("rep")
    )
    taken = after.exclude(rep_id=handoff.rep_id).first()
    if taken is not None:
        by = taken.offered_by_id
        return _note(handoff, Notice.TAKEN, f"{lead} is with {taken.rep.name} now.", [handoff.rep_id], by=by)
    words = (
        f"{handoff.answered_by.name} took {lead} back."
        if handoff.answered_by
        else f"{lead} is no longer on offer."
    )
    return _note(handoff, Notice.UNDONE, words, [handoff.rep_id], by=by)


def _note(
    handoff: Handoff,
    kind: str,
    text: str,
    users: Iterable[int | None],
    *,
    by: int | None,
    unless: int | None = None,
) -> list[Note]:
    """Nobody is told what they did themselves."""
    lead_page = kind in {Notice.ANSWERED, Notice.TAKEN, Notice.UNDONE}
    link = _lead_page(handoff.lead_id) if lead_page else reverse("handoff:inbox_detail", args=[handoff.pk])
    return [
        Note(user, kind, f"{kind}:{handoff.pk}", handoff.lead_id, text, link)
        for user in users
        if user is not None and user not in (by, unless)
    ]


def _of_clock(clock: SlaClock, kind: str, text: str, users: Iterable[User], *, fact: str = "") -> list[Note]:
    lead_id = clock.cycle.lead_id
    if clock.kind == SlaClock.Kind.HAND_OFF or clock.handoff_id is None:
        link = reverse("handoff:queue_detail", args=[clock.cycle_id])
    else:
        link = reverse("handoff:inbox_detail", args=[clock.handoff_id])
    return [Note(user.pk, kind, f"{fact or kind}:{clock.pk}", lead_id, text, link) for user in users]


def _of_deal(deal: Opportunity, kind: str, text: str, users: Iterable[int | None]) -> list[Note]:
    link, key = reverse("handoff:deal", args=[deal.pk]), f"{kind}:deal:{deal.pk}:{deal.reopened}"
    told = {user for user in users if user is not None and user != deal.changed_by_id}
    return [Note(user, kind, key, deal.lead_id, text, link) for user in sorted(told)]


def _interested(deal: Opportunity) -> list[int | None]:
    return [deal.owner_id, deal.handoff.offered_by_id]


def of_check(check: ScoreCheck) -> list[Note]:
    """Whoever keeps the machine has to know; the leads themselves are scored again already."""
    words = f"{check.differing} of {check.leads} scores were not what they must be. They are being put right."
    link, key = reverse("admin:scoring_scorecheck_change", args=[check.pk]), f"{Notice.CHECK}:{check.pk}"
    admins = User.objects.filter(role=User.Role.ADMIN, is_active=True).values_list("pk", flat=True)
    return [Note(user, Notice.CHECK, key, None, words, link) for user in admins]


def of_review(reminder: ReviewReminder) -> list[Note]:
    """Whoever answers for the definition."""
    due = f"{reminder.due_on.day} {reminder.due_on:%B %Y}"
    words = f"The definition of a qualified lead, version {reminder.version.number}, is due for review since {due}."
    key = f"{Notice.REVIEW}:{reminder.pk}"
    return [Note(reminder.owner_id, Notice.REVIEW, key, None, words, reverse("scoring:definition"))]


def _leaders(owner: Any) -> list[int]:
    """Who leads the owner's team; without one, everybody who leads sales."""
    managers = User.objects.filter(role=User.Role.MANAGER, is_active=True)
    own = managers.filter(Q(team_id=owner.team_id) & Q(team__isnull=False))
    return list((own if own.exists() else managers).values_list("pk", flat=True))


def _lead(handoff: Handoff) -> str:
    company = handoff.lead.company
    return f"{handoff.lead.name}, {company.name}," if company else handoff.lead.name


def _lead_page(lead_id: int) -> str:
    return reverse("leads:detail", args=[lead_id])


def _who(user: Any) -> str:
    return str(user.name) if user else "Somebody"
