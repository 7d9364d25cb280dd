"""Leads that meet the definition and have no open cycle: ask the oracle why, and open one."""

from __future__ import annotations

import logging
from collections.abc import Collection

from django.db import connection

from leads.models import Lead, Touch
from scoring.explain import Explanation, critical_evidence, explain, newest_evidence
from scoring.models import ModelVersion, QualificationCycle, Score
from scoring.services.cycles import open_cycle
from scoring.services.holding import Guard, passed

logger = logging.getLogger(__name__)
Cause = QualificationCycle.Cause


def open_due_cycles(
    *, version: ModelVersion, lead_ids: list[int], crossed: Collection[int] = frozenset()
) -> int:
    """Opens a cycle for each of these qualified leads that has none open and brings newer evidence.

    Of those who `crossed` right now, the guard holds back whom a publication alone brought across.
    """
    due = without_cycle(lead_ids) if lead_ids else []
    if not due:
        return 0
    guard = Guard.of(version, due)
    waiting = Lead.objects.filter(pk__in=due).select_related("score").order_by("pk")
    return sum(_open_guarded(lead, version, guard, lead.pk in crossed) is not None for lead in waiting)


def _open_guarded(
    lead: Lead, version: ModelVersion, guard: Guard, crossed: bool
) -> QualificationCycle | None:
    why = explain(lead, version=version)
    _compare(lead, why)
    if not guard.admits(why, lead.pk, crossed=crossed):
        return None
    cycle = _open(lead, version, why)
    if cycle is not None and lead.pk in guard.latest:
        passed(cycle)
    return cycle


def open_now(lead: Lead) -> QualificationCycle | None:
    """A lead whose turn it is, or whom somebody lets through, under the version that its score is true under."""
    version = ModelVersion.objects.teller()(lead.score.version)
    return _open(lead, version, explain(lead, version=version))


def without_cycle(lead_ids: list[int]) -> list[int]:
    """Who of these has no open cycle and did something since the last one ended: who might be due for a new one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT lead FROM unnest(%s::bigint[]) lead LEFT JOIN LATERAL ("
            " SELECT n, closed_at FROM scoring_qualificationcycle c WHERE c.lead_id = lead ORDER BY n DESC LIMIT 1"
            ") last ON true WHERE last.n IS NULL OR (last.closed_at IS NOT NULL AND EXISTS ("
            " SELECT 1 FROM leads_activity a WHERE a.lead_id = lead AND a.occurred_at > last.closed_at))",
            [lead_ids],
        )
        return [row[0] for row in cursor.fetchall()]


def _open(lead: Lead, version: ModelVersion, why: Explanation) -> QualificationCycle | None:
    critical = why.result.critical
    return open_cycle(
        lead=lead,
        version=version,
        cause=Cause.CRITICAL if critical else Cause.THRESHOLD,
        reason="; ".join(why.reasons()) or "Meets the definition",
        rule_key=critical or "",
        evidence_at=newest_evidence(why),
        critical_at=critical_evidence(why),
        total=why.result.total,
        band=why.result.band,
    )


def _compare(lead: Lead, why: Explanation) -> None:
    """Every crossing is also a check: the oracle and the kernel must agree. They never may differ for long.

    The oracle looks a moment later. Whoever did something in that moment waits to be scored again, and is no evidence.
    """
    stored: Score = lead.score
    if stored.total == why.result.total or (why.as_of - stored.as_of).total_seconds() >= 1:
        return
    if not Touch.objects.filter(lead_id=lead.pk).exists():
        logger.error(
            "oracle and kernel differ for lead %s: %s and %s", lead.pk, why.result.total, stored.total
        )
