"""Every mail, and what follows from it."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models import Consent
from nurturing.models.campaigns import Step
from nurturing.models.enrolments import Enrolment
from nurturing.querysets import MessageQuerySet


class Message(models.Model):
    """One mail: a row before it is anything else. States and their changes: nurturing.ledger.

    queued -> claimed -> dot -> accepted | rejected | unknown. After `dot` nothing is repeated blindly.
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
    late_from = models.DateTimeField(
        null=True, help_text="When it should have gone, if a pause or our own delay moved `due_at`."
    )
    lease_until = models.DateTimeField(null=True)
    queued_at = models.DateTimeField(db_default=models.functions.Now())
    dot_at = models.DateTimeField(
        null=True, help_text="When the last try passed the fence; a report about it is awaited from then on."
    )
    sent_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    clicked_at = models.DateTimeField(null=True)
    reply = models.CharField(
        max_length=300, blank=True, help_text="What the server, or the person who decided, said."
    )
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    consent = models.ForeignKey(
        Consent,
        models.PROTECT,
        null=True,
        related_name="messages",
        help_text="The entry this mail relied on.",
    )
    basis = models.CharField(
        max_length=200, blank=True, default="", db_default="", help_text="That, or why without one, in words."
    )
    bounced = models.BooleanField(default=False, help_text="The server says that there is no such address.")
    complained_at = models.DateTimeField(null=True, help_text="When its reader reported it as spam.")
    gates_saw = models.JSONField(
        null=True, help_text="What the gates were measured against when it passed them."
    )
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
                fields=["complained_at"],
                name="message_complaint_idx",
                condition=Q(complained_at__isnull=False),
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
        max_length=20,
        choices=[
            ("one_click", "One click in the mail program"),
            ("page", "On our page"),
            ("mail", "By a mail to us"),
            ("service", "By the mail service"),
        ],
    )
    at = models.DateTimeField(db_default=models.functions.Now())

    def __str__(self) -> str:
        return self.address
