"""What sales asks marketing to put right, as the sheet shows it: each field, its value now, changed since or not."""

from __future__ import annotations

from typing import NamedTuple

from handoff.consequences import field_names
from handoff.models import Repair
from leads.details import Row, detail_rows
from scoring.models import QualificationCycle


class Asked(NamedTuple):
    repair: Repair
    rows: list[tuple[Row, bool]]  # a field, and whether it was changed since


def open_repair(cycle: QualificationCycle) -> Asked | None:
    found = Repair.objects.open().filter(handoff__cycle=cycle)
    repair = found.select_related("handoff__rep", "handoff__lead__company", "handoff__reject_reason").first()
    if repair is None:
        return None
    names = field_names(repair.fields)
    rows = [row for row in detail_rows(repair.handoff.lead) if row.label in names]
    return Asked(repair, [(row, bool(row.at and row.at >= repair.asked_at)) for row in rows])
