"""Learning who is won, and telling it of every lead. Advice: nothing here changes a score or a stage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import orjson
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from leads.events import publish
from leads.models import Lead
from leads.services import bulk
from scoring import outcomes, rows, snapshots
from scoring.events import TrainingAsked
from scoring.models import (
    Prediction,
    PredictionModel,
    PredictionRun,
    PredictionTraining,
    QualificationCycle,
    UnlearntField,
)
from scoring.prediction import card, fitting
from scoring.prediction.calibration import logistic
from scoring.prediction.card import TooLittle
from scoring.prediction.scorecard import Scorecard

CHUNK = 5_000  # leads told of in one transaction
LEASE = timedelta(hours=1)  # no training and no run takes longer; the worker would be stopped before
GOING_ON = "A training is going on already. Its figures appear on the model card when it is done."
SETTLED = (Lead.Stage.CUSTOMER, Lead.Stage.DISQUALIFIED)


class AlreadyAsked(Exception):
    """A training waits already or is going on."""


def current() -> PredictionModel | None:
    return PredictionModel.objects.first()


def ask(*, actor: Any = None) -> PredictionTraining:
    """Puts a training in the queue; the schedule finds it if the bell is lost. Raises AlreadyAsked."""
    try:
        with transaction.atomic():
            training = PredictionTraining.objects.create(asked_by=actor)
            publish(TrainingAsked(training_id=training.pk))
    except IntegrityError as error:
        raise AlreadyAsked(GOING_ON) from error
    return training


def train_here(*, actor: Any = None) -> PredictionModel:
    """As `ask`, but worked on at once by whoever calls. Raises AlreadyAsked or TooLittle."""
    try:
        with transaction.atomic():
            training = PredictionTraining.objects.create(asked_by=actor, claimed_until=Now() + LEASE)
    except IntegrityError as error:
        raise AlreadyAsked(GOING_ON) from error
    return _work(training)


def work_off(training_id: int) -> PredictionModel | None:
    """Trains for this request if nobody else does. Raises TooLittle, after having noted it."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    mine = PredictionTraining.objects.filter(free, pk=training_id, finished_at=None)
    if not mine.update(claimed_until=Now() + LEASE):
        return None
    return _work(PredictionTraining.objects.get(pk=training_id))


def _work(training: PredictionTraining) -> PredictionModel:
    try:
        model = train(actor=training.asked_by)
    except TooLittle as refusal:
        _finish(training, refusal=str(refusal)[:500])
        raise
    except Exception:
        _finish(training, refusal="The training broke off. Nothing was changed; the log says why.")
        raise
    _finish(training, model=model)
    return model


def _finish(training: PredictionTraining, **result: Any) -> None:
    found = PredictionTraining.objects.filter(pk=training.pk)
    found.update(finished_at=Now(), claimed_until=None, **result)


def train(*, actor: Any = None) -> PredictionModel:
    """Learns from every lead whose outcome is known. Raises TooLittle."""
    known = outcomes.known()
    card.check(known.won)
    learnt = snapshots.of_outcomes(known)
    excluded = set(UnlearntField.objects.values_list("key", flat=True))
    sample = fitting.Sample(learnt.table, known.won)
    trained = card.train(sample, known.dated, excluded=excluded, later=learnt.later)
    measured = trained.metrics | {"recorded": int(known.recorded.sum())}
    return PredictionModel.objects.create(
        trained_by=actor,
        rows=measured["rows"],
        positives=measured["positives"],
        scorecard=trained.scorecard.to_data(),
        metrics=measured,
    )


@transaction.atomic
def leave_out(*, key: str, actor: Any) -> None:
    """From the next training on. Doing it twice changes nothing."""
    UnlearntField.objects.get_or_create(key=key, defaults={"by": actor})


@transaction.atomic
def use_again(*, key: str) -> None:
    UnlearntField.objects.filter(key=key).delete()


@dataclass
class Tally:
    """Leads still to be decided: how many in each group of the model, and in each tenth of probability."""

    terms: np.ndarray
    tenths: np.ndarray = field(default_factory=lambda: np.zeros(10, dtype=np.int64))
    leads: int = 0

    def add(self, numbers: np.ndarray, said: np.ndarray) -> None:
        self.terms += np.bincount(numbers.ravel(), minlength=len(self.terms))
        self.tenths += np.bincount((said * 10).astype(int).clip(0, 9), minlength=10)


