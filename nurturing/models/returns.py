"""What came back, and what it did. Append-only."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from nurturing.models.messages import Message
from nurturing.querysets import MarketingQuerySet


class ReturnedMail(models.Model):
    """One mail that came to our return address, read. Without a message it is about no mail of ours.

    The mail itself is not kept: the mailbox it came from has it.
    """

    class Kind(models.TextChoices):
        HARD = "hard", "Dead address"
        SOFT = "soft", "Not delivered this time"
        COMPLAINT = "complaint", "Reported as spam"
        UNSUBSCRIBE = "unsubscribe", "Asked to unsubscribe"
        REPLY = "reply", "Reply"
        AUTO_REPLY = "auto_reply", "Answering machine"
        DELIVERED = "delivered", "Delivered"
        NONE = "none", "Nothing to do"

    class Source(models.TextChoices):
        FILE = "file", "Command or mail server"
        MAILDIR = "maildir", "Mail folder"
        IMAP = "imap", "Mailbox"

    digest = models.BinaryField(
        max_length=32, unique=True, help_text="The same for the same mail, so it counts once."
    )
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="returned")
    kind = models.CharField(max_length=12, choices=Kind)
    status = models.CharField(max_length=12, blank=True)
    recipients = ArrayField(models.CharField(max_length=254), default=list)
    sender = models.CharField(max_length=254, blank=True)
    subject = models.CharField(max_length=200, blank=True)
    words = models.CharField(max_length=300, blank=True, help_text="What the server or the writer said.")
    source = models.CharField(max_length=8, choices=Source)
    at = models.DateTimeField(db_default=models.functions.Now())

    objects = MarketingQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["kind", "-id"], name="returned_kind_idx")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.at}"


class SoftBounce(models.Model):
    """A mail that could not be delivered this time; enough of them within days, and its address is given up."""

    message = models.OneToOneField(Message, models.CASCADE, related_name="soft_bounce")
    address = models.EmailField(max_length=254, help_text="In lower case.")
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["address", "at"], name="soft_bounce_idx")]

    def __str__(self) -> str:
        return f"{self.address} at {self.at}"


class MailboxTrouble(models.Model):
    """The mailbox of returned mails cannot be read; one row while that lasts, none otherwise."""

    since = models.DateTimeField(db_default=models.functions.Now())
    reason = models.CharField(max_length=300)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(pk=1), name="mailbox_trouble_single")
        ]

    def __str__(self) -> str:
        return self.reason


class MailEvent(models.Model):
    """What a mail service told us about a mail; each event once, in whatever order they come. Append-only."""

    digest = models.BinaryField(
        max_length=32, unique=True, help_text="The same for the same event, so it counts once."
    )
    service = models.CharField(max_length=20)
    kind = models.CharField(max_length=20, help_text="As django-anymail calls it.")
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="events")
    recipient = models.CharField(max_length=254, blank=True)
    reason = models.CharField(max_length=20, blank=True, help_text="Why it was rejected or bounced.")
    event_id = models.CharField(max_length=200, blank=True)
    remote_id = models.CharField(max_length=200, blank=True, help_text="The service's name for the mail.")
    words = models.CharField(max_length=300, blank=True)
    url = models.CharField(max_length=2000, blank=True)
    agent = models.CharField(max_length=500, blank=True)
    machine = models.BooleanField(default=False, help_text="The service says that no person did it.")
    happened_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["received_at"], name="mail_event_received_idx")]

    def __str__(self) -> str:
        return f"{self.service}: {self.kind}"
