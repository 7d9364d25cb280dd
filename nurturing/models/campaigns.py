"""Campaigns, the versions of their steps, and the steps."""

from __future__ import annotations

from typing import ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from nurturing.models.segments import Segment
from nurturing.querysets import MarketingQuerySet


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

    name = models.CharField(max_length=150, unique=True)
    state = models.CharField(max_length=8, choices=State, default=State.DRAFT)
    segment = models.ForeignKey(Segment, models.PROTECT, related_name="campaigns")
    goal = models.CharField(max_length=20, choices=Goal, default=Goal.MQL)
    cool_down_days = models.PositiveSmallIntegerField(
        default=30, help_text="Days after which a recycled lead may go through it again."
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    activated_at = models.DateTimeField(null=True)

    objects = MarketingQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name

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
    """One block of a campaign: a mail, or a wait."""

    class Kind(models.TextChoices):
        EMAIL = "email", "E-mail"
        WAIT = "wait", "Wait"

    version = models.ForeignKey(CampaignVersion, models.CASCADE, related_name="steps")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    wait_minutes = models.PositiveIntegerField(null=True, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    body = models.TextField(
        blank=True, help_text="Text with merge fields such as {{ first_name | default: 'there' }}."
    )

    class Meta:
        ordering: ClassVar = ["position"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version", "position"],
                name="step_position_unique",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(
                condition=~Q(kind="wait") | Q(wait_minutes__gte=1), name="step_wait_has_time"
            ),
        ]
        triggers: ClassVar = [_only_on_drafts()]

    def __str__(self) -> str:
        return self.subject or self.get_kind_display()

    @property
    def wait_words(self) -> str:
        """ "5 days", "90 minutes": the largest unit that fits evenly."""
        minutes = self.wait_minutes or 0
        for name, size in (("week", 10080), ("day", 1440), ("hour", 60)):
            if minutes and minutes % size == 0:
                return f"{minutes // size} {name}{'s' if minutes > size else ''}"
        return f"{minutes} minute{'s' if minutes != 1 else ''}"
