"""Publishing at an instant, and what follows a publication: everybody is scored, and it is known when that is done."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now

from scoring.models import ModelVersion, Publication
from scoring.services import approvals, keeping
from scoring.services.versions import CannotPublish, NotADraft, locked, put_in_force

State = Publication.State
LOCK = 0x5C0  # names the one rescore that runs, among all advisory locks


class CannotSchedule(ValueError):
    """The instant is over, or the draft waits for one already; the message says which."""


class NotWaiting(Exception):
    """It was published, cancelled or blocked first."""


@transaction.atomic
def schedule(
    *, version: ModelVersion, at: datetime, actor: Any, mode: str, per_hour: int | None = None
) -> Publication:
    """Publishes the draft, as it stands then, at an instant. Raises CannotSchedule, and what `publish` raises."""
    version = locked(version)
    approvals.demand(version)
    if at <= keeping.rows.database_now():
        raise CannotSchedule("That instant is over. Choose a later one, or publish now.")
    if Publication.objects.waiting().filter(version=version).exists():
        raise CannotSchedule("This draft has a date already. Cancel that one first.")
    return Publication.objects.create(
        version=version, due_at=at, mode=mode, per_hour=per_hour, requested_by=actor
    )


def cancel(*, publication: Publication, actor: Any) -> None:
    """Raises NotWaiting."""
    won = (
        Publication.objects.waiting()
        .filter(pk=publication.pk)
        .update(state=State.CANCELLED, settled_at=Now(), settled_by=actor)
    )
    if not won:
        raise NotWaiting("Too late: it was published, cancelled or blocked before.")


def publish_due() -> int:
    """What is due comes into force, or is blocked with the reason; each once, however many do this."""
    done = 0
    while _publish_next():
        done += 1
    return done


@transaction.atomic
def _publish_next() -> bool:
    plan = Publication.objects.due().select_for_update(skip_locked=True).first()
    if plan is None:
        return False
    try:
        with transaction.atomic():
            version = locked(plan.version)
            approvals.demand(version)
            put_in_force(
                version=version, actor=plan.requested_by, mode=plan.mode, per_hour=plan.per_hour, plan=plan
            )
    except (CannotPublish, NotADraft, approvals.NotApproved) as error:
        Publication.objects.filter(pk=plan.pk).update(
            state=State.BLOCKED, settled_at=Now(), words=str(error)[:1000]
        )
    return True


def rescore(version_id: int) -> bool:
    """Scores everybody under a version that came into force. False when another one does, or nothing is to do.

    The lock belongs to the connection, so that of a killed worker it goes with it.
    """
    publication = Publication.objects.rescoring().filter(version=version_id).first()
    if publication is None or not _locked():
        return False
    try:
        keeping.rescore_all()
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])
    return bool(Publication.objects.filter(pk=publication.pk, rescored_at=None).update(rescored_at=Now()))


def _locked() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        return cursor.fetchone()[0]


def rescore_missed() -> bool:
    """Sweep: the bell of a publication was not heard, or whoever heard it died."""
    missed = Publication.objects.rescoring().values_list("version_id", flat=True).first()
    return missed is not None and rescore(missed)
