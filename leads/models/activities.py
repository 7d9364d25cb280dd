"""What leads did."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from leads.kinds import Kind, describe
from leads.models.people import Lead
from leads.querysets import ActivityQuerySet


class ActivityShape(models.Model):
    """What is common to many activities: the kind and its low-cardinality properties.

    Rules are evaluated over shapes, never over activities. A machine's shape never scores.
    """

    id = models.AutoField(primary_key=True)  # four bytes: it stands in every activity and its index
    kind = models.CharField(max_length=70)
    props = models.JSONField(default=dict)
    machine = models.BooleanField(default=False)
    hash = models.BinaryField(max_length=16, unique=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.props}"

    @property
    def words(self) -> Kind:
        return describe(self.kind)


class Activity(models.Model):
    """One dated thing a lead did or we did to it; append-only, partitioned by month of `occurred_at`.

    `subject_id` is the lead at receipt and never changes; `lead` follows merges. No foreign keys in the database:
    checking two of them per row would slow the ingest, and no page deletes leads. The primary key is also the
    covering index that scoring reads: all facts of a lead in time order, without touching the table.
    """

    pk = models.CompositePrimaryKey("lead_id", "occurred_at", "id")
    id = models.BigIntegerField(editable=False)
    lead = models.ForeignKey(Lead, models.DO_NOTHING, related_name="activities", db_constraint=False)
    subject_id = models.BigIntegerField()
    shape = models.ForeignKey(ActivityShape, models.DO_NOTHING, related_name="+", db_constraint=False)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=models.functions.Now())
    seconds = models.IntegerField(default=0)
    amount = models.BigIntegerField(default=0, help_text="In hundredths of the currency unit.")
    message_id = models.CharField(max_length=100, blank=True)
    props = models.JSONField(null=True)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        managed = False  # partitioned; see migration 0002
        verbose_name_plural = "activities"

    def __str__(self) -> str:
        return f"{self.shape.kind} at {self.occurred_at}"


class MessageKey(models.Model):
    """Message ids already seen, hashed; one table for all months, so that a late duplicate is still one."""

    key = models.UUIDField(primary_key=True)
    received_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        # Rows lie in the order they came, so the small index finds the old ones; a tree would slow the ingest.
        indexes: ClassVar = [BrinIndex(fields=["received_at"], name="message_key_received_idx")]

    def __str__(self) -> str:
        return str(self.key)
