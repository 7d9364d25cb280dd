"""Shells around the services. Each may be lost or run twice; the schedule sweeps behind every one."""

from collections.abc import Callable
from contextlib import suppress

from celery import shared_task

from leads.events import heard, publish
from scoring.events import BacktestQueued, HealthAsked
from scoring.models import QualificationCycle
from scoring.prediction.card import TooLittle
from scoring.services import (
    backtests,
    checks,
    cycles,
    draining,
    health,
    keeping,
    predictions,
    publishing,
    reviews,
)

BATCH = 500  # leads a transaction
ROUNDS = 40  # batches a run, so that one run stays well under its time limit


@shared_task
def score_touched() -> int:
    """Score whoever did something, until nobody is left or the run is long enough."""
    heard("scoring.tasks.score_touched")
    return _until_empty(keeping.score_touched)


@shared_task
def score_due() -> int:
    """Score whoever time alone has changed."""
    return _until_empty(keeping.score_due)


def _until_empty(step: Callable[..., int]) -> int:
    done = 0
    for _ in range(ROUNDS):
        count = step(limit=BATCH)
        done += count
        if count == 0:
            break
    return done


@shared_task(time_limit=3600, soft_time_limit=3500)  # seconds; a million leads at the slowest seen
def rescore_all(version_id: int) -> None:
    """After a publication, then the first turns of who waits. Nothing for a version that is no longer in force."""
    if publishing.rescore(version_id):
        _until_empty(draining.drain)


@shared_task(time_limit=3600, soft_time_limit=3500)  # seconds; it may score everybody
def rescore_missed() -> None:
    publishing.rescore_missed()


@shared_task
def publish_due() -> int:
    """Schedules whose instant has come."""
    return publishing.publish_due()


@shared_task
def drain_held() -> int:
    """Leads behind a publication that fires slowly have their turn."""
    return _until_empty(draining.drain)


@shared_task
def close_cycle_of(lead_id: int) -> None:
    cycles.close_cycle_of(
        lead_id=lead_id, outcome=QualificationCycle.Outcome.DISQUALIFIED, reason="The lead was disqualified."
    )


@shared_task
def follow_merges(**_ids: int) -> None:
    """What a merged lead was in the middle of goes on as the winner's."""
    cycles.follow_merges()


@shared_task
def sweep_cycles() -> int:
    return cycles.close_orphans() + cycles.end_cool_downs()


@shared_task(time_limit=1800, soft_time_limit=1700)  # seconds
def check_shadow() -> None:
    """Works a sample of the scores out again; any difference is told."""
    checks.check_shadow()
    checks.forget_old()


@shared_task(time_limit=1800, soft_time_limit=1700)
def check_lines() -> None:
    """Adds the lines of a sample of the explanations up."""
    checks.check_lines()


@shared_task(time_limit=3600, soft_time_limit=3500)  # seconds; as long as the lease of a training
def train_prediction(training_id: int) -> None:
    """Learns, then tells of every lead. Too little to learn from is noted where somebody asked."""
    with suppress(TooLittle):
        model = predictions.work_off(training_id)
        if model is not None:
            predictions.refresh(model)


@shared_task(time_limit=3600, soft_time_limit=3500)
def keep_predictions() -> None:
    """Trainings that nobody works on or that are due; predictions that would be older than a day."""
    training = predictions.training_due()
    if training is not None:
        train_prediction(training)
    model = predictions.refresh_due()
    if model is not None:
        predictions.refresh(model)


@shared_task
def remind_of_review() -> bool:
    """Whoever answers for the definition is told on the day, once."""
    return reviews.remind_owner()


@shared_task(time_limit=1800, soft_time_limit=1700)  # seconds; a hundred times what a million leads take
def run_backtest(backtest_id: int) -> None:
    backtests.work_on(backtest_id)


@shared_task
def sweep_backtests() -> None:
    """Find backtests whose bell was lost or whose worker died."""
    for backtest_id in backtests.waiting():
        publish(BacktestQueued(backtest_id=backtest_id))


@shared_task(time_limit=3600, soft_time_limit=3500)  # seconds; as long as the lease of a report
def examine_rules(report_id: int) -> None:
    health.work_on(report_id)


@shared_task
def keep_health() -> None:
    """Reports that nobody works on, or that would be older than a day."""
    report_id = health.report_due()
    if report_id is not None:
        publish(HealthAsked(report_id=report_id))
