"""Verbs about what people send: kept as it came, then read. What could not be read is read again later.

    receive -> [who is it, fields, consents, activity]        replay: the same with today's version

Everything in one transaction but the reading itself, which may fail by itself: the raw submission stays.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import timezone

from leads.form_questions import ORIGIN, Answers, Definition, read_answers, words
from leads.models import Consent, FieldSource, FormVersion, Identity, Lead, Submission, Topic
from leads.services import confirmations, people
from leads.services.activities import record_activity
from leads.services.consents import Origin
from leads.services.forms import custom_types, version_in_force
from leads.services.identity import MergeRefused, Sender, resolve
from leads.services.merges import holder

logger = logging.getLogger(__name__)
State = Submission.State
TOPICS_SAID = "topics"  # in the context: what was ticked has been recorded


@dataclass(frozen=True)
class Posted:
    """`shown`: the questions the sender saw, None for a foreign form. `topics`: ids that were ticked."""

    raw: Mapping[str, str]
    key: uuid.UUID
    shown: tuple[str, ...] | None = None
    topics: tuple[int, ...] = ()
    context: Mapping[str, Any] = field(default_factory=dict)
    ip: str | None = None
    lead: Lead | None = None  # whom this browser is known to belong to


def answers_of(version: FormVersion, posted: Posted) -> Answers:
    definition = Definition.from_data(version.definition)
    found = read_answers(definition, posted.raw, posted.shown, custom_types(), mapped=posted.shown is None)
    if posted.lead and posted.lead.email and "email" not in found.values:
        found.values["email"] = posted.lead.email
        found.errors.pop("email", None)
    return found


def receive(*, version: FormVersion, posted: Posted, answers: Answers) -> tuple[Submission, bool]:
    """The submission, and whether it is new. Saved when it returns, whatever became of the reading."""
    context = {**posted.context, TOPICS_SAID: list(posted.topics)}
    with transaction.atomic():
        row, new = Submission.objects.get_or_create(
            key=posted.key,
            defaults={
                "form_id": version.form_id, "version": version, "state": State.FAILED, "raw": dict(posted.raw),
                "shown": list(posted.shown) if posted.shown is not None else None, "context": context,
                "ip": posted.ip, "lead": posted.lead,
            },
        )  # fmt: skip
        if new:
            _read(row, answers)
    return row, new


def keep_refused(*, version: FormVersion, posted: Posted, answers: Answers) -> Submission:
    """A foreign form sent what cannot be read: nothing is lost, and a mended mapping reads it."""
    why = dict.fromkeys(answers.errors, "Its value could not be read.")
    return _keep(version, posted, State.REFUSED, {**answers.dropped, **why})


def keep_spam(*, version: FormVersion, posted: Posted) -> Submission:
    return _keep(version, posted, State.SPAM, {})


def _keep(version: FormVersion, posted: Posted, state: str, dropped: dict[str, str]) -> Submission:
    return Submission.objects.get_or_create(
        key=posted.key,
        defaults={
            "form_id": version.form_id, "version": version, "state": state, "raw": dict(posted.raw),
            "context": dict(posted.context), "ip": posted.ip, "dropped": dropped, "read_at": timezone.now(),
        },
    )[0]  # fmt: skip


@transaction.atomic
def replay(*, submission: Submission) -> Submission:
    """Read it once more with the version in force. Nothing is told twice; a field keeps what is newer."""
    row = Submission.objects.select_for_update(of=("self",)).select_related("form").get(pk=submission.pk)
    version = version_in_force(row.form) or row.version
    definition = Definition.from_data(version.definition)
    found = read_answers(definition, row.raw, row.shown, custom_types(), mapped=row.shown is None)
    known = holder(row.lead).email if row.lead else None
    if known:
        found.values.setdefault("email", known)
    if "email" not in found.values:
        Submission.objects.filter(pk=row.pk).update(
            state=State.REFUSED, dropped=_dropped(found), read_at=timezone.now()
        )
    else:
        _read(row, found)
    row.refresh_from_db()
    return row


def read_failed(*, limit: int = 100) -> int:
    """What failed for a passing reason; how many are in now."""
    rows = Submission.objects.filter(state=State.FAILED).order_by("pk")[:limit]
    return sum(replay(submission=row).state == State.TAKEN for row in rows)


def _read(row: Submission, answers: Answers) -> None:
    try:
        with transaction.atomic():
            _take_in(row, answers)
    except (MergeRefused, DatabaseError, people.BadFields) as error:
        logger.warning("submission %s is read again later: %s", row.pk, type(error).__name__)


def _take_in(row: Submission, answers: Answers) -> None:
    lead = _lead(row, answers.values["email"])
    people.update_fields(lead=lead, values=answers.values, source=FieldSource.FORM, at=row.at)
    lead.refresh_from_db()
    _record_consents(row, lead)
    _record_activity(row, lead)
    row.lead, row.state, row.taken = lead, State.TAKEN, answers.values
    row.dropped, row.read_at = _dropped(answers), timezone.now()
    row.save(update_fields=["lead", "state", "taken", "dropped", "read_at", "context"])


def _lead(row: Submission, email: str) -> Lead:
    """The address decides; the visitor's earlier pages join them."""
    names = [(Identity.Kind.EMAIL.value, email.lower())]
    if visitor := row.context.get("visitor"):
        names.append((Identity.Kind.VISITOR.value, visitor))
    (lead_id,) = resolve([Sender(tuple(names), row.at)])
    return holder(Lead.objects.get(pk=lead_id))


def _record_consents(row: Submission, lead: Lead) -> None:
    """Once, in the words of the version its sender saw."""
    said = row.context.get(TOPICS_SAID) or []
    definition = Definition.from_data(row.version.definition)
    topics = list(Topic.objects.filter(pk__in=set(said) & set(definition.topics)))
    if not topics or row.context.get("consented"):
        return
    evidence = {"form": row.form.slug, "submission": row.key.hex, "page": row.context.get("page", "")}
    asked = confirmations.record_wish(
        lead=lead,
        topics=topics,
        wording=f"{words(definition.consent, row.context.get('language', ''))} {_names(topics)}",
        version=f"{row.form.slug} {row.version.number}"[:60],
        origin=Origin(Consent.Source.FORM, ip=row.ip, evidence=evidence),
    )
    row.context = {**row.context, "consented": asked.outcome.value}


def _names(topics: list[Topic]) -> str:
    return "; ".join(
        f"{topic.name}: {topic.description}" if topic.description else topic.name for topic in topics
    )


def _record_activity(row: Submission, lead: Lead) -> None:
    context = {name: row.context[name] for name in (*ORIGIN, "referrer") if row.context.get(name)}
    page = {"url": row.context["page"]} if row.context.get("page") else {}
    props = {"form": row.form.slug, "name": row.form.name, "version": row.version.number, **page, **context}
    record_activity(
        lead=lead, kind="form_submit", occurred_at=row.at, props=props, message_id=f"form {row.key.hex}"
    )


def _dropped(answers: Answers) -> dict[str, str]:
    return {**answers.dropped, **dict.fromkeys(answers.errors, "Its value could not be read.")}
