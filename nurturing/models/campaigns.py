"""Campaigns, the versions of their steps, and the steps."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from leads.models import Topic
from nurturing import kinds
from nurturing.models.segments import Segment
from nurturing.querysets import MarketingQuerySet
from nurturing.quiet import EVERY_DAY, Hours


def every_day() -> list[int]:
    return list(EVERY_DAY)


@pghistory.track()
class Campaign(models.Model):
    """A nurture programme: one segment, a line of steps, a goal that ends it."""

    class State(models.TextChoices):
        DRAFT = "draft", "Draft"
        ACTIVE = "active", "Running"
        PAUSED = "paused", "Paused"
        ENDED = "ended", "Ended"

    class Goal(models.TextChoices):
        MQL = "mql", "Becomes an MQL"
        DEMO = "demo_request", "Asks for a demo"
        CLICK = "email_click", "Clicks in a mail"

    class DoubtPolicy(models.TextChoices):
        RATHER_NONE = "rather_none", "Rather not at all: a person decides"
        RATHER_TWICE = "rather_twice", "Rather twice: it is sent again"

    class Priority(models.IntegerChoices):
        HIGHEST = 1, "1, most important"
        HIGH = 2, "2"
        NORMAL = 3, "3, usual"
        LOW = 4, "4"
        LOWEST = 5, "5, least important"

    class LatePolicy(models.TextChoices):
        SKIP = "skip", "Skip it and go on"
        SPREAD = "spread", "Send it late, spread over the next hours"

    name = models.CharField(max_length=150, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="campaigns")
    goal = models.CharField(max_length=20, choices=Goal, default=Goal.MQL)
    topic = models.ForeignKey(
        Topic,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="campaigns",
        help_text="What its mails are about. Whoever refused that gets none of them.",
    )
    cool_down_days = models.PositiveSmallIntegerField(
        default=30, help_text="Days after which a recycled lead may go through it again."
    )
    doubt_policy = models.CharField(
        max_length=12,
        choices=DoubtPolicy,
        default=DoubtPolicy.RATHER_NONE,
        db_default=DoubtPolicy.RATHER_NONE,
        help_text="For a mail of which nobody knows whether it arrived.",
    )
    priority = models.PositiveSmallIntegerField(
        choices=Priority,
        default=Priority.NORMAL,
        db_default=Priority.NORMAL,
        help_text="When a lead may get one more mail and several are due, the more important one goes.",
    )
    holdout_percent = models.PositiveSmallIntegerField(
        "hold-out, in percent",
        default=0,
        db_default=0,
        validators=[MaxValueValidator(50)],
        help_text="Drawn when they would enter: they get no mail, so that you see what the campaign changes.",
    )
    starts_at = models.DateTimeField("not before", null=True, blank=True, help_text="Nobody enters earlier.")
    ends_at = models.DateTimeField(
        "ends at", null=True, blank=True, help_text="From then on nothing is sent and everybody leaves."
    )
    send_days = ArrayField(models.PositiveSmallIntegerField(), default=every_day, blank=True)
    send_from = models.TimeField(null=True, blank=True, help_text="On the lead's own clock.")
    send_until = models.TimeField(null=True, blank=True)
    late_hours = models.PositiveSmallIntegerField(
        default=24,
        db_default=24,
        validators=[MinValueValidator(1), MaxValueValidator(720)],
        help_text="A mail that is due longer ago is late.",
    )
    late_policy = models.CharField(
        max_length=6, choices=LatePolicy, default=LatePolicy.SPREAD, db_default=LatePolicy.SPREAD
    )
    paused_because = models.CharField(
        max_length=300, blank=True, default="", db_default="", help_text="Why Tandem paused it by itself."
    )
    complaints_from = models.DateTimeField(null=True, help_text="Complaints before it were looked at.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True)

    objects = MarketingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(send_from=None, send_until=None)
                | Q(send_from__isnull=False, send_until__isnull=False),
                name="campaign_hours_whole",
            ),
            models.CheckConstraint(
                condition=Q(starts_at=None) | Q(ends_at=None) | Q(starts_at__lt=models.F("ends_at")),
                name="campaign_window_order",
            ),
            models.CheckConstraint(condition=Q(priority__range=(1, 5)), name="campaign_priority_range"),
            models.CheckConstraint(condition=Q(holdout_percent__lte=50), name="campaign_hold_out_range"),
        ]

    def __str__(self) -> str:
        return self.name

    def takes_people(self, at: datetime) -> bool:
        """Its start has come and its end has not."""
        return (self.starts_at is None or self.starts_at <= at) and (
            self.ends_at is None or at < self.ends_at
        )

    @property
    def hours(self) -> Hours | None:
        """Its own sending hours, within those of the organisation."""
        if self.send_from is None or self.send_until is None:
            return None
        return Hours(tuple(self.send_days), self.send_from, self.send_until)

    @property
    def goal_words(self) -> str:
        """For the middle of a sentence: "becomes an MQL"."""
        label = str(self.get_goal_display())
        return label[:1].lower() + label[1:]


@pghistory.track()
class CampaignVersion(models.Model):
    """The steps as they were when the campaign was activated. Enrolments stay with theirs."""

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    frozen_at = models.DateTimeField(null=True, help_text="Empty while it is being edited.")

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["campaign", "number"], name="campaign_version_unique"),
            models.UniqueConstraint(
                fields=["campaign"], condition=Q(frozen_at=None), name="campaign_one_draft"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign}, version {self.number}"


def _only_on_drafts() -> pgtrigger.Trigger:
    """Steps of a frozen version refuse every change: mails already sent must stay explainable."""
    return pgtrigger.Trigger(
        name="freeze_step",
        when=pgtrigger.Before,
        operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
        declare=[("frozen", "boolean")],
        func=(
            "SELECT EXISTS (SELECT 1 FROM nurturing_campaignversion v WHERE v.frozen_at IS NOT NULL AND v.id IN"
            " (CASE WHEN TG_OP <> 'DELETE' THEN NEW.version_id END,"
            " CASE WHEN TG_OP <> 'INSERT' THEN OLD.version_id END))"
            " INTO frozen; IF frozen THEN RAISE EXCEPTION 'a frozen campaign version never changes'"
            " USING ERRCODE = 'restrict_violation'; END IF;"
            " IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW;"
        ),
    )


@pghistory.track()
class Step(models.Model):
    """One block of a campaign. Steps form nested lists: `parent` and `branch` say in which, `position` where.

    After the last step of a branch the run goes on behind the parent. What the kinds mean: nurturing.kinds.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        WAIT = "wait", "Wait"
        EVENT = "event", "Wait until"
        CONDITION = "condition", "Condition"
        SPLIT = "split", "Split"
        TASK = "task", "Task"
        WEBINAR = "webinar", "Webinar invitation"
        AUDIENCE = "audience", "Ad audience"
        WEBHOOK = "webhook", "Webhook"
        FIELD = "field", "Change a field"
        POINTS = "points", "Points"
        HANDOFF = "handoff", "Hand off"
        START = "start", "Start another campaign"
        EXIT = "exit", "Leave the campaign"

    version = models.ForeignKey(CampaignVersion, models.CASCADE, related_name="steps")
    key = models.UUIDField(default=uuid.uuid4, help_text="The same step in every version of its campaign.")
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True, related_name="children")
    branch = models.CharField(max_length=12, blank=True, help_text="Which branch of the parent.")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=Kind)
    settings = models.JSONField(
        default=dict, blank=True, help_text="What the kind asks for: nurturing.kinds."
    )
    subject = models.CharField(max_length=200, blank=True)
    preheader = models.CharField(
        max_length=200, blank=True, help_text="Shown after the subject in the list of mails."
    )
    content = models.JSONField(default=list, blank=True, help_text="Blocks: nurturing.content.schema.")

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version", "parent", "branch", "position"],
                name="step_place_unique",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(fields=["version", "key"], name="step_key_unique"),
            models.CheckConstraint(
                condition=Q(parent=None, branch="") | (Q(parent__isnull=False) & ~Q(branch="")),
                name="step_branch_has_parent",
            ),
        ]
        triggers: ClassVar = [_only_on_drafts()]

    def __str__(self) -> str:
        return self.title

    @property
    def title(self) -> str:
        """ "E-mail: The guide", "Wait 5 days": how a list of steps names it."""
        return kinds.title(self.kind, self.settings, self.subject)

    @property
    def is_mail(self) -> bool:
        return self.kind in kinds.MAILS

    @property
    def branches(self) -> list[kinds.Branch]:
        return kinds.branches(self.kind, self.settings)
