"""Which policy and which calendar a promise begins under.

The policy is the lead's: the first active one whose conditions hold at that moment, else the default. The calendar
is the receiver's: the hours of the rep's team if it has any, else the calendar of the policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from handoff import matching
from handoff.models import BusinessCalendar, Handoff, SlaPolicy, TeamHours
from scoring.models import QualificationCycle


class Terms(NamedTuple):
    policy: SlaPolicy
    calendar: BusinessCalendar


class Book:
    """Policies and team hours, read once for many leads: four queries at most, however many cycles.

    `instead` is a policy as it is not saved yet, in place of its row.
    """

    def __init__(self, cycles: Sequence[QualificationCycle], instead: SlaPolicy | None = None) -> None:
        self.policies = list(SlaPolicy.objects.conditional().select_related("calendar"))
        self.default = SlaPolicy.in_force()
        if instead is not None:
            self._suppose(instead)
        self.hours = {row.team_id: row.calendar for row in TeamHours.objects.select_related("calendar")}
        self.values = matching.values_of(cycles, [policy.conditions for policy in self.policies])

    def _suppose(self, policy: SlaPolicy) -> None:
        others = [row for row in self.policies if row.pk != policy.pk]
        if policy.is_default:
            self.default = policy
        elif policy.active and policy.conditions:
            others = sorted([*others, policy], key=lambda row: (row.position, row.pk))
        self.policies = others

    def terms(self, cycle: QualificationCycle, handoff: Handoff | None) -> Terms:
        policy = self.policy_of(cycle)
        return Terms(policy, self.calendar_of(handoff, policy))

    def policy_of(self, cycle: QualificationCycle) -> SlaPolicy:
        values = self.values[cycle.pk]
        return next((row for row in self.policies if matching.meets(row.conditions, values)), self.default)

    def calendar_of(self, handoff: Handoff | None, policy: SlaPolicy) -> BusinessCalendar:
        team = handoff.rep.team_id if handoff else None
        return self.hours.get(team, policy.calendar) if team else policy.calendar
