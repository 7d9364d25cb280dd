"""The demo company's definition, published a year ago, and what every lead was worth since: truly computed.

One call of the kernel scores each lead at the instant of each of its activities, and between them while its points
fade. The history, the crossings and today's scores therefore agree with the rules that are shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
from django.core.management import call_command

from accounts.models import User
from leads.fields import columns
from leads.models import Lead, StageChange
from scoring import demo_alerts, engine, facts
from scoring.batch import Facts, Scores, holds_many, score_many
from scoring.definition import model_of, published
from scoring.explain import explain, newest_evidence
from scoring.fit import FitPoints, fit_points
from scoring.language import Model
from scoring.models import (
    DefinitionReview,
    ModelVersion,
    Publication,
    QualificationCycle,
    ReviewPolicy,
    ScoreChange,
)
from scoring.services import keeping

REVIEWS = (
    (263, "First quarter with it. Sales takes three of four; the line stays."),
    (171, "Looked at the reject reasons: too many students, but the points against them do their part."),
    (
        78,
        "Went through twenty accepted and twenty rejected leads with sales. Nothing to change this quarter.",
    ),
)
FADING = (7, 21, 45, 90)  # days after the last visit at which a quiet lead is looked at again


def load(*, now: datetime, size: int) -> str:
    call_command("publish_default_model", verbosity=0)
    began = now - timedelta(days=366)
    ModelVersion.objects.update(published_at=began)
    Publication.objects.update(requested_at=began, due_at=began, settled_at=began, rescored_at=began)
    version = ModelVersion.objects.published()
    lead_ids = np.fromiter(Lead.objects.order_by("pk").values_list("pk", flat=True), dtype=np.int64)
    table, rows, instants = _moments(lead_ids, now)
    scores = _scored(model_of(version), lead_ids, table, rows, instants)
    crossings = _remember(version, lead_ids, rows, instants, scores)
    opened = _open_cycles(version, crossings, now)
    keeping.score_leads(lead_ids.tolist())
    _review(version, now)
    demo_alerts.load(now=now)
    return f"{len(lead_ids)} scores, {opened} leads that became MQL"


def _moments(lead_ids: np.ndarray, now: datetime) -> tuple[Facts, np.ndarray, np.ndarray]:
    """Facts, and pairs of (row of the lead, instant) at which to score, in the order of both."""
    table = facts.of_leads(lead_ids)
    pairs = sorted(
        {pair for row in range(len(lead_ids)) for pair in _instants(table, row, facts.microseconds(now))}
    )
    rows, instants = (np.array(part, dtype=np.int64) for part in zip(*pairs, strict=True))
    return table, rows, instants


def _instants(table: Facts, row: int, now: int) -> Iterator[tuple[int, int]]:
    mine = table.at[table.starts[row] : table.stops[row]].tolist()
    for at in mine:
        yield row, at
    for days in FADING if mine else ():
        later = mine[-1] + days * 86_400_000_000
        if later < now:
            yield row, later


def _scored(
    model: Model, lead_ids: np.ndarray, table: Facts, rows: np.ndarray, instants: np.ndarray
) -> Scores:
    compiled = engine.compiled_for(model)
    compiled.extend(facts.shapes(np.unique(table.shape).tolist()))
    fit = fit_points(model, columns(lead_ids.tolist(), engine.fields_read(model)), len(lead_ids))
    fit = FitPoints(fit.base[rows], fit.critical[rows], fit.disqualified[rows], fit.low[rows], fit.high[rows])
    histories = Facts(
        at=table.at,
        shape=table.shape,
        seconds=table.seconds,
        amount=table.amount,
        starts=table.starts[rows],
        stops=table.stops[rows],
    )
    return score_many(compiled, histories, fit, instants, want_next=False)


def _remember(
    version: ModelVersion, lead_ids: np.ndarray, rows: np.ndarray, instants: np.ndarray, scores: Scores
) -> list[tuple[int, datetime]]:
    """Writes the history; returns where each lead first met the definition."""
    model = published()[1]  # type: ignore[index]
    holds = holds_many(scores, np.zeros(len(rows), dtype=bool), model)
    crossings: dict[int, datetime] = {}
    changes, last, bands = [], None, scores.band_names
    for i, row in enumerate(rows.tolist()):
        lead_id, at = int(lead_ids[row]), facts.instant(int(instants[i]))
        shown = (lead_id, int(scores.total[i]), str(bands[i]), bool(holds[i]))
        if shown != last:
            changes.append(_change(version, lead_id, at, scores, i, str(bands[i]), bool(holds[i])))
            last = shown
        if holds[i]:
            crossings.setdefault(lead_id, at)
    ScoreChange.objects.bulk_create(changes, batch_size=2000)
    return list(crossings.items())


def _change(
    version: ModelVersion, lead_id: int, at: datetime, scores: Scores, i: int, band: str, holds: bool
) -> ScoreChange:
    return ScoreChange(
        lead_id=lead_id,
        at=at,
        version=version,
        total=int(scores.total[i]),
        fit=int(scores.fit[i]),
        engagement=int(scores.engagement[i]),
        band=band,
        qualified=holds,
    )


def _open_cycles(version: ModelVersion, crossings: list[tuple[int, datetime]], now: datetime) -> int:
    leads = Lead.objects.in_bulk([lead_id for lead_id, _ in crossings])
    cycles = [
        _cycle(version, leads[lead_id], at) for lead_id, at in sorted(crossings, key=lambda pair: pair[1])
    ]
    QualificationCycle.objects.bulk_create(cycles)
    StageChange.objects.bulk_create(
        StageChange(lead=c.lead, stage="mql", at=c.opened_at, reason=c.reason, model_version=version.number)
        for c in cycles
    )
    Lead.objects.filter(pk__in=leads).update(stage="mql")
    return len(cycles)


def _cycle(version: ModelVersion, lead: Lead, at: datetime) -> QualificationCycle:
    why = explain(lead, as_of=at, version=version)
    critical = why.result.critical
    return QualificationCycle(
        lead=lead,
        n=1,
        version=version,
        cause="critical" if critical else "threshold",
        rule_key=critical or "",
        reason="; ".join(why.reasons()) or "Meets the definition",
        evidence_at=newest_evidence(why),
        total=why.result.total,
        band=why.result.band,
        opened_at=at,
    )


def _review(version: ModelVersion, now: datetime) -> None:
    """Marketing answers for the definition and looked at it last quarter, so the next review is near."""
    owner = User.objects.filter(role=User.Role.MARKETER).order_by("pk").first()
    if owner is None:
        return
    ReviewPolicy.objects.update_or_create(pk=1, defaults={"owner": owner})
    for days, note in REVIEWS:
        looked = now - timedelta(days=days)
        review, _ = DefinitionReview.objects.get_or_create(
            version=version, day=looked.date(), defaults={"by": owner, "note": note}
        )
        DefinitionReview.objects.filter(pk=review.pk).update(at=looked)
