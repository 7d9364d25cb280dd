"""Versions of the definition of a qualified lead, with their groups and rules."""

from __future__ import annotations

from typing import ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from scoring.querysets import ModelVersionQuerySet

DEFINITION = (
    "number",
    "threshold",
    "fit_floor",
    "margin",
    *("fit_a", "fit_b", "fit_c"),
    *("engagement_1", "engagement_2", "engagement_3"),
)


def _definition_changed() -> pgtrigger.Q:
    """A version that was published once, and one of its numbers is about to differ."""
    differs = pgtrigger.Q()
    for field in DEFINITION:
        differs |= pgtrigger.Q(**{f"old__{field}__df": pgtrigger.F(f"new__{field}")})
    return ~pgtrigger.Q(old__state="draft") & differs


@pghistory.track()
class ModelVersion(models.Model):
    """One version of the definition. A draft is edited; once published it never changes again."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        PUBLISHED = "published", "Published"
        RETIRED = "retired", "Retired"

    number = models.PositiveIntegerField(unique=True)
    state = models.CharField(max_length=9, choices=State, default=State.DRAFT)
    note = models.CharField(max_length=300, blank=True, help_text="Why this version exists.")
    threshold = models.IntegerField("MQL line", default=65)
    fit_floor = models.IntegerField(default=0, help_text="Below this fit a lead does not qualify by points.")
    margin = models.PositiveIntegerField(default=5, help_text="A lead leaves only below line minus margin.")
    fit_a = models.IntegerField("fit A from", default=30)
    fit_b = models.IntegerField("fit B from", default=20)
    fit_c = models.IntegerField("fit C from", default=10)
    engagement_1 = models.IntegerField("engagement 1 from", default=45)
    engagement_2 = models.IntegerField("engagement 2 from", default=30)
    engagement_3 = models.IntegerField("engagement 3 from", default=15)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    published_at = models.DateTimeField(null=True, blank=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        verbose_name = "scoring version"
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"], condition=Q(state="published"), name="version_one_published"
            ),
        ]
        triggers: ClassVar = [
            pgtrigger.Protect(
                name="keep_version", operation=pgtrigger.Delete, condition=~pgtrigger.Q(old__state="draft")
            ),
            pgtrigger.Protect(
                name="freeze_version",
                operation=pgtrigger.Update,
                condition=_definition_changed(),
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"

    @property
    def is_draft(self) -> bool:
        return self.state == self.State.DRAFT


def _only_on_drafts(name: str, table: str) -> pgtrigger.Trigger:
    """Rows of a published version refuse every change, whoever asks: admin, shell or raw SQL."""
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("frozen", "boolean")],
        # The lock makes an edit and a publication wait for each other: whoever is second sees what the first did.
        func=(
            "PERFORM 1 FROM scoring_modelversion v WHERE v.id IN"
            " (CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END,"
            " CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END) FOR SHARE;"
            " SELECT EXISTS (SELECT 1 FROM scoring_modelversion v WHERE v.state <> 'draft' AND v.id IN"
            " (CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END,"
            " CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END))"
            " INTO frozen; IF frozen THEN RAISE EXCEPTION 'a published scoring version never changes'"
            " USING ERRCODE = 'restrict_violation'; END IF;"
            " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
        ),
    )


@pghistory.track()
class RuleGroup(models.Model):
    """Rules that share a floor and a ceiling."""

    class Axis(models.TextChoices):
        FIT = "fit", "Fit"
        ENGAGEMENT = "engagement", "Engagement"

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="groups")
    key = models.SlugField(max_length=40)
    name = models.CharField(max_length=100)
    axis = models.CharField(max_length=10, choices=Axis)
    minimum = models.IntegerField(default=-100)
    maximum = models.IntegerField(default=100)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "key"], name="group_key_unique")]
        triggers: ClassVar = [_only_on_drafts("freeze_group", "scoring_rulegroup")]

    def __str__(self) -> str:
        return self.name


@pghistory.track()
class Rule(models.Model):
    """One line of the definition, in the words of scoring.language; `key` stays the same across versions."""

    class Subject(models.TextChoices):
        BEHAVIOUR = "behaviour", "What a lead does"
        FIT = "fit", "Who a lead is"

    class Effect(models.TextChoices):
        POINTS = "points", "Gives or takes points"
        CRITICAL = "critical", "Qualifies at once"
        DISQUALIFY = "disqualify", "Excludes"

    class Aggregate(models.TextChoices):
        COUNT = "count", "How often"
        DISTINCT = "distinct", "How many different"
        SUM = "sum", "Seconds in all"

    class Mode(models.TextChoices):
        THRESHOLD = "threshold", "Points once, from a number on"
        EACH = "each", "Points each time"

    class Decay(models.TextChoices):
        NONE = "none", "Never fades"
        HALF_LIFE = "half_life", "Halves every so many days"
        EXPIRY = "expiry", "Gone after so many days"

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="rules")
    group = models.ForeignKey(RuleGroup, models.CASCADE, related_name="rules")
    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=150)
    subject = models.CharField(max_length=9, choices=Subject)
    effect = models.CharField(max_length=10, choices=Effect, default=Effect.POINTS)
    points = models.IntegerField(default=0)
    conditions = models.JSONField(
        default=list, blank=True, help_text='A list of {"field", "op", "value"}; all must hold.'
    )
    enabled = models.BooleanField(default=True)
    position = models.PositiveSmallIntegerField(default=0)
    activity = models.CharField(max_length=70, blank=True)
    aggregate = models.CharField(max_length=8, choices=Aggregate, default=Aggregate.COUNT)
    distinct_by = models.CharField(max_length=60, blank=True)
    window_hours = models.PositiveIntegerField(
        null=True, blank=True, help_text="Hours; empty means all time."
    )
    mode = models.CharField(max_length=9, choices=Mode, default=Mode.THRESHOLD)
    n = models.PositiveIntegerField(default=1)
    decay = models.CharField(max_length=9, choices=Decay, default=Decay.NONE)
    decay_days = models.PositiveIntegerField(null=True, blank=True)
    cap = models.PositiveIntegerField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["group__position", "position", "id"]
        constraints: ClassVar = [models.UniqueConstraint(fields=["version", "key"], name="rule_key_unique")]
        triggers: ClassVar = [_only_on_drafts("freeze_rule", "scoring_rule")]

    def __str__(self) -> str:
        return self.name
