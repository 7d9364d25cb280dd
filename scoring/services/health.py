"""Verbs about reports on the rules: ask for one, work on it, keep it. The only code that writes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from leads.events import publish
from scoring import facts, rows
from scoring.definition import model_of
from scoring.events import HealthAsked
from scoring.health import fitting
from scoring.health.examining import Looked, Stopped, look
from scoring.health.learning import Lesson, card_model, learn
from scoring.health.moments import known_moments
from scoring.health.wording import suggestions_of
from scoring.models import HealthReport, ModelVersion, Suggestion

LEASE = timedelta(minutes=5)  # renewed after each chunk of leads, which takes seconds
FRESH = timedelta(hours=24)
MOST_STARTS = 3
KEPT = 30  # reports; older ones go, and their suggestions with them unless a draft came of them


class NothingPublished(ValueError):
    """There are no rules in force that could be looked over."""


class AlreadyAsked(ValueError):
    """A report waits already or is being made."""


def ask(*, actor: Any = None) -> HealthReport:
    """Puts a report on the version in force in the queue. Raises NothingPublished or AlreadyAsked."""
    version = ModelVersion.objects.published()
    if version is None:
        raise NothingPublished("Nothing is published yet, so there are no rules to look over.")
    try:
        with transaction.atomic():
            report = HealthReport.objects.create(version=version, asked_by=actor)
            publish(HealthAsked(report_id=report.pk))
    except IntegrityError as error:
        raise AlreadyAsked(
            "The rules are being looked over already. The page shows when that is done."
        ) from error
    return report


def measured_apart() -> QuerySet[HealthReport]:
    """Without reports made when cycles and results from files were still measured together, as `base`."""
    return HealthReport.objects.exclude(result__has_key="base")


def report_due() -> int | None:
    """The report somebody should work on: one that waits, or a new one when the last is a day old or of a former
    version.
    """
    waiting = HealthReport.objects.filter(finished_at=None).first()
    if waiting is not None:
        free = waiting.claimed_until is None or waiting.claimed_until < rows.database_now()
        return waiting.pk if free else None
    version = ModelVersion.objects.published()
    fresh = measured_apart().filter(version=version, asked_at__gt=Now() - FRESH)
    if version is None or fresh.exists():
        return None
    try:
        with transaction.atomic():
            return HealthReport.objects.create(version=version).pk
    except IntegrityError:
        return None  # somebody asked in the meantime


def work_on(report_id: int) -> None:
    """Makes a report from its beginning to its end. Of two workers one gets it; a killed one is followed by another."""
    report = _take(report_id)
    if report is None:
        return
    try:
        _keep(report, *_examine(report))
    except Stopped:
        return
    except Exception:
        _finish(report, error="Something went wrong on our side; the log says what. You can ask again.")
        raise


@transaction.atomic
def _take(report_id: int) -> HealthReport | None:
    free = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    waiting = HealthReport.objects.filter(free, pk=report_id, finished_at=None)
    report = waiting.select_for_update(skip_locked=True).first()
    if report is None:
        return None
    report.starts += 1
    report.as_of = rows.database_now()
    if report.starts > MOST_STARTS:
        _finish(report, error=f"The worker died {MOST_STARTS} times. You can ask again.")
        return None
    report.claimed_until = report.as_of + LEASE
    report.save()
    return report


def _ours(report: HealthReport) -> Any:
    """Still going on, and by this worker."""
    return HealthReport.objects.filter(pk=report.pk, finished_at=None, starts=report.starts)


def _examine(report: HealthReport) -> tuple[Lesson, Looked]:
    model = model_of(report.version)
    lesson = learn(model, known_moments())
    card = card_model(model, lesson.card_rules, 1) if lesson.card else None

    def progress(done: int) -> bool:
        return bool(_ours(report).update(done_leads=done, claimed_until=Now() + LEASE))

    now: Any = report.as_of
    return lesson, look(model, card, facts.microseconds(now), progress)


@transaction.atomic
def _keep(report: HealthReport, lesson: Lesson, looked: Looked) -> None:
    line = fitting.line_for(looked.totals, looked.qualify)
    result = {
        "counts": looked.counts.to_data(),
        "bases": {name: basis.to_data() for name, basis in lesson.bases.items()},
        "lifts": lesson.lifts,
        "refusal": lesson.refusal,
    }
    if _ours(report).update(result=result, finished_at=Now(), claimed_until=None):
        model = model_of(report.version)
        made = suggestions_of(model, lesson, line, looked.qualify)
        Suggestion.objects.bulk_create(
            Suggestion(report=report, position=place, **each) for place, each in enumerate(made)
        )
        _forget_old()


def _finish(report: HealthReport, *, error: str) -> None:
    found = HealthReport.objects.filter(pk=report.pk, finished_at=None)
    found.update(error=error, finished_at=Now(), claimed_until=None)


def _forget_old() -> None:
    newest = HealthReport.objects.values_list("pk", flat=True)[:KEPT]
    old = HealthReport.objects.exclude(pk__in=list(newest)).exclude(suggestions__draft__isnull=False)
    old.delete()
