"""Facts about segments, campaigns, who runs through them, and every mail."""

from __future__ import annotations

import uuid
from typing import ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models import Lead
from nurturing.querysets import EnrolmentQuerySet, MarketingQuerySet, MessageQuerySet


@pghistory.track()
class Segment(models.Model):
    """Leads that meet all of some simple conditions: a list of {"field", "op", "value"}."""

    name = models.CharField(max_length=150, unique=True)
    conditions = models.JSONField(default=list)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MarketingQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


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


class Enrolment(models.Model):
    """One lead's run through one version of one campaign.

    `due_at` is empty while a mail of this run is under way: the next wait starts when that mail is settled.
    """

    class Ended(models.TextChoices):
        COMPLETED = "completed", "Reached the end"
        GOAL = "goal", "Reached the goal"
        HANDED_OFF = "handed_off", "Sales took over"
        UNSUBSCRIBED = "unsubscribed", "Must not be mailed"
        DISQUALIFIED = "disqualified", "Disqualified"
        STOPPED = "stopped", "Stopped by a colleague"
        CAMPAIGN_ENDED = "campaign_ended", "The campaign ended"
        NO_ADDRESS = "no_address", "Has no address"
        MERGED = "merged", "Merged into another lead"

    campaign = models.ForeignKey(Campaign, models.CASCADE, related_name="enrolments")
    version = models.ForeignKey(CampaignVersion, models.PROTECT, related_name="enrolments")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="enrolments")
    rotation = models.PositiveSmallIntegerField(default=1)
    position = models.PositiveSmallIntegerField(default=0, help_text="The step to do next.")
    due_at = models.DateTimeField(
        null=True, help_text="When that step is due; a claim moves it ahead as a lease."
    )
    enrolled_at = models.DateTimeField(db_default=models.functions.Now())
    enrolled_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=16, choices=Ended, blank=True)

    objects = EnrolmentQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["campaign", "lead", "rotation"], name="enrolment_rotation_unique"
            ),
            models.UniqueConstraint(
                fields=["campaign", "lead"], condition=Q(ended_at=None), name="enrolment_one_active"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_because="")
                | (Q(ended_at__isnull=False) & ~Q(ended_because="")),
                name="enrolment_end_has_reason",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="enrolment_due_idx", condition=Q(ended_at=None)),
            models.Index(
                fields=["campaign", "due_at"], name="enrolment_turn_idx", condition=Q(ended_at=None)
            ),
            models.Index(fields=["campaign", "-id"], name="enrolment_people_idx"),
            models.Index(fields=["lead"], name="enrolment_lead_idx", condition=Q(ended_at=None)),
        ]


class Message(models.Model):
    """One mail: a row before it is anything else. States and their changes: nurturing.ledger.

    queued -> claimed -> dot -> accepted | deferred | rejected | unknown. After `dot` nothing is repeated blindly.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "Waiting"
        CLAIMED = "claimed", "Being sent"
        DOT = "dot", "Handed to the server"
        ACCEPTED = "accepted", "Sent"
        REJECTED = "rejected", "Refused by the server"
        UNKNOWN = "unknown", "Not known"
        SUPPRESSED = "suppressed", "Not sent"
        PARKED = "parked", "Needs a person"

    enrolment = models.ForeignKey(Enrolment, models.CASCADE, related_name="messages")
    step = models.ForeignKey(Step, models.PROTECT, related_name="messages")
    visit = models.PositiveSmallIntegerField(default=1)
    key = models.UUIDField(
        default=uuid.uuid4, unique=True, help_text="In the Message-ID, links and unsubscribe address."
    )
    to_address = models.EmailField(max_length=254)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt = models.PositiveIntegerField(
        default=0, help_text="Rises with each claim; a stale claim is void."
    )
    failures = models.PositiveSmallIntegerField(default=0, help_text="Tries that the server put off.")
    interruptions = models.PositiveSmallIntegerField(
        default=0, help_text="Times that its sender stopped before the dot."
    )
    due_at = models.DateTimeField(
        db_default=models.functions.Now(), help_text="Not before; moved ahead by back-off."
    )
    lease_until = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(db_default=models.functions.Now())
    sent_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    reply = models.CharField(
        max_length=300, blank=True, help_text="What the server, or the person who decided, said."
    )
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    bounced = models.BooleanField(default=False, help_text="The server says that there is no such address.")
    told_at = models.DateTimeField(null=True, help_text="When the lead's timeline learned of the outcome.")

    objects = MessageQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["enrolment", "step", "visit"], name="message_once")
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="message_due_idx", condition=Q(state="queued")),
            models.Index(
                fields=["lease_until"], name="message_lease_idx", condition=Q(state__in=["claimed", "dot"])
            ),
            models.Index(
                fields=["id"],
                name="message_untold_idx",
                condition=Q(told_at=None, state__in=["accepted", "rejected"]),
            ),
            models.Index(
                fields=["id"], name="message_doubt_idx", condition=Q(state__in=["unknown", "parked"])
            ),
        ]

    def __str__(self) -> str:
        return f"Mail to {self.to_address}"


class MailTrouble(models.Model):
    """The mail server cannot be reached or refuses us; one row while that lasts, none otherwise."""

    since = models.DateTimeField(db_default=models.functions.Now())
    reason = models.CharField(max_length=300)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(pk=1), name="mail_trouble_single")]

    def __str__(self) -> str:
        return self.reason


class TrackedLink(models.Model):
    """A link in a step's mail; the target never travels in the address, so it cannot be an open redirect."""

    step = models.ForeignKey(Step, models.CASCADE, related_name="links")
    url = models.URLField(max_length=2000)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["step", "url"], name="link_unique")]

    def __str__(self) -> str:
        return self.url


class Unsubscribe(models.Model):
    """Proof of an unsubscribe: which mail led to it, how, when. Append-only."""

    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="+")
    address = models.EmailField(max_length=254)
    how = models.CharField(
        max_length=20, choices=[("one_click", "One click in the mail program"), ("page", "On our page")]
    )
    at = models.DateTimeField(db_default=models.functions.Now())

    def __str__(self) -> str:
        return self.address
