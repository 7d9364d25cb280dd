"""What the demo company's reps said: most answers are in, some questions wait, and a few opinions were wrong."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F, QuerySet

from handoff.models import FeedbackAnswer, FeedbackForm, FeedbackQuestion, FeedbackRequest, Handoff, Occasion
from handoff.services.feedback import ask

SEED = 9
ANSWERED_SHARE = 0.85
WORDS = ("Knew our prices already.", "Polite, but no date.", "Wants a pilot first.", "Asked for a reference.")


def load(*, now: datetime) -> int:
    """Past hand-offs get the question they would have been asked then; those of today the sweep asks."""
    dice = random.Random(SEED)  # noqa: S311  a story needs dice, not secrets
    forms = FeedbackForm.objects.filter(state=FeedbackForm.State.IN_FORCE).prefetch_related("questions")
    given = sum(_answers(form, dice, now) for form in forms)
    ask()
    return given


def _answers(form: FeedbackForm, dice: random.Random, now: datetime) -> int:
    rows = []
    for handoff in _asked(form, now).select_related("rep", "cycle"):
        if dice.random() < ANSWERED_SHARE:
            rows.append(_request(form, handoff, dice, now))
    FeedbackRequest.objects.bulk_create(rows)
    questions = list(form.questions.all())
    said = [_answer(row, each, dice) for row in rows for each in questions]
    FeedbackAnswer.objects.bulk_create(answer for answer in said if answer.value)
    return len(rows)


def _asked(form: FeedbackForm, now: datetime) -> QuerySet[Handoff]:
    ended = form.occasion == Occasion.CLOSE
    rows = Handoff.objects.filter(accepted_at__isnull=False, withdrawn_at=None).order_by("pk")
    rows = rows.filter(cycle__outcome__in=["lost", "customer"]) if ended else rows
    rows = rows.annotate(since=F("cycle__closed_at") if ended else F("accepted_at"))
    return rows.filter(since__lt=now - timedelta(days=2 * form.after_days + 2))


def _request(form: FeedbackForm, handoff: Handoff, dice: random.Random, now: datetime) -> FeedbackRequest:
    due = handoff.since + timedelta(days=form.after_days)  # type: ignore[attr-defined]
    return FeedbackRequest(
        handoff=handoff,
        occasion=form.occasion,
        form=form,
        due_at=due,
        answered_at=min(due + timedelta(hours=dice.randrange(1, 40)), now),
        answered_by=handoff.rep,
        rating=dice.choices((1, 2, 3, 4, 5), _weights(handoff))[0],
    )


def _weights(handoff: Handoff) -> tuple[int, ...]:
    """Reps are right more often than not."""
    return {"customer": (1, 2, 4, 9, 8), "lost": (4, 7, 8, 5, 2)}.get(handoff.cycle.outcome, (1, 3, 6, 7, 3))


def _answer(row: FeedbackRequest, question: FeedbackQuestion, dice: random.Random) -> FeedbackAnswer:
    good = (row.rating or 0) >= 3
    values: dict[str, Any] = {
        "rating": str(row.rating),
        "choice": dice.choice(question.choices[:2] if good else question.choices[1:])
        if question.choices
        else "",
        "yes_no": "yes" if good else "no",
        "text": dice.choice([*WORDS, "", "", ""]),
    }
    return FeedbackAnswer(request=row, question=question, value=values[question.kind])
