"""What speaks against giving a lead to a rep by hand: said beforehand and afterwards, never enforced."""

from __future__ import annotations

from handoff.clock import database_now
from handoff.decisions import obstacle
from handoff.services.routing import refusers
from handoff.services.seats import seats_at
from leads.models import Lead


def objections(lead: Lead) -> dict[int, str]:
    """{rep id: words} of everybody who is away, full, closed, or has rejected this lead before."""
    now = database_now()
    found = {seat.rep: obstacle(seat, now) for seat in seats_at(now, loads=True)}
    refused = dict.fromkeys(refusers(lead), "rejected this lead before")
    return refused | {rep: hindered.words for rep, hindered in found.items() if hindered}
