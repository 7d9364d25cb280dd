"""Who is in which segment, since when, and who came and went; see docs/adr/0014.

Rows about leads have no foreign key in the database: members come and go by the ten thousand, and nobody deletes leads.
"""

from __future__ import annotations

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from leads.models import Company, Lead, StageChange, Suppression, Touch
from nurturing.models.enrolments import Enrolment
from nurturing.models.segments import Segment
from scoring.models import ScoreChange


class SegmentMember(models.Model):
    """A lead is in a segment. Written by services.membership alone."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="members")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="segment_members", db_constraint=False)
    since = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["segment", "lead"], name="segment_member_unique")
        ]
        indexes: ClassVar = [models.Index(fields=["segment", "-id"], name="segment_member_newest_idx")]


class SegmentChange(models.Model):
    """A lead entered or left a segment. Append-only."""

    class Cause(models.TextChoices):
        EVENT = "event", "did something, or a field changed"
        SCORE = "score", "the score changed"
        STAGE = "stage", "the stage changed"
        CONSENT = "consent", "consent or a suppression changed"
        CAMPAIGN = "campaign", "entered a campaign"
        COMPANY = "company", "the company changed"
        SEGMENT = "segment", "entered or left another segment"
        HAND = "hand", "by hand"
        MERGE = "merge", "merged with another lead"
        TIME = "time", "time passed"
        DEFINITION = "definition", "the definition changed"
        CHECK = "check", "put right by a check"

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="changes")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="segment_changes", db_constraint=False)
    at = models.DateTimeField()
    entered = models.BooleanField(help_text="Otherwise it left.")
    cause = models.CharField(max_length=10, choices=Cause)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["segment", "-id"], name="segment_change_newest_idx"),
            models.Index(fields=["segment", "at"], name="segment_change_days_idx"),
        ]


class SegmentTouch(models.Model):
    """A note that a lead's segments must be looked at again; deleted in the transaction that looked."""

    lead_id = models.BigIntegerField()
    cause = models.CharField(max_length=10)


class SegmentClock(models.Model):
    """When time alone may change a lead's segments; also the row that whoever looks at a lead holds meanwhile."""

    lead = models.OneToOneField(
        Lead, models.CASCADE, primary_key=True, related_name="segment_clock", db_constraint=False
    )
    next_change_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["next_change_at"],
                name="segment_clock_due_idx",
                condition=Q(next_change_at__isnull=False),
            )
        ]


class SegmentCheck(models.Model):
    """One comparison of kept members with what the definitions say."""

    at = models.DateTimeField(db_default=models.functions.Now())
    leads = models.PositiveIntegerField(help_text="How many were compared.")
    differing = models.PositiveIntegerField(default=0)
    details = models.JSONField(default=list, help_text="The first of them: lead, segment, kept, expected.")


# What notes a lead: rows of this floor and of those below, in the transaction that writes them, so that no note is lost
# with a bell. A touch is noted when scoring takes it off its list, which is when the score is true again.

NOTE = "INSERT INTO nurturing_segmenttouch (lead_id, cause) {rows}; RETURN NULL;"


def _noting(name: str, operation: pgtrigger.Operation, rows: str) -> pgtrigger.Trigger:
    """Once a statement; `rows` selects from `old_rows` or `new_rows`."""
    old = "old_rows" if "old_rows" in rows else None
    new = "new_rows" if "new_rows" in rows else None
    return pgtrigger.Trigger(
        name=name,
        when=pgtrigger.After,
        operation=operation,
        level=pgtrigger.Statement,
        referencing=pgtrigger.Referencing(old=old, new=new),
        func=NOTE.format(rows=rows),
    )


class TouchNoted(Touch):
    class Meta:
        proxy = True
        triggers: ClassVar = [
            _noting("note_scored", pgtrigger.Delete, "SELECT DISTINCT lead_id, 'event' FROM old_rows")
        ]


class ScoreNoted(ScoreChange):
    class Meta:
        proxy = True
        triggers: ClassVar = [
            _noting("note_score", pgtrigger.Insert, "SELECT DISTINCT lead_id, 'score' FROM new_rows")
        ]


class StageNoted(StageChange):
    class Meta:
        proxy = True
        triggers: ClassVar = [
            _noting("note_stage", pgtrigger.Insert, "SELECT DISTINCT lead_id, 'stage' FROM new_rows")
        ]


SUPPRESSED = (
    "SELECT lead_id, 'consent' FROM {rows} WHERE lead_id IS NOT NULL UNION SELECT l.id, 'consent'"
    " FROM {rows} p JOIN leads_lead l ON lower(l.email) = lower(p.address) AND l.merged_into_id IS NULL"
)


class SuppressionNoted(Suppression):
    class Meta:
        proxy = True
        triggers: ClassVar = [
            _noting("note_suppressed", pgtrigger.Insert, SUPPRESSED.format(rows="new_rows")),
            _noting("note_moved", pgtrigger.Update, SUPPRESSED.format(rows="new_rows")),
            _noting("note_lifted", pgtrigger.Delete, SUPPRESSED.format(rows="old_rows")),
        ]


SEEN_OF_COMPANY = ("name", "industry", "employees", "revenue", "country", "technologies")
BEFORE, AFTER = (", ".join(f"{rows}.{name}" for name in SEEN_OF_COMPANY) for rows in ("old_rows", "new_rows"))
COLLEAGUES = (
    "SELECT l.id, 'company' FROM new_rows JOIN old_rows ON old_rows.id = new_rows.id"  # noqa: S608  own words
    f" JOIN leads_lead l ON l.company_id = new_rows.id WHERE ({BEFORE}) IS DISTINCT FROM ({AFTER})"
)


class CompanyNoted(Company):
    """A touch tells of the lead that brought the news; its colleagues have the same company."""

    class Meta:
        proxy = True
        triggers: ClassVar = [_noting("note_company", pgtrigger.Update, COLLEAGUES)]


class EnrolmentNoted(Enrolment):
    class Meta:
        proxy = True
        triggers: ClassVar = [
            _noting("note_enrolled", pgtrigger.Insert, "SELECT DISTINCT lead_id, 'campaign' FROM new_rows"),
            pgtrigger.Trigger(
                name="note_run_moved",
                when=pgtrigger.After,
                operation=pgtrigger.Update,
                condition=pgtrigger.Q(old__lead__df=pgtrigger.F("new__lead")),
                func=(
                    "INSERT INTO nurturing_segmenttouch (lead_id, cause)"
                    " VALUES (OLD.lead_id, 'campaign'), (NEW.lead_id, 'campaign'); RETURN NULL;"
                ),
            ),
        ]
