"""What would happen to one lead from today, step by step. Reads only: nothing is written, nobody is enrolled.

Conditions on the lead are asked now. What somebody may do later is not known: both ways are named, and the list goes
on with the one in which nothing happens.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from leads import consents
from leads.models import Lead
from nurturing import arms, blocks, hours, kinds, quiet, segments
from nurturing.graph import Graph
from nurturing.models import Campaign, CampaignVersion, Segment, SendingRules
from nurturing.services import enrolments

OUTSIDE = ("task", "webhook")


@dataclass
class Line:
    """One step: when it is reached at the earliest, and what happens there. `ways` are branches that stay open."""

    number: int
    title: str
    icon: str
    at: datetime
    words: str
    depth: int
    open_ways: list[str] = field(default_factory=list)

    @property
    def day(self) -> str:
        """In the lead's zone, whatever the reader's."""
        return f"{self.at:%-d %b %Y, %H:%M}"


class Rehearsal:
    """The lines of one lead through one version; `ends` says how it is over."""

    def __init__(
        self, version: CampaignVersion, lead: Lead, now: datetime, around: kinds.Surroundings, ours: str
    ) -> None:
        self._graph, self._lead, self._around = Graph(version.steps.all()), lead, around
        self._numbers = {line.step.pk: (line.number, line.depth) for line in self._graph.lines()}
        self.zone: ZoneInfo = hours.zone_of(lead.time_zone or ours, ours)
        rules = SendingRules.objects.first()
        kept = (rules and rules.hours, version.campaign.hours)
        self._hours: list[quiet.Hours] = [each for each in kept if each]
        self.lines: list[Line] = []
        self.ends = "Reaches the end of the campaign."
        self._walk(now)

    def _walk(self, at: datetime) -> None:
        step = self._graph.first()
        while step is not None:
            number, depth = self._numbers[step.pk]
            line = Line(number, step.title, blocks.icon_of(step), at.astimezone(self.zone), "", depth)
            self.lines.append(line)
            if step.kind == "exit":
                line.words, self.ends = "Leaves the campaign here.", "Leaves at a step."
                return
            branch, at = self._through(step, line, at)
            step = self._graph.follows(step, branch)

    def _through(self, step: Any, line: Line, at: datetime) -> tuple[str, datetime]:
        """The branch taken and the instant of going on."""
        if step.kind == "wait":
            return "", self._waited(step.settings, line, at)
        if step.kind == "event":
            return self._event(step, line, at)
        if step.kind == "condition":
            return self._asked(step, line), at
        if step.kind == "split":
            shares = [(arm["key"], arm["weight"]) for arm in step.settings["arms"]]
            key = arms.arm_of(str(step.key), self._lead.pk, shares)
            line.words = f"Goes “{self._words(step, key)}”, always the same way."
            return key, at
        line.words = blocks.note_of(step, self._around) or "Done at once."
        if step.kind in OUTSIDE:
            line.words = "Begun then. If it waits for an answer, everything below comes later."
        if step.is_mail:
            at = self._mailed(line, at)
        return "", at

    def _mailed(self, line: Line, at: datetime) -> datetime:
        """Mails wait for the hours in which they may be sent; limits are not foreseen."""
        opens = quiet.opens_next(self._hours, at, self.zone)
        if opens is None:
            line.words = "Never sent: its sending hours and those of all mail do not meet."
            return at
        line.words = "Gets this mail, if nothing speaks against it at that moment and the limits have room."
        if opens > at:
            line.words += f" Sending hours begin {self._local(opens)}."
        return opens

    def _waited(self, settings: dict[str, Any], line: Line, at: datetime) -> datetime:
        if settings.get("before"):
            return self._until_date(settings["before"], line, at)
        until = at + timedelta(minutes=settings.get("minutes") or 0)
        window = hours.read(settings.get("window"))
        until = hours.next_within(window, until, self.zone) if window else until
        line.words = f"Waits until {self._local(until)}."
        return until

    def _until_date(self, before: dict[str, Any], line: Line, at: datetime) -> datetime:
        value = (self._lead.custom or {}).get(str(before.get("field", "")).removeprefix("custom."))
        until = hours.days_before(value, int(before.get("days") or 0), self.zone)
        if until is None:
            line.words = "The date is not known, so there is no wait."
            return at
        line.words = (
            "The date has passed, so there is no wait."
            if until <= at
            else f"Waits until {self._local(until)}."
        )
        return max(until, at)

    def _event(self, step: Any, line: Line, at: datetime) -> tuple[str, datetime]:
        until = at + timedelta(minutes=step.settings.get("minutes") or 0)
        line.words = f"Not known today. If nothing happens until {self._local(until)}, goes on as below."
        line.open_ways = [self._instead(step, "did", "At once when it happens")]
        return "did_not", until

    def _asked(self, step: Any, line: Line) -> str:
        ask = step.settings.get("ask") or {}
        if "mail" in ask or "activity" in ask:
            line.words = (
                "Not known today: it depends on what the lead does until then. Below, nothing happened."
            )
            line.open_ways = [self._instead(step, "yes", "If it did")]
            return "no"
        branch = "yes" if self._meets(ask) else "no"
        line.words = (
            f"As things stand today: {self._words(step, branch)}. It is asked again when the lead gets there."
        )
        return branch

    def _meets(self, ask: dict[str, Any]) -> bool:
        if "segment" in ask:
            members = segments.members(Segment.objects.get(pk=ask["segment"]))
            return members.filter(pk=self._lead.pk).exists()
        return bool(segments.matches(ask.get("conditions") or [], [self._lead.pk]))

    def _instead(self, step: Any, branch: str, when: str) -> str:
        inner = self._graph.children(step.pk, branch)
        there = f"step {self._numbers[inner[0].pk][0]}, {inner[0].title}" if inner else "the next step below"
        return f"{when}: “{self._words(step, branch)}”, then {there}."

    def _words(self, step: Any, key: str) -> str:
        return next((branch.words for branch in step.branches if branch.key == key), key)

    def _local(self, at: datetime) -> str:
        return f"{at.astimezone(self.zone):%A %-d %B %Y, %H:%M}"


def against(campaign: Campaign, lead: Lead) -> list[str]:
    """What keeps this lead out today, in words."""
    blocker = enrolments.blockers(campaign, [lead.pk]).get(lead.pk)
    found = [f"{blocker}."] if blocker else []
    if Lead.objects.filter(consents.paused("pk"), pk=lead.pk).exists():
        found.append("The lead asked for a pause: nothing is sent until it is over.")
    if campaign.state != Campaign.State.ACTIVE:
        found.append(f"The campaign is not running: its state is “{campaign.get_state_display()}”.")
    elif not campaign.takes_people(timezone.now()):
        found.append("The campaign's time has not come, or is over.")
    if not segments.members(campaign.segment).filter(pk=lead.pk).exists():
        found.append("The lead is not in the campaign's segment.")
    if campaign.goal == Campaign.Goal.MQL and lead.stage == Lead.Stage.MQL:
        found.append("The goal is reached already.")
    if not blocker and campaign.enrolments.filter(lead=lead).exists():
        found.append("The lead was in this campaign.")
    return found
