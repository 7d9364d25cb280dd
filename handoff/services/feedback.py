"""Asking reps what a lead was worth, and keeping what they say.

A sweep asks by what has happened (an acceptance that took effect, a cycle that was won or lost), so no bell is
needed and none can be lost; the notifications' own sweep reminds.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from handoff.calendars import Calendar
from handoff.clock import database_now
from handoff.errors import CannotPutInForce, FeedbackGiven
from handoff.models import (
    FeedbackAnswer,
    FeedbackForm,
    FeedbackQuestion,
    FeedbackRequest,
    Handoff,
    Occasion,
    SlaPolicy,
)
from handoff.workdays import workdays_later

BATCH = 500
LATELY = timedelta(days=30)  # what happened before that is not asked about for the first time now
SINCE = {Occasion.ACCEPT: "accepted_at", Occasion.CLOSE: "cycle__closed_at"}
State = FeedbackForm.State


def ask(*, limit: int = BATCH) -> int:
    """Sweep: a request for each handoff that has none yet, due some working days after the fact."""
    forms = FeedbackForm.objects.filter(state=State.IN_FORCE)
    return sum(_ask(form, limit) for form in forms)


def _ask(form: FeedbackForm, limit: int) -> int:
    since = SINCE[Occasion(form.occasion)]
    asked = FeedbackRequest.objects.filter(handoff=OuterRef("pk"), occasion=form.occasion)
    waiting = _final(form.occasion).filter(~Exists(asked), **{f"{since}__gt": Now() - LATELY})
    calendar = Calendar.from_data(SlaPolicy.in_force().calendar.as_data())
    rows = [
        FeedbackRequest(
            handoff_id=pk,
            occasion=form.occasion,
            form=form,
            due_at=workdays_later(calendar, happened, form.after_days),
        )
        for pk, happened in waiting.order_by(since).values_list("pk", since)[:limit]
    ]
    FeedbackRequest.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)


def _final(occasion: str) -> QuerySet[Handoff]:
    """Answers that still may be undone, and leads that were passed on, are left out."""
    final = Handoff.objects.filter(accepted_at__isnull=False, settles_at=None, withdrawn_at=None)
    if occasion == Occasion.CLOSE:
        return final.filter(cycle__outcome__in=["lost", "customer"])
    return final


@transaction.atomic
def give_feedback(*, row: FeedbackRequest, values: Mapping[int, str], actor: Any) -> None:
    """`values` by question id, checked by the form. Given once: of two at the same moment one wins."""
    if not row.handoff.answerable_by(actor):
        raise PermissionDenied
    waiting = FeedbackRequest.objects.filter(pk=row.pk, answered_at=None)
    if not waiting.update(answered_at=Now(), answered_by=actor, rating=_rating(row, values)):
        row.refresh_from_db()
        who = row.answered_by or "Somebody"
        raise FeedbackGiven(f"{who} has answered already. Your answer was not saved; theirs stands.")
    _keep(row, values)


@transaction.atomic
def change_feedback(*, row: FeedbackRequest, values: Mapping[int, str], actor: Any) -> None:
    """By its author while it is young. The history keeps what stood there before."""
    own = FeedbackRequest.objects.visible_to(actor).filter(pk=row.pk, answered_by=actor)
    young = own.filter(answered_at__gt=Now() - FeedbackRequest.CHANGEABLE)
    if not young.update(rating=_rating(row, values)):
        raise FeedbackGiven("This was answered, and stands: only its author can change it, for a week.")
    _keep(row, values)


def may_change(row: FeedbackRequest, actor: Any) -> bool:
    if row.answered_at is None or row.answered_by_id != actor.pk:
        return False
    return database_now() - row.answered_at < FeedbackRequest.CHANGEABLE


def _keep(row: FeedbackRequest, values: Mapping[int, str]) -> None:
    """The row was updated before, so that two writers stand in line."""
    for question in row.form.questions.all():
        answers = FeedbackAnswer.objects.filter(request=row, question=question)
        value = values.get(question.pk, "")
        if not value:
            answers.delete()
        elif not answers.update(value=value):
            FeedbackAnswer.objects.create(request=row, question=question, value=value)


def _rating(row: FeedbackRequest, values: Mapping[int, str]) -> int | None:
    ratings = (each for each in row.form.questions.all() if each.kind == FeedbackQuestion.Kind.RATING)
    return next((int(values[each.pk]) for each in ratings if values.get(each.pk)), None)


def next_number(occasion: str) -> int:
    newest = FeedbackForm.objects.select_for_update().filter(occasion=occasion).order_by("-number").first()
    return newest.number + 1 if newest else 1


@transaction.atomic
def draft_from(form: FeedbackForm) -> FeedbackForm:
    """The next version, with the same questions to change."""
    draft = FeedbackForm.objects.create(
        occasion=form.occasion, number=next_number(form.occasion), after_days=form.after_days
    )
    for question in form.questions.all():
        question.pk, question.form = None, draft
        question.save(force_insert=True)
    return draft


@transaction.atomic
def put_in_force(form: FeedbackForm) -> None:
    """From now on this version is asked; what was asked before keeps its own. Raises CannotPutInForce."""
    versions = list(FeedbackForm.objects.select_for_update().filter(occasion=form.occasion))
    if next((each.state for each in versions if each.pk == form.pk), "") != State.DRAFT:
        raise CannotPutInForce(f"{form} is no draft. Make a draft from it first.")
    if not form.questions.filter(kind=FeedbackQuestion.Kind.RATING, required=True).exists():
        raise CannotPutInForce(f"{form} has no required rating, so there would be nothing to compare.")
    FeedbackForm.objects.filter(occasion=form.occasion, state=State.IN_FORCE).update(state=State.RETIRED)
    FeedbackForm.objects.filter(pk=form.pk).update(state=State.IN_FORCE)
