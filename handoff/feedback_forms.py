"""The questions of one feedback form as fields; names are ids, so a version's answers never mix with another's."""

from __future__ import annotations

from typing import Any

from django import forms

from handoff.models import FeedbackQuestion, FeedbackRequest

Kind = FeedbackQuestion.Kind
RATINGS = [("1", "1, poor"), ("2", "2"), ("3", "3"), ("4", "4"), ("5", "5, excellent")]
YES_NO = [("yes", "Yes"), ("no", "No")]
LONGEST = 1_000


class FeedbackAnswers(forms.Form):
    """What was said before stands in it, so that its author can change it."""

    def __init__(self, data: Any = None, *, row: FeedbackRequest) -> None:
        said = {f"q{answer.question_id}": answer.value for answer in row.answers.all()}
        super().__init__(data, initial=said, auto_id=f"id_feedback{row.pk}_%s")
        self.questions = list(row.form.questions.all())
        self.fields |= {f"q{question.pk}": _field(question) for question in self.questions}

    @property
    def first_id(self) -> str:
        """Where the key F leads to."""
        first = next(iter(self), None)
        return first.id_for_label or f"{first.auto_id}_0" if first else ""

    @property
    def values(self) -> dict[int, str]:
        return {row.pk: self.cleaned_data.get(f"q{row.pk}", "").strip() for row in self.questions}


def _field(question: FeedbackQuestion) -> forms.Field:
    said: dict[str, Any] = {"label": question.text, "required": question.required}
    if question.kind == Kind.TEXT:
        area = forms.Textarea(attrs={"rows": 2, "class": "input"})
        return forms.CharField(max_length=LONGEST, widget=area, **said)
    choices = {
        Kind.RATING: RATINGS,
        Kind.YES_NO: YES_NO,
        Kind.CHOICE: [(choice, choice) for choice in question.choices],
    }[Kind(question.kind)]
    return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **said)
