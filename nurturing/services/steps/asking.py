"""What leads did and what they are: the questions of conditions and of waits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection
from django.db.models import Q

from leads.models import ActivityShape
from nurturing import segments
from nurturing.models import Enrolment, Message, Segment, Step
from nurturing.services.steps.moving import Batch, go_on
from scoring import language
from scoring.conditions import Verdict, verdict

HAPPENED = """
SELECT run.id FROM nurturing_enrolment run
LEFT JOIN nurturing_visit visit ON visit.enrolment_id = run.id AND visit.step_id = %s
WHERE run.id = ANY(%s) AND EXISTS (
    SELECT 1 FROM leads_activity deed
    WHERE deed.lead_id = run.lead_id AND deed.shape_id = ANY(%s) AND deed.seconds >= %s
      AND deed.occurred_at >= {since})
"""


def ask(batch: Batch) -> None:
    question = batch.step.settings.get("ask") or {}
    yes = meets(batch.step, question, batch.ids)
    go_on(batch, [pk for pk in batch.ids if pk in yes], "yes")
    go_on(batch, [pk for pk in batch.ids if pk not in yes], "no")


def meets(step: Step, question: Mapping[str, Any], ids: Sequence[int]) -> set[int]:
    """Which of these runs' leads meet it now. What happened counts since the run began."""
    if "mail" in question or "activity" in question:
        return happened(step, question, ids, since="run.enrolled_at")
    leads = dict(Enrolment.objects.filter(pk__in=ids).values_list("pk", "lead"))
    found = _found(question, leads.values())
    return {pk for pk, lead in leads.items() if lead in found}


def happened(step: Step, event: Mapping[str, Any], ids: Sequence[int], since: str = "visit.at") -> set[int]:
    """Which of these runs' leads did it: since they came to this step, or since the start of the run."""
    if "mail" in event:
        return _answered(event, ids)
    shapes = _shapes(event)
    if not shapes or not ids:
        return set()
    with connection.cursor() as cursor:
        values: list[Any] = [step.pk, list(ids), shapes, int(event.get("seconds") or 0)]
        cursor.execute(HAPPENED.replace("{since}", since), values)
        return {row[0] for row in cursor.fetchall()}


def _answered(event: Mapping[str, Any], ids: Sequence[int]) -> set[int]:
    """A person's open or click; machines leave no such mark. A click is an open, too."""
    did = Q(clicked_at__isnull=False)
    if event.get("did") == "open":
        did |= Q(opened_at__isnull=False)
    mails = Message.objects.filter(did, enrolment__in=ids, step__key=event["mail"])
    return set(mails.values_list("enrolment", flat=True))


def _shapes(event: Mapping[str, Any]) -> list[int]:
    """Conditions are asked of the shapes, of which there are few, not of the activities."""
    conditions = [language.Condition.from_data(row) for row in event.get("where") or []]
    known = ActivityShape.objects.filter(kind=event.get("activity", ""), machine=False)
    return [
        pk
        for pk, props in known.values_list("pk", "props")
        if all(verdict(each, props.get(each.field)) >= Verdict.LOOSE for each in conditions)
    ]


def _found(question: Mapping[str, Any], leads: Iterable[int]) -> set[int]:
    if "segment" not in question:
        return segments.matches(question.get("conditions") or [], leads)
    members = segments.members(Segment.objects.get(pk=question["segment"]))
    return set(members.filter(pk__in=leads).values_list("pk", flat=True))
