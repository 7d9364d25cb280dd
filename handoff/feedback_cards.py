"""What a feedback card shows: a form to whoever may answer, else what was said or who is asked."""

from __future__ import annotations

from typing import Any

from handoff.feedback_forms import FeedbackAnswers
from handoff.models import FeedbackRequest, Handoff
from handoff.services.feedback import may_change
from leads.models import Lead

SHOWN = 4  # beside a lead


def cards(subject: Handoff | Lead, user: Any) -> list[dict[str, Any]]:
    """Three queries, or one where nothing is asked yet."""
    rows = FeedbackRequest.objects.visible_to(user).shown()
    own = rows.filter(handoff=subject) if isinstance(subject, Handoff) else rows.filter(handoff__lead=subject)
    return [card(row, user) for row in own[:SHOWN]]


def card(row: FeedbackRequest, user: Any, *, data: Any = None, changing: bool = False) -> dict[str, Any]:
    changeable = may_change(row, user)
    asks = row.answerable_by(user) or (changeable and (changing or data is not None))
    return {
        "row": row,
        "changeable": changeable and not asks,
        "changing": asks and row.answered_at is not None,
        "form": FeedbackAnswers(data, row=row) if asks else None,
        "asks": asks,
        "said": [(each.question.text, _words(each)) for each in row.answers.all()],
    }


def _words(answer: Any) -> str:
    kind = answer.question.kind
    if kind == "rating":
        return f"{answer.value} of 5"
    return answer.value.capitalize() if kind == "yes_no" else answer.value
