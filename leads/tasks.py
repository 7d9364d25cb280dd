"""Shells around the services of this floor."""

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from leads import partitions
from leads.events import ImportConfirmed, PersonAsked, heard, publish
from leads.models import MessageKey
from leads.services import hits, imports, opt_outs, person_requests, submissions, verdicts

AHEAD = 3  # months made before they are needed
REMEMBER = timedelta(
    days=90
)  # a message that comes again later than this counts twice; SDKs give up in hours
PURGE_AT_ONCE = 50_000


@shared_task(soft_time_limit=60)
def ensure_partitions() -> None:
    """Make the months to come, so that no visitor waits for a new table."""
    now = timezone.now()
    partitions.ensure(now + timedelta(days=30 * month) for month in range(AHEAD + 1))


@shared_task(soft_time_limit=120)
def purge_message_keys() -> None:
    """Forget message ids that nobody will send again; the rest waits for the next run."""
    old = MessageKey.objects.filter(received_at__lt=timezone.now() - REMEMBER)
    MessageKey.objects.filter(pk__in=old.values("pk")[:PURGE_AT_ONCE]).delete()


@shared_task
def run_import(import_id: int) -> None:
    """Check or run an import for some minutes; what is left is for another task, after others had their turn."""
    if imports.work_on(import_id):
        publish(ImportConfirmed(import_id=import_id))


@shared_task
def sweep_imports() -> None:
    """Find imports whose bell was lost or whose worker died."""
    for import_id in imports.waiting():
        publish(ImportConfirmed(import_id=import_id))


@shared_task(time_limit=1800, soft_time_limit=1700)  # seconds; it reads tables and files through
def answer_person(request_id: int) -> None:
    """Copies what we hold on somebody, or erases it."""
    person_requests.work_on(request_id)


@shared_task(soft_time_limit=60)
def sweep_person_requests() -> None:
    """Find requests whose bell was lost or whose worker died, and delete copies nobody may fetch any more."""
    for request_id in person_requests.waiting():
        publish(PersonAsked(request_id=request_id))
    person_requests.forget_copies()


@shared_task(time_limit=3600, soft_time_limit=3500)  # seconds; it reads every activity of some kinds
def heed_missed_opt_outs() -> None:
    """Suppress who said no while nobody listened; the rest is heeded as it arrives."""
    opt_outs.heed_missed()


@shared_task
def judge_again() -> None:
    """After a rule for machines or people came, changed or went."""
    heard("leads.tasks.judge_again")
    verdicts.judge_again()


@shared_task(soft_time_limit=120)
def forget_hits() -> None:
    hits.forget_old()


@shared_task(soft_time_limit=60)
def read_failed_submissions() -> None:
    """What people sent while something stood in the way."""
    submissions.read_failed()
