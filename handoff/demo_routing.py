"""How the demo company routes: rules, limits, one colleague on leave, and a lead held for a key account."""

from __future__ import annotations

from datetime import datetime, timedelta

from accounts.models import Team, User
from handoff.models import Absence, Holding, RoundRobinSeat, RoutingRule
from handoff.services.offers import offer_or_hold
from scoring.models import QualificationCycle

NORTH = ["Norway", "Sweden", "Denmark", "Finland", "Germany", "Austria", "Switzerland"]
LIMITS = {"ana": {"max_open": 8, "weight": 2}, "tom": {"max_open": 6, "max_today": 10}}


def load(*, now: datetime, size: int) -> str:
    reps = {rep.email.split("@")[0]: rep for rep in User.objects.reps()}
    for name, limits in LIMITS.items():
        RoundRobinSeat.objects.update_or_create(rep=reps[name], defaults=limits)
    Absence.objects.create(
        rep=reps["mina"],
        starts_at=now - timedelta(days=1),
        ends_at=now + timedelta(days=3),
        cover=reps["ana"],
    )
    held = _hold_a_key_account()
    _rules(reps)
    return f"{RoutingRule.objects.count()} routing rules, {held} lead held"


def _rules(reps: dict[str, User]) -> None:
    north = Team.objects.get(name="Nordics and DACH")
    live = RoutingRule.State.LIVE
    _rule("Company first", 20, target="owner", state=live)
    _rule("Nordics and DACH", 30, ("country", "in", NORTH), target="team", team=north, state=live)
    _rule("Best fits to Ana", 25, ("band", "starts_with", ["A"]), target="rep", rep=reps["ana"])


def _rule(name: str, position: int, *conditions: tuple[str, str, object], **fields: object) -> None:
    said = [{"field": field, "op": op, "value": value} for field, op, value in conditions]
    RoutingRule.objects.create(name=name, position=position, conditions=said, **fields)


def _hold_a_key_account() -> int:
    """The lead that waits longest works for a company whose leads a colleague assigns by hand."""
    waiting = QualificationCycle.objects.open().filter(handoffs=None, lead__company__isnull=False)
    cycle = waiting.select_related("lead__company").order_by("opened_at").first()
    marketer = User.objects.filter(role=User.Role.MARKETER).order_by("pk").first()
    if cycle is None or cycle.lead.company is None or marketer is None:
        return 0
    firm = ("company", "is", cycle.lead.company.name)
    _rule("Key accounts", 10, firm, target="queue", state=RoutingRule.State.LIVE)
    offer_or_hold(cycle=cycle, actor=marketer)
    return Holding.objects.filter(released_at=None).count()
