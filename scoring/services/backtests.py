"""Verbs about backtests: ask for one, run it, cancel it. The only code that writes them."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from leads.events import publish
from scoring import facts
from scoring.backtest.judging import Span
from scoring.backtest.running import Moves, Part, Stopped, run
from scoring.backtest.summary import summary
from scoring.compiler import NEVER
from scoring.definition import model_of
from scoring.events import BacktestQueued
from scoring.language import DAY, SECOND, Model
from scoring.models import Backtest, BacktestMove, ModelVersion
from scoring.services.versions import CannotPublish, check

State = Backtest.State
LEASE = timedelta(seconds=90)  # a chunk takes a second or two; a silent worker is dead after this
MOST_STARTS = 3


class WrongState(ValueError):
    """The backtest is not where this verb applies; says where it is."""


@transaction.atomic
def start_backtest(
    *,
    version: ModelVersion,
    actor: Any,
    against: ModelVersion | None = None,
    outcome: str = Backtest.Outcome.SQL,
    maturity_days: int = 30,
    since: date | None = None,
    capacity: int = 0,
) -> Backtest:
    """Puts a backtest of `version` in the queue, beside `against` if there is one.

    Raises CannotPublish for a definition with problems: what cannot be read cannot be tried.
    """
    for each in filter(None, (version, against)):
        found = check(each) if each.is_draft else []
        if found:
            raise CannotPublish(found)
    made = Backtest.objects.create(
        version=version,
        against_version=against,
        draft=model_of(version).to_data(),
        against=model_of(against).to_data() if against else None,
        outcome=outcome,
        maturity_days=maturity_days,
        since=since,
        until=database_now(),
        capacity=capacity,
        created_by=actor,
    )
    publish(BacktestQueued(backtest_id=made.pk))
    return made


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


@transaction.atomic
def cancel_backtest(*, backtest: Backtest, actor: Any) -> None:
    """The worker notices after the chunk it is at. Raises WrongState for one that has ended."""
    del actor  # the history of the row names who asked
    ended = Backtest.objects.filter(pk=backtest.pk, state__in=(State.QUEUED, State.RUNNING)).update(
        state=State.CANCELLED, finished_at=Now(), claimed_until=None
    )
    backtest.refresh_from_db()
    if not ended:
        raise WrongState(f"This backtest has ended already: {backtest.get_state_display().lower()}.")


def waiting() -> list[int]:
    return list(Backtest.objects.waiting().order_by("pk").values_list("pk", flat=True)[:20])


def work_on(backtest_id: int) -> None:
    """Runs a backtest from beginning to end. Of two workers one gets it; whoever dies is followed by another."""
    backtest = _take(backtest_id)
    if backtest is None:
        return
    try:
        _keep(backtest, _run(backtest))
    except Stopped:
        return
    except Exception:
        _fail(_ours(backtest), "Something went wrong on our side; the log says what. You can start it again.")
        raise


@transaction.atomic
def _take(backtest_id: int) -> Backtest | None:
    waiting = Backtest.objects.waiting().select_for_update(skip_locked=True)
    backtest = waiting.filter(pk=backtest_id).first()
    if backtest is None:
        return None
    if backtest.starts >= MOST_STARTS:
        _fail(waiting.filter(pk=backtest_id), f"The worker died {MOST_STARTS} times. You can start it again.")
        return None
    backtest.starts += 1
    Backtest.objects.filter(pk=backtest.pk).update(
        state=State.RUNNING, starts=backtest.starts, done_leads=0, claimed_until=Now() + LEASE
    )
    return backtest


def _ours(backtest: Backtest) -> Any:
    """Still running, and by this worker: a slow one that was given up finds somebody else's number of starts."""
    return Backtest.objects.filter(pk=backtest.pk, state=State.RUNNING, starts=backtest.starts)


def _run(backtest: Backtest) -> Part:
    def progress(done: int, total: int) -> bool:
        kept = _ours(backtest).update(done_leads=done, total_leads=total, claimed_until=Now() + LEASE)
        return bool(kept)

    return run(models_of(backtest), span_of(backtest), backtest.outcome, progress)


def models_of(backtest: Backtest) -> tuple[Model, ...]:
    return tuple(Model.from_data(data) for data in (backtest.draft, backtest.against) if data)


def span_of(backtest: Backtest) -> Span:
    since = -NEVER
    if backtest.since:
        start = datetime.combine(backtest.since, time.min, tzinfo=timezone.get_default_timezone())
        since = facts.microseconds(start)
    return Span(since, facts.microseconds(backtest.until), backtest.maturity_days * DAY * SECOND)


@transaction.atomic
def _keep(backtest: Backtest, part: Part) -> None:
    done = _ours(backtest).update(
        state=State.DONE,
        result=summary(part, models_of(backtest)),
        done_leads=part.leads,
        total_leads=part.leads,
        finished_at=Now(),
        claimed_until=None,
    )
    if done and part.compared:
        _, enters, leaves = part.compared
        kinds = ((BacktestMove.Kind.ENTERS, enters), (BacktestMove.Kind.LEAVES, leaves))
        for kind, moves in kinds:
            _keep_moves(backtest, kind, moves)


def _keep_moves(backtest: Backtest, kind: str, moves: Moves) -> None:
    BacktestMove.objects.bulk_create(
        [
            BacktestMove(backtest=backtest, lead_id=lead, kind=kind, at=facts.instant(at), reached=reached)
            for at, lead, reached in moves.rows
        ],
        batch_size=1000,
    )


def _fail(rows: Any, words: str) -> None:
    rows.update(state=State.FAILED, error=words, finished_at=Now(), claimed_until=None)
