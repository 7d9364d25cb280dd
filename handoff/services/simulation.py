"""Past offers through a draft of rules: who would have got them, and how the shares would have been."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from accounts.models import User
from handoff.clock import database_now
from handoff.decisions import Decision, LeadFacts, Route
from handoff.models import Handoff, RoutingRule
from handoff.replay import Past, replay
from handoff.services.routing import route_of, values_of
from handoff.services.seats import people_ever
from leads.models import Lead

MOST = 3_000  # offers, the newest; more would keep a page waiting
LISTED = 50


@dataclass(frozen=True)
class Share:
    name: str
    was: int
    would_be: int

    @property
    def change(self) -> int:
        return self.would_be - self.was


@dataclass(frozen=True)
class Difference:
    handoff: Handoff
    decision: Decision
    was: str
    rep: str


@dataclass(frozen=True)
class Simulation:
    offers: int
    differ: int
    held: int
    shares: list[Share]
    differences: list[Difference]
    capped: bool


def simulate(*, rules: Iterable[RoutingRule], days: int) -> Simulation:
    """Nothing is written. Field values are those of today."""
    offers = _offers(days)
    routes = [route_of(rule) for rule in rules]
    people = people_ever()
    zones = {each.seat.rep: each.zone for each in people}
    found = replay(_past(offers, routes), routes, [each.seat for each in people], zones)
    names = dict(User.objects.values_list("pk", "name"))
    waited = {past.id for past in found.held}
    other = [row for row in offers if row.pk in found.decided and found.decided[row.pk].rep != row.rep_id]
    return Simulation(
        offers=len(offers),
        differ=len(other) + len(waited),
        held=len(waited),
        shares=_shares(offers, found.shares(), names),
        differences=[
            Difference(row, choice, names[row.rep_id], names[choice.rep or 0])
            for row in other[:LISTED]
            if (choice := found.decided[row.pk])
        ],
        capped=len(offers) == MOST,
    )


def _offers(days: int) -> list[Handoff]:
    """Oldest first. One that was passed on counts once, as the rep got it who kept it."""
    since = database_now() - timedelta(days=days)
    rows = Handoff.objects.filter(offered_at__gt=since, withdrawn_at=None)
    newest = rows.select_related("lead", "cycle").order_by("-offered_at", "-pk")[:MOST]
    return list(newest)[::-1]


def _past(offers: Sequence[Handoff], routes: Sequence[Route]) -> list[Past]:
    values = values_of([row.cycle for row in offers], routes)
    owners, refused = _owners_before(offers), _refused(offers)
    return [
        Past(
            id=row.pk,
            at=row.offered_at,
            rep=row.rep_id,
            facts=LeadFacts(
                values[row.cycle_id],
                owners.get(row.lead.company_id or 0),
                frozenset(rep for rep, at in refused[row.lead_id] if at < row.offered_at),
            ),
            company=row.lead.company_id,
            free_at=row.accepted_at or row.rejected_at,
        )
        for row in offers
    ]


def _owners_before(offers: Sequence[Handoff]) -> dict[int, int]:
    """{company id: who got its last lead before the first of these offers}"""
    if not offers:
        return {}
    firms = {row.lead.company_id for row in offers if row.lead.company_id}
    earlier = Handoff.objects.filter(
        lead__company__in=firms, offered_at__lt=offers[0].offered_at, accepted_at__isnull=False
    )
    return dict(earlier.order_by("offered_at", "pk").values_list("lead__company", "rep"))


def _refused(offers: Sequence[Handoff]) -> dict[int, list]:
    found: dict[int, list] = defaultdict(list)
    leads = Lead.objects.filter(pk__in={row.lead_id for row in offers})
    rows = Handoff.objects.filter(lead__in=leads, rejected_at__isnull=False)
    for lead, rep, at in rows.values_list("lead", "rep", "rejected_at"):
        found[lead].append((rep, at))
    return found


def _shares(offers: Sequence[Handoff], would_be: dict[int, int], names: dict[int, str]) -> list[Share]:
    was: dict[int, int] = defaultdict(int)
    for row in offers:
        was[row.rep_id] += 1
    reps = sorted({*was, *would_be}, key=lambda rep: names.get(rep, ""))
    return [Share(names.get(rep, ""), was.get(rep, 0), would_be.get(rep, 0)) for rep in reps]
