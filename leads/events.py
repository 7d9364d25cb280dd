"""Facts this floor announces, and `publish`, which the floors above use for theirs.

An event carries ids only. config/reactions.py names the tasks that follow; a lost bell is found by a sweep.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from celery import current_app, signature
from django.conf import settings
from django.core.cache import cache
from django.db import transaction


@dataclass(frozen=True)
class LeadsTouched:
    """Some leads have new activities or field values; which ones stands in leads.Touch."""

    coalesced: ClassVar[bool] = True  # carries nothing, so a thousand rings may be one


@dataclass(frozen=True)
class LeadSuppressed:
    lead_id: int


@dataclass(frozen=True)
class ConsentChanged:
    lead_id: int


@dataclass(frozen=True)
class ConfirmationsAsked:
    """Some people get a mail that asks whether they meant it; which ones stands in leads.Confirmation."""

    coalesced: ClassVar[bool] = True


@dataclass(frozen=True)
class WishesConfirmed:
    """Mails that waited for nothing else may go."""

    lead_id: int


@dataclass(frozen=True)
class LeadDisqualified:
    lead_id: int


@dataclass(frozen=True)
class LeadsMerged:
    """One person after all; what the floors above keep about the loser is the winner's now."""

    lead_id: int
    loser_id: int


@dataclass(frozen=True)
class OutreachSettled:
    task_id: int


@dataclass(frozen=True)
class HitsJudged:
    """Verdicts on hits of mails took effect or changed; which ones stands in leads.Hit (`stale`)."""

    coalesced: ClassVar[bool] = True


@dataclass(frozen=True)
class HitRulesChanged:
    """Some hits have to be judged again; which ones stands in leads.Hit (`again`)."""

    coalesced: ClassVar[bool] = True


@dataclass(frozen=True)
class PersonAsked:
    request_id: int


@dataclass(frozen=True)
class ImportConfirmed:
    import_id: int


def publish(event: Any) -> None:
    """Wake the tasks that follow `event` once the transaction is saved. Never fails the caller."""
    app = type(event).__module__.partition(".")[0]
    for task in settings.REACTIONS[f"{app}.{type(event).__name__}"]:
        # Named, because Django writes the name of what failed into its log, and a `partial` has none.
        def ring(task: str = task) -> None:
            _ring(task, event)

        transaction.on_commit(ring, robust=True)


def heard(task: str) -> None:
    """A coalesced bell's task says so first of all; whoever rings later gets a run of their own.

    Rows are saved before the bell rings, so the run that starts now sees those of every ring it swallowed.
    """
    cache.delete(_bell(task))


def _ring(task: str, event: Any) -> None:
    if getattr(event, "coalesced", False) and not cache.add(
        _bell(task), 1, timeout=2
    ):  # seconds, in case that run is lost
        return
    signature(task, kwargs=asdict(event), app=current_app).delay()


def _bell(task: str) -> str:
    return f"bell:{task}"
