"""What reps are asked about a lead, when, and what they said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from handoff.feedback_querysets import FeedbackQuerySet
from handoff.models.handoffs import Handoff


class Occasion(models.TextChoices):
    ACCEPT = "accept", "After accepting"
    CLOSE = "close", "After won or lost"


def _only_on_drafts() -> pgtrigger.Trigger:
    """Questions of a version that was asked once refuse every change, whoever tries: answers must stay readable."""
    return pgtrigger.Trigger(
        name="freeze_question",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("frozen", "boolean")],
        func=(
            "SELECT EXISTS (SELECT 1 FROM handoff_feedbackform f WHERE f.state <> 'draft' AND f.id IN"
            " (CASE WHEN TG_OP <> 'DELETE' THEN NEW.form_id END,"
            " CASE WHEN TG_OP <> 'INSERT' THEN OLD.form_id END))"
            " INTO frozen; IF frozen THEN RAISE EXCEPTION 'a form that was in force never changes'"
            " USING ERRCODE = 'restrict_violation'; END IF;"
            " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
        ),
    )


@pghistory.track()
class FeedbackForm(models.Model):
    """One version of the questions of one occasion. Drafts are edited; what was in force never changes."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        IN_FORCE = "in_force", "In force"
        RETIRED = "retired", "Retired"

    occasion = models.CharField(max_length=6, choices=Occasion)
    number = models.PositiveIntegerField("version", editable=False)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT, editable=False)
    after_days = models.PositiveSmallIntegerField(
        "asked after, working days", default=5, validators=[MaxValueValidator(60)]
    )

    class Meta:
        ordering: ClassVar = ["occasion", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["occasion", "number"], name="feedback_form_version"),
            models.UniqueConstraint(
                fields=["occasion"], condition=Q(state="in_force"), name="feedback_form_one_in_force"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_occasion_display()}, version {self.number}"

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT


@pghistory.track()
class FeedbackQuestion(models.Model):
    class Kind(models.TextChoices):
        RATING = "rating", "Rating 1 to 5"
        CHOICE = "choice", "One of several"
        YES_NO = "yes_no", "Yes or no"
        TEXT = "text", "Text"

    form = models.ForeignKey(FeedbackForm, models.CASCADE, related_name="questions")
    position = models.PositiveSmallIntegerField("order", default=0)
    kind = models.CharField(max_length=6, choices=Kind)
    text = models.CharField("question", max_length=200)
    choices = ArrayField(
        models.CharField(max_length=80),
        default=list,
        blank=True,
        help_text="For one of several, with commas between.",
    )
    required = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        triggers: ClassVar = [_only_on_drafts()]

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        if self.kind == self.Kind.CHOICE and len(set(self.choices or [])) < 2:
            raise ValidationError({"choices": "Give at least two different answers to choose from."})
        if self.kind != self.Kind.CHOICE and self.choices:
            raise ValidationError({"choices": "Only “one of several” has answers to choose from."})


@pghistory.track()
class FeedbackRequest(models.Model):
    """One handoff is asked about once an occasion; the unique key makes a second sweep harmless."""

    CHANGEABLE = timedelta(days=7)

    handoff = models.ForeignKey(Handoff, models.CASCADE, related_name="feedback")
    occasion = models.CharField(max_length=6, choices=Occasion)
    form = models.ForeignKey(FeedbackForm, models.PROTECT, related_name="requests")
    due_at = models.DateTimeField(help_text="When it is asked, some working days later.")
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    rating = models.PositiveSmallIntegerField(
        null=True, help_text="The answer to the first rating asked for."
    )

    objects = FeedbackQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["handoff", "occasion"], name="feedback_once_an_occasion"),
            models.CheckConstraint(
                condition=Q(rating=None) | Q(rating__gte=1, rating__lte=5), name="feedback_rating_range"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="feedback_due_idx", condition=Q(answered_at=None)),
            models.Index(
                fields=["occasion", "-answered_at"],
                name="feedback_given_idx",
                condition=Q(answered_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Feedback on handoff {self.handoff_id}, {self.get_occasion_display().lower()}"

    def answerable_by(self, user: Any) -> bool:
        """The first answer: by the rep, or by whoever leads sales for them."""
        return self.answered_at is None and self.handoff.answerable_by(user)


@pghistory.track()
class FeedbackAnswer(models.Model):
    """One answer; the history keeps what stood here before it was changed."""

    request = models.ForeignKey(FeedbackRequest, models.CASCADE, related_name="answers")
    question = models.ForeignKey(FeedbackQuestion, models.PROTECT, related_name="+")
    value = models.CharField(max_length=1000)

    class Meta:
        ordering: ClassVar = ["question__position", "question_id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["request", "question"], name="feedback_one_answer")
        ]

    def __str__(self) -> str:
        return self.value
