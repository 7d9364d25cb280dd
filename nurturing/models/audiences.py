"""Ad audiences: who is in them, since when, and every file that left the house."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models import Lead
from nurturing.querysets import MarketingQuerySet


@pghistory.track()
class Audience(models.Model):
    """People to show ads to. Campaigns add and remove them; files carry them to the networks."""

    name = models.CharField(max_length=100, unique=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    created_at = models.DateTimeField(db_default=models.functions.Now())

    objects = MarketingQuerySet.as_manager()

    def __str__(self) -> str:
        return self.name


class AudienceMember(models.Model):
    """One stay of a lead in an audience. Who comes back has another row."""

    audience = models.ForeignKey(Audience, models.CASCADE, related_name="members")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="audiences")
    source = models.CharField(max_length=150, help_text="The campaign that added them.")
    since = models.DateTimeField(db_default=models.functions.Now())
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["audience", "lead"], condition=Q(left_at=None), name="audience_member_once"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["lead"], name="audience_member_lead_idx"),
            models.Index(fields=["audience", "lead"], name="audience_member_all_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.lead_id} in {self.audience_id}"


class AudienceUpload(models.Model):
    """An address that a network was given, as it got it: enough to take it off again when the lead has another one.

    Goes when the person is erased.
    """

    audience = models.ForeignKey(Audience, models.CASCADE, related_name="uploads")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="+", db_index=False)
    network = models.CharField(max_length=10)
    hashed = models.CharField(max_length=64, help_text="The address, hashed as this network asks.")
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["audience", "network", "hashed", "lead"], name="audience_upload_once"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["lead"], name="audience_upload_lead_idx")]

    def __str__(self) -> str:
        return f"{self.lead_id} given to {self.network}"


class AudienceExport(models.Model):
    """A file that somebody fetched: which network, how many people. Append-only."""

    audience = models.ForeignKey(Audience, models.CASCADE, related_name="exports")
    network = models.CharField(max_length=10)
    removal = models.BooleanField(
        default=False, help_text="Of those who are to be taken off the network's list."
    )
    rows = models.PositiveIntegerField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        indexes: ClassVar = [models.Index(fields=["audience", "-at"], name="audience_export_idx")]

    def __str__(self) -> str:
        return f"{self.network}, {self.rows} rows"
