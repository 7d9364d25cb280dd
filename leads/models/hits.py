"""What met our links, pictures and pages, and what people decided about machines."""

from __future__ import annotations

import uuid
from typing import ClassVar

import pghistory
from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from leads.models.people import Lead
from leads.querysets import HitQuerySet


class Hit(models.Model):
    """One hit, as raw as it came, and the verdict on it. Hits of a mail are all kept; of pages, those of machines.

    What it says about the lead is an activity with the same `message_id`; the verdict is a mark on that. Both change
    together (leads.services.hits). `lead` is the lead at receipt, as `Activity.subject_id`.
    """

    class Kind(models.TextChoices):
        OPEN = "open", "Opened a mail"
        CLICK = "click", "Followed a link"
        TRAP = "trap", "Followed a hidden link"
        FOOT = "foot", "Looked at the unsubscribe page"
        VIEW = "view", "Looked at a page"

    class Decided(models.TextChoices):
        NOBODY = "", "By its signs"
        PERSON = "person", "A person, says a colleague"
        MACHINE = "machine", "A machine, says a colleague"

    key = models.UUIDField(default=uuid.uuid4, unique=True, help_text="The same for a hit that comes twice.")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="hits")
    kind = models.CharField(max_length=5, choices=Kind)
    activity = models.CharField(
        max_length=70, blank=True, help_text="The kind of activity it says of the lead."
    )
    at = models.DateTimeField()
    mail = models.UUIDField(null=True, help_text="The mail it belongs to; its hits are judged together.")
    sent_at = models.DateTimeField(null=True, help_text="When that mail was sent.")
    recipient = models.EmailField(max_length=254, blank=True)
    link = models.SmallIntegerField(default=0, help_text="Place of the link in the mail.")
    links = models.SmallIntegerField(default=0, help_text="How many links the mail has.")
    campaign = models.CharField(max_length=200, blank=True)
    detail = models.CharField(max_length=300, blank=True, help_text="Where it led, or which page it was.")
    props = models.JSONField(default=dict, help_text="Of the activity.")
    method = models.CharField(max_length=10, default="GET")
    agent = models.CharField(max_length=500, blank=True)
    address = models.GenericIPAddressField(null=True)
    signs = ArrayField(models.CharField(max_length=20), default=list)
    probability = models.FloatField(default=0, help_text="That a machine did it.")
    reasons = ArrayField(models.CharField(max_length=20), default=list, help_text="The weightiest first.")
    machine = models.BooleanField(default=False)
    decided = models.CharField(max_length=7, choices=Decided, blank=True, default="")
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True, help_text="When its verdict took effect.")
    message_id = models.CharField(max_length=100, blank=True, help_text="Of its activity; blank without one.")
    marked = models.BooleanField(default=False, help_text="How that activity is marked.")
    again = models.BooleanField(default=False, help_text="A rule changed, so it has to be judged again.")
    stale = models.BooleanField(
        default=False, help_text="What follows from its verdict has to be worked out again."
    )
    received_at = models.DateTimeField(db_default=models.functions.Now())

    objects = HitQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["mail"], name="hit_mail_idx", condition=Q(mail__isnull=False)),
            models.Index(
                fields=["address", "at"], name="hit_address_idx", condition=Q(address__isnull=False)
            ),
            models.Index(fields=["id"], name="hit_machine_idx", condition=Q(machine=True)),
            models.Index(fields=["at"], name="hit_unsettled_idx", condition=Q(settled_at=None)),
            models.Index(fields=["id"], name="hit_again_idx", condition=Q(again=True)),
            models.Index(fields=["id"], name="hit_stale_idx", condition=Q(stale=True)),
            models.Index(fields=["received_at"], name="hit_received_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.at}"


@pghistory.track()
class HitRule(models.Model):
    """What a colleague knows: of a network or a program, who it is; of a domain, how long its gateway takes."""

    class Kind(models.TextChoices):
        NETWORK = "network", "Network"
        AGENT = "agent", "Program"
        DOMAIN = "domain", "Recipients' domain"

    kind = models.CharField(max_length=8, choices=Kind)
    pattern = models.CharField(
        max_length=200,
        help_text="A range such as 203.0.113.0/24, a part of what the program calls itself, or a domain.",
    )
    people = models.BooleanField("these are people", default=False, help_text="Otherwise they are machines.")
    seconds = models.PositiveIntegerField(
        default=0, help_text="Of a domain: hits sooner than this after the mail was sent are its gateway's."
    )
    note = models.CharField(max_length=200, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "pattern"], name="hit_rule_once"),
            models.CheckConstraint(condition=Q(seconds__lte=86_400), name="hit_rule_seconds"),
        ]

    def __str__(self) -> str:
        return self.pattern
