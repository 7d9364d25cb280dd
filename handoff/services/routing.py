"""Who gets a lead: gathers what `handoff.decisions` needs, locks the turns, and writes down what was decided.

Decisions are made one at a time: each locks the first row of the pools until its transaction ends, so two of them
never read the same credit or fill the same last place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast

from django.db.models import Count, Max, Q

from accounts.models import User
from handoff.clock import database_now
from handoff.decisions import (
    EVERYBODY,
    Decision,
    LeadFacts,
    Route,
    Target,
    decide,
)
from handoff.errors import CannotTake
from handoff.models import Handoff, RotationPool, RoutingDecision, RoutingRule
from handoff.services import seats
from leads import fields
from leads.models import Lead
from scoring.definition import condition_of
from scoring.models import QualificationCycle

OWN = ("band", "score", "cause")  # facts of the cycle; every other field stands in leads.fields
KEPT = 50  # candidates written down; more would be read by nobody
Credits = dict[str, dict[int, int]]


def chosen(rep: User, actor: str) -> Decision:
    """Raises CannotTake for anybody who is no active rep, whatever the page offered a minute ago."""
    if not User.objects.reps().filter(pk=rep.pk).exists():
        raise CannotTake(f"{rep} cannot take leads: only active sales reps can. Choose another rep.")
    return Decision(rep.pk, Route("A colleague's choice", "rep", rep=rep.pk), f"{actor} chose you.")


def route(cycle: QualificationCycle) -> Decision:
    """Decides, and takes the turn. Call it inside the transaction that makes the offer.

    All that other offers do not change is read before the lock, so that they wait for less.
    """
    routes, now = live_routes(), database_now()
    facts, people = facts_of(cycle, routes), seats.people_at(now)
    owed = _locked_credits()
    found = decide(facts, routes, seats.with_loads(people, now), owed, now)
    if found.credits:
        _keep(found)
    return found


def preview(cycle: QualificationCycle, *, at: datetime | None = None) -> Decision:
    """Who would get this lead, and why. Nothing is locked, no turn is taken."""
    routes, now = live_routes(), at or database_now()
    return decide(facts_of(cycle, routes), routes, seats.seats_at(now), credits(), now)


def live_routes() -> list[Route]:
    rules = RoutingRule.objects.filter(state=RoutingRule.State.LIVE).select_related("team")
    return [route_of(rule) for rule in rules]


def route_of(rule: RoutingRule) -> Route:
    return Route(
        name=rule.name,
        target=cast(Target, rule.target),
        conditions=tuple(condition_of(item) for item in rule.conditions),
        rep=rule.rep_id,
        team=rule.team_id,
        team_name=str(rule.team or ""),
        hold=rule.hold,
        id=rule.pk,
    )


def facts_of(cycle: QualificationCycle, routes: Iterable[Route]) -> LeadFacts:
    """What the rules ask about, and nothing else."""
    routes = list(routes)
    owner = owners([cycle.lead])[cycle.lead_id] if any(item.target == "owner" for item in routes) else None
    return LeadFacts(values_of([cycle], routes)[cycle.pk], owner, refusers(cycle.lead))


def values_of(cycles: Sequence[QualificationCycle], routes: Iterable[Route]) -> dict[int, dict[str, Any]]:
    """{cycle id: values}; at most one query for them all."""
    asked = {condition.field for item in routes for condition in item.conditions}
    keys = sorted(asked - set(OWN))
    columns = fields.columns([cycle.lead_id for cycle in cycles], keys) if keys else {}
    return {
        cycle.pk: {key: values[place] for key, values in columns.items()}
        | {"band": cycle.band, "score": cycle.total, "cause": cycle.cause}
        for place, cycle in enumerate(cycles)
    }


def owners(leads: Sequence[Lead]) -> dict[int, int | None]:
    """{lead id: the rep who has it, or else most of its company's leads}; at most one query for them all."""
    firms = {lead.company_id for lead in leads if lead.company_id and not lead.owner_id}
    held = Lead.objects.filter(company__in=firms, owner__isnull=False, merged_into=None)
    ranked = held.values("company", "owner").annotate(leads=Count("pk"), newest=Max("pk"))
    best = {row["company"]: row["owner"] for row in ranked.order_by("leads", "newest")} if firms else {}
    return {lead.pk: lead.owner_id or best.get(lead.company_id or 0) for lead in leads}


def credits() -> Credits:
    return _read(RotationPool.objects.all())


def write_down(
    decision: Decision, cycle: QualificationCycle, handoff: Handoff | None = None
) -> RoutingDecision:
    """The line of the audit. Whoever got the lead is among the candidates that are kept."""
    candidates = sorted(decision.candidates, key=lambda item: (item.rep != decision.rep, -(item.owed or 0)))
    return RoutingDecision.objects.create(
        cycle=cycle,
        handoff=handoff,
        rep_id=decision.rep,
        rule=decision.route.name,
        because=decision.because[:300],
        steps=[asdict(step) for step in decision.steps],
        candidates=[asdict(item) for item in candidates[:KEPT]],
    )


def _locked_credits() -> Credits:
    """Everybody's row sorts first, so all who come wait there."""
    found = _read(RotationPool.objects.select_for_update().order_by("key"))
    if EVERYBODY not in found:
        RotationPool.objects.bulk_create([RotationPool(key=EVERYBODY)], ignore_conflicts=True)
        found = _read(RotationPool.objects.select_for_update().order_by("key"))
    return found


def _read(pools: Iterable[RotationPool]) -> Credits:
    return {pool.key: {int(rep): parts for rep, parts in pool.credits.items()} for pool in pools}


def _keep(found: Decision) -> None:
    row = RotationPool(key=found.pool, credits={str(rep): parts for rep, parts in found.credits.items()})
    RotationPool.objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["key"], update_fields=["credits"]
    )


def refusers(lead: Lead) -> frozenset[int]:
    """Who said no, or let the time to answer pass until the silence rule took the lead back."""
    rejected = Handoff.objects.filter(Q(rejected_at__isnull=False) | Q(silence="returned"), lead=lead)
    return frozenset(rejected.values_list("rep_id", flat=True))
