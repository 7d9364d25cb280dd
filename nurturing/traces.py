"""Why somebody did or did not get a mail: what the gates said, in order, for each campaign and mail of one lead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db.models import Prefetch, QuerySet
from django.utils import timezone

from accounts.models import Organisation
from leads.models import Lead
from nurturing import quiet, situations, weighing
from nurturing.models import Campaign, Enrolment, GateNote, HoldOut, Message, SegmentMember
from nurturing.weighing import STOP, Line

MOST_REFUSALS = 50  # campaigns
OPEN_END = {  # what the gates let through, or nobody sent, and what the server or a colleague said
    Message.State.REJECTED: "bad",
    Message.State.UNKNOWN: "warn",
    Message.State.PARKED: "warn",
}


class Said(NamedTuple):
    """One thing that was decided. `lines` are single gates, when they are known."""

    at: datetime | None
    tone: str
    words: str
    lines: Sequence[Line] = ()


@dataclass(frozen=True)
class Traced:
    message: Message
    said: list[Said]


@dataclass(frozen=True)
class TracedRun:
    run: Enrolment
    mails: list[Traced]


class Refusal(NamedTuple):
    campaign: Campaign
    words: list[str]


def with_mails(runs: QuerySet[Enrolment]) -> QuerySet[Enrolment]:
    mails = Message.objects.select_related("step").prefetch_related("notes").order_by("pk")
    return runs.select_related("campaign", "version", "lead").prefetch_related(Prefetch("messages", mails))


def traced(runs: Iterable[Enrolment]) -> list[TracedRun]:
    """`runs` come from `with_mails`. Mails that still wait are asked about now, all of them at once."""
    runs = list(runs)
    waiting = [mail.pk for run in runs for mail in run.messages.all() if mail.state == Message.State.QUEUED]
    now = situations.situations(waiting) if waiting else {}
    zone, _ = (
        quiet.zone_of(runs[0].lead.time_zone, Organisation.current().time_zone) if runs else (None, False)
    )
    return [
        TracedRun(run, [_traced(mail, zone, now.get(mail.pk)) for mail in run.messages.all()]) for run in runs
    ]


def refusals(lead: Lead, campaigns: QuerySet[Campaign]) -> list[Refusal]:
    """Campaigns that run without this lead, and why each did not take it in."""
    others = campaigns.filter(state__in=(Campaign.State.ACTIVE, Campaign.State.PAUSED))
    others = others.exclude(enrolments__lead=lead).select_related("segment").order_by("name")[:MOST_REFUSALS]
    inside = set(SegmentMember.objects.filter(lead=lead).values_list("segment", flat=True))
    one = situations.with_blocks(Lead.objects.filter(pk=lead.pk)).get()
    blocks = [line.words for line in situations.lead_lines(one) if line.verdict == STOP]
    held = dict(HoldOut.objects.filter(lead=lead).values_list("campaign", "percent"))
    return [
        Refusal(each, _drawn(held.get(each.pk)) + _refused(each, lead, inside) + blocks) for each in others
    ]


def _drawn(percent: int | None) -> list[str]:
    return [] if percent is None else [f"Held out by the campaign ({percent}%)."]


def _refused(campaign: Campaign, lead: Lead, inside: set[int]) -> list[str]:
    found, now = [], timezone.now()
    if campaign.state == Campaign.State.PAUSED:
        found.append("The campaign is paused, so nobody enters.")
    if campaign.starts_at and campaign.starts_at > now:
        found.append(f"The campaign starts on {campaign.starts_at:%-d %b %Y}.")
    if campaign.segment_id not in inside:
        found.append(f"Is not in the segment {campaign.segment}.")
    if campaign.goal == Campaign.Goal.MQL and lead.stage == Lead.Stage.MQL:
        found.append(f"Has reached the goal already: {campaign.goal_words}.")
    return found


def _traced(mail: Message, zone: ZoneInfo | None, now: weighing.Situation | None) -> Traced:
    said = [_noted(note) for note in sorted(mail.notes.all(), key=lambda note: note.first_at)]
    if mail.gates_saw is not None and mail.dot_at:
        said.append(_passed(mail, mail.dot_at, zone or ZoneInfo("UTC")))
    if now is not None:
        said.append(_asked_now(now))
    elif mail.state == Message.State.SUPPRESSED and not any(each.tone == "bad" for each in said):
        said.append(Said(None, "bad", f"Not sent. {mail.reply}"))
    elif mail.state in OPEN_END:
        words = f"{mail.get_state_display()}. {mail.reply}".strip()
        said.append(Said(None, OPEN_END[Message.State(mail.state)], words))
    return Traced(mail, said)


def _noted(note: GateNote) -> Said:
    suppressed = note.verdict == GateNote.Verdict.SUPPRESSED
    again = f" Said {note.times} times, last on {note.last_at:%-d %b, %H:%M} UTC." if note.times > 1 else ""
    return Said(
        note.first_at, "bad" if suppressed else "warn", f"{note.get_verdict_display()}. {note.words}{again}"
    )


def _passed(mail: Message, at: datetime, zone: ZoneInfo) -> Said:
    """In words what the row kept when the mail passed."""
    saw: Any = mail.gates_saw
    words = [f"{at.astimezone(zone):%H:%M} in {zone.key.rsplit('/', 1)[-1].replace('_', ' ')}"]
    for key, span in (("day", "the last 24 hours"), ("week", "the last 7 days")):
        before, most = saw.get(key) or (0, None)
        words.append(f"{before} of {most} in {span}" if most is not None else f"{before} in {span}, no cap")
    stage = dict(Lead.Stage.choices).get(saw.get("stage", ""), "not known")
    return Said(
        at, "good", f"Passed all gates. {'; '.join(words)}; stage {stage}; nobody asked us not to write."
    )


def _asked_now(it: weighing.Situation) -> Said:
    lines = weighing.weigh(it)
    verdict = weighing.verdict(it, lines)
    if verdict.kind == weighing.PASS:
        return Said(it.now, "good", "Asked now, every gate is open.", lines)
    if verdict.kind == weighing.WAIT and verdict.until:
        return Said(
            it.now, "warn", f"Asked now, it waits. Next possible on {it.clock(verdict.until)}.", lines
        )
    return Said(it.now, "bad", "Asked now, it will not be sent.", lines)
