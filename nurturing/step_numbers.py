"""What happened at each step so far. The same step of several versions is counted together: by its key."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Q

from nurturing.kinds import KINDS, MAILS
from nurturing.models import Campaign, Enrolment, Message, Step, Visit


@dataclass
class StepNumbers:
    sent: int = 0
    opened: int = 0
    clicked: int = 0
    waiting: int = 0
    stuck: int = 0
    ways: dict[str, int] = field(
        default_factory=dict
    )  # people by the branch taken, or by what became of them

    @property
    def passed(self) -> int:
        return sum(self.ways.values())

    def shown(self, kind: str) -> list[tuple[int, str]]:
        """At most three, for the block: (number, what it counts)."""
        if self.stuck:
            return [(self.stuck, "cannot go on"), (self.waiting, "waiting")]
        if kind in MAILS and (self.sent or self.waiting):
            return [(self.sent, "sent"), (self.opened, "opened"), (self.clicked, "clicked")]
        found = [(self.waiting, "waiting")] if self.waiting else []
        words = "decided" if kind in KINDS and KINDS[kind].starts and kind in DECIDING else "went on"
        return found + ([(self.passed, words)] if self.passed else [])


DECIDING = ("condition", "split", "event")


def by_key(campaign: Campaign) -> dict[str, StepNumbers]:
    """Three statements, whatever the number of steps and people."""
    keys = {
        pk: str(key) for pk, key in Step.objects.filter(version__campaign=campaign).values_list("pk", "key")
    }
    found: dict[str, StepNumbers] = defaultdict(StepNumbers)
    for row in _mails(campaign):
        numbers = found[keys[row["step"]]]
        numbers.sent += row["sent"]
        numbers.opened += row["opened"]
        numbers.clicked += row["clicked"]
    for step, people, stuck in _standing(campaign):
        found[keys[step]].waiting += people
        found[keys[step]].stuck += stuck
    for step, outcome, people in _decided(keys):
        ways = found[keys[step]].ways
        ways[outcome] = ways.get(outcome, 0) + people
    return dict(found)


def ends(campaign: Campaign) -> dict[str, int]:
    """{reason: people}; "" for those inside."""
    return dict(campaign.enrolments.order_by().values_list("ended_because").annotate(Count("pk")))


def _mails(campaign: Campaign) -> Any:
    mails = Message.objects.filter(step__version__campaign=campaign).order_by().values("step")
    return mails.annotate(
        sent=Count("pk", filter=Q(state="accepted")),
        opened=Count("pk", filter=Q(opened_at__isnull=False)),
        clicked=Count("pk", filter=Q(clicked_at__isnull=False)),
    )


def _standing(campaign: Campaign) -> Any:
    inside = Enrolment.objects.active().filter(campaign=campaign).exclude(step=None)
    return (
        inside.order_by()
        .values_list("step")
        .annotate(people=Count("pk"), stuck=Count("pk", filter=~Q(trouble="")))
    )


def _decided(steps: Iterable[int]) -> Any:
    gone = Visit.objects.filter(step__in=list(steps), left_at__isnull=False).exclude(outcome="moved")
    return gone.order_by().values_list("step", "outcome").annotate(Count("pk"))
