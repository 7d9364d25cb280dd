"""A task for a person: asked for in the leads' own floor, where the inbox finds it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Organisation
from leads.models import Lead, OutreachTask
from leads.services.outreach import ask_for_outreach
from nurturing import hours, letters, merging
from nurturing.models import Enrolment, Visit
from nurturing.rendering import Sender
from nurturing.services.steps.moving import Batch, go_on, stay

KEY = "campaign:{run}:{step}"
WORKING = hours.Window(days=(0, 1, 2, 3, 4), opens=9 * 60, closes=17 * 60)


def ask(batch: Batch) -> None:
    """One task a run. With `wait` the run goes on when it is settled, or when the time for that is over."""
    settings = batch.step.settings
    runs = dict(Enrolment.objects.filter(pk__in=batch.fresh).values_list("pk", "lead"))
    people = Lead.objects.select_related("company").in_bulk(set(runs.values()))
    due, sender = _due(int(settings.get("days") or 0)), letters.sender_of(Organisation.current())
    ask_for_outreach(_task(batch, run, people[lead], due, sender) for run, lead in runs.items())
    if not settings.get("wait"):
        go_on(batch, batch.ids)
        return
    stay(batch, batch.fresh, Now() + timedelta(minutes=settings["minutes"]))
    _leave_settled(batch)


def _leave_settled(batch: Batch) -> None:
    """Those who came back: settled tasks say how, the others have waited long enough."""
    keys = {KEY.format(run=run, step=batch.step.key): run for run in batch.back}
    settled = OutreachTask.objects.filter(key__in=keys, settled_at__isnull=False)
    outcomes = {keys[key]: outcome for key, outcome in settled.values_list("key", "outcome")}
    for outcome in set(outcomes.values()):
        go_on(batch, [run for run, found in outcomes.items() if found == outcome], outcome=outcome)
    over = [run for run in batch.back if run not in outcomes]
    go_on(batch, over, outcome="skipped", words="The task was not settled in time.")


def wake(task_id: int) -> int:
    """A task was settled: the run that waits for it is due."""
    key = OutreachTask.objects.filter(pk=task_id).values_list("key", flat=True).first() or ""
    where, _, rest = key.partition(":")
    run, _, step = rest.partition(":")
    if where != "campaign" or not run.isdecimal():
        return 0
    waits = Visit.objects.filter(enrolment=int(run), step__key=step, left_at=None, until__isnull=False)
    return Enrolment.objects.active().filter(pk__in=waits.values("enrolment")).plan(Now())


def _task(batch: Batch, run: int, lead: Lead, due: datetime, sender: Sender) -> OutreachTask:
    settings = batch.step.settings
    values = letters.values_of(lead, sender)
    return OutreachTask(
        lead=lead,
        key=KEY.format(run=run, step=batch.step.key),
        source=str(batch.step.version.campaign)[:150],
        channel=settings["channel"],
        title=str(settings["title"])[:200],
        text=_written(str(settings.get("text") or ""), values),
        due_at=due,
    )


def _written(text: str, values: dict[str, object]) -> str:
    return merging.FIELD.sub(lambda field: merging.fill(field[0], values), text)


def _due(days: int) -> datetime:
    """In our own zone: whoever does it works there. Public holidays are not known here."""
    zone = hours.zone_of(Organisation.current().time_zone)
    return hours.working_days_after(timezone.now(), days, zone, WORKING)
