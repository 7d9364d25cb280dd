"""What people are told, on which way, and what became of each mail and message."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from handoff.notification_querysets import DeliveryQuerySet, NotificationQuerySet
from leads.models import Lead


class Notice(models.TextChoices):
    """What there is to be told."""

    OFFERED = "offered", "A lead is handed to you"
    TAKEN = "taken", "A lead of yours went to somebody else"
    AT_RISK = "at_risk", "A promise is running out"
    BREACHED = "breached", "A promise is overdue"
    ESCALATED = "escalated", "A promise of your team is long overdue"
    SILENCE = "silence", "A lead stayed unanswered, and the silence rule acted"
    ANSWERED = "answered", "Sales answered a lead you handed off"
    UNDONE = "undone", "A hand-off was taken back, or a deal opened again"
    WON = "won", "A deal was won"
    FEEDBACK = "feedback", "Your opinion of a lead is asked for"
    CHECK = "check", "Stored scores were found wrong"
    REVIEW = "review", "The definition is due for review"
    ACTION = "action", "A lead did something that is watched for"
    CROSSING = "crossing", "A score crossed a line that is watched"


class Notification(models.Model):
    """One thing told to one person; `key` names the fact, so it is told once however often it is heard."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=10, choices=Notice)
    key = models.CharField(max_length=60)
    lead = models.ForeignKey(
        Lead, models.CASCADE, null=True, related_name="+", help_text="Goes with the lead's data."
    )
    text = models.CharField(max_length=300)
    link = models.CharField(max_length=200)
    in_app = models.BooleanField(default=True, help_text="Shown under the bell; else only sent.")
    created_at = models.DateTimeField(db_default=models.functions.Now())
    read_at = models.DateTimeField(null=True)
    more = models.PositiveIntegerField(
        default=0, help_text="How many alerts this one row stands for; 0 for one that speaks for itself."
    )

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["key", "user"], name="notification_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "-created_at", "-id"], name="notification_list_idx"),
            models.Index(
                fields=["user"], name="notification_unread_idx", condition=Q(read_at=None, in_app=True)
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Delivery(models.Model):
    """One notification on one way out. Claimed before it is sent, so that it leaves once.

    A worker that died while sending leaves it unknown: one doubtful mail is cheaper than a doubled one.
    """

    class Channel(models.TextChoices):
        MAIL = "mail", "E-mail"
        DIGEST = "digest", "Digest"
        SLACK = "slack", "Slack"

    class State(models.TextChoices):
        DUE = "due", "Waiting"
        SENDING = "sending", "Being sent"
        SENT = "sent", "Sent"
        SKIPPED = "skipped", "Not wanted any more"
        FAILED = "failed", "Refused"
        UNKNOWN = "unknown", "Not known whether it arrived"

    notification = models.ForeignKey(Notification, models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=6, choices=Channel)
    state = models.CharField(max_length=8, choices=State, default=State.DUE)
    due_at = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "deliveries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notification", "channel"], name="delivery_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["due_at"], name="delivery_due_idx", condition=Q(state="due")),
            models.Index(fields=["claimed_until"], name="delivery_claimed_idx", condition=Q(state="sending")),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}, {self.get_state_display().lower()}"


@pghistory.track()
class NotificationPreference(models.Model):
    """What somebody chose for one kind of news. Without a row the default of the kind holds."""

    class Mail(models.TextChoices):
        OFF = "off", "No mail"
        NOW = "now", "At once"
        DIGEST = "digest", "In a digest"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="notification_preferences"
    )
    kind = models.CharField(max_length=10, choices=Notice)
    in_app = models.BooleanField(default=True)
    mail = models.CharField(max_length=6, choices=Mail, default=Mail.OFF)
    slack = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "kind"], name="preference_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.get_mail_display().lower()}"


@pghistory.track(exclude=["sealed"])
class SlackHook(models.Model):
    """Where somebody's messages go. The address is a secret: sealed here, and never shown again."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="slack_hook")
    sealed = models.BinaryField()
    host = models.CharField(max_length=253)
    set_at = models.DateTimeField(db_default=models.functions.Now())
    broken_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    def __str__(self) -> str:
        return f"{self.user}: {self.host}"


@pghistory.track()
class WebhookSettings(models.Model):
    """What webhooks may reach beyond public https addresses; one row."""

    inside_hosts = models.TextField(
        blank=True,
        help_text="One host a line, such as chat.internal or 10.0.0.5:8065. Only these may be private or plain http.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "webhook settings"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pk=1), name="webhook_settings_single"),
        ]

    def __str__(self) -> str:
        return "Webhook settings"

    @classmethod
    def hosts(cls) -> frozenset[str]:
        row = cls.objects.filter(pk=1).first()
        return frozenset(row.inside_hosts.lower().split()) if row else frozenset()