def refresh(model: PredictionModel) -> PredictionRun:
    """Tells of every lead, in the order of ids. Safe to repeat; only what differs is written."""
    run = PredictionRun.objects.create(model=model)
    tally = Tally(np.zeros(len(model.terms), dtype=np.int64))
    for ids in _chunks():
        _tell(model, ids, tally)
    Prediction.objects.filter(lead__merged_into__isnull=False).delete()
    counts = {"terms": tally.terms.tolist(), "tenths": tally.tenths.tolist()}
    PredictionRun.objects.filter(pk=run.pk).update(finished_at=Now(), leads=tally.leads, counts=counts)
    run.refresh_from_db()
    return run


def _chunks() -> Iterator[np.ndarray]:
    last = 0
    people = Lead.objects.filter(merged_into=None).order_by("pk")
    while ids := list(people.filter(pk__gt=last).values_list("pk", flat=True)[:CHUNK]):
        yield np.array(ids, dtype=np.int64)
        last = ids[-1]


@transaction.atomic
def _tell(model: PredictionModel, ids: np.ndarray, tally: Tally) -> None:
    said, places, parts = _said(model.card, ids)
    reasons = model.card.reasons(places, parts)
    undecided = ~np.isin(ids, _settled(ids))
    tally.add((places + model.card.starts())[undecided], said[undecided])
    tally.leads += len(ids)
    _write(model, ids, said, reasons)


def _said(card: Scorecard, ids: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    keys = [feature.binning.key for feature in card.features]
    table = snapshots.of_leads(ids, _qualified_at(ids), rows.database_now(), keys)
    places = card.places(table)
    parts = card.parts(places)
    return logistic(card.honest(parts)), places, parts


def _qualified_at(ids: np.ndarray) -> dict[int, datetime]:
    """A lead that sales has is looked at as it was when it qualified: like the leads that were learnt from."""
    return dict(
        QualificationCycle.objects.open().filter(lead__in=ids.tolist()).values_list("lead_id", "opened_at")
    )


def _settled(ids: np.ndarray) -> list[int]:
    return list(
        Lead.objects.filter(pk__in=ids.tolist())
        .filter(Q(stage__in=SETTLED) | Q(outcome__isnull=False))
        .values_list("pk", flat=True)
    )


def _write(model: PredictionModel, ids: np.ndarray, said: np.ndarray, reasons: list[list[int]]) -> None:
    told = zip(ids.tolist(), np.round(said, 4).tolist(), map(_json, reasons), strict=True)
    bulk.insert_rows(
        "scoring_prediction",
        {"lead_id": "bigint", "probability": "float8", "reasons": "jsonb"},
        list(told),
        "ON CONFLICT (lead_id) DO UPDATE SET probability = excluded.probability,"
        " reasons = excluded.reasons, model_id = excluded.model_id"
        " WHERE (scoring_prediction.probability, scoring_prediction.reasons, scoring_prediction.model_id)"
        " IS DISTINCT FROM (excluded.probability, excluded.reasons, excluded.model_id)",
        model_id=str(model.pk),
    )


def _json(numbers: list[int]) -> str:
    return orjson.dumps(numbers).decode()


# What is to be done, for the schedule.

RETRAIN = timedelta(days=7)
TRY_AGAIN = timedelta(days=1)  # after a refusal
STALE = timedelta(hours=20)  # so that a prediction is never older than a day


def training_due() -> int | None:
    """The training to work on: one that waits, or a new one because the last is old."""
    waiting = PredictionTraining.objects.filter(finished_at=None).first()
    if waiting is not None:
        return waiting.pk
    last = PredictionTraining.objects.order_by("-pk").first()
    pause = RETRAIN if last and last.model_id else TRY_AGAIN
    if last is not None and PredictionTraining.objects.filter(pk=last.pk, finished_at__gt=Now() - pause):
        return None
    return _ask_quietly()


def _ask_quietly() -> int | None:
    if not _enough():
        return None
    try:
        with transaction.atomic():
            return PredictionTraining.objects.create().pk
    except IntegrityError:
        return None


def _enough() -> bool:
    """Whether there are outcomes enough at all; a refusal every day would only fill the list."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM leads_leadoutcome)"
            " + (SELECT count(*) FROM scoring_qualificationcycle WHERE closed_at IS NOT NULL)"
        )
        return cursor.fetchone()[0] >= card.LEAST_OUTCOMES


def refresh_due() -> PredictionModel | None:
    """The model whose predictions are missing or getting old."""
    model = current()
    if model is None:
        return None
    fresh = Q(finished_at__gt=Now() - STALE) | Q(finished_at=None, started_at__gt=Now() - LEASE)
    return None if model.runs.filter(fresh).exists() else model
