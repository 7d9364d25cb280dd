"""Facts about who takes a lead over, by when, and why not."""

from __future__ import annotations

from typing import Any, ClassVar

import pghistory
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from handoff.querysets import ClockQuerySet, HandoffQuerySet
from leads.models import Lead
from scoring.models import QualificationCycle

WORKING_WEEK = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")} | {
    "sat": [],
    "sun": [],
}


def working_week() -> dict[str, list[list[str]]]:
    return {day: [list(window) for window in windows] for day, windows in WORKING_WEEK.items()}


@pghistory.track()
class BusinessCalendar(models.Model):
    """When a team works: an IANA zone, weekly windows, holidays, exceptions. `version` rises with each change."""

    name = models.CharField(max_length=100, unique=True)
    tz = models.CharField("time zone", max_length=64, default="UTC")
    weekly = models.JSONField(default=working_week)
    holidays = models.JSONField(default=list, blank=True)
    exceptions = models.JSONField(default=dict, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    def __str__(self) -> str:
        return self.name

    def as_data(self) -> dict[str, object]:
        """The shape that handoff.calendars reads; also what a clock keeps as its snapshot."""
        return {
            "tz": self.tz,
            "weekly": self.weekly,
            "holidays": self.holidays,
            "exceptions": self.exceptions,
        }

    def clean(self) -> None:
        from handoff import calendars

        try:
            calendars.Calendar.from_data(self.as_data()).validate()
        except calendars.CalendarError as error:
            raise ValidationError(str(error)) from error


@pghistory.track()
class SlaPolicy(models.Model):
    """Working minutes that we promise each other. A started clock keeps the policy it started with."""

    name = models.CharField(max_length=100, unique=True)
    calendar = models.ForeignKey(BusinessCalendar, models.PROTECT, related_name="policies")
    hand_off_minutes = models.PositiveIntegerField(
        default=240, help_text="Marketing: from MQL to handed off."
    )
    accept_minutes = models.PositiveIntegerField(default=120, help_text="Sales: from offer to an answer.")
    first_touch_minutes = models.PositiveIntegerField(
        default=240, help_text="Sales: from acceptance to the first touch."
    )
    is_default = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        verbose_name = "SLA policy"
        verbose_name_plural = "SLA policies"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["is_default"], condition=Q(is_default=True), name="policy_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def in_force(cls) -> SlaPolicy:
        """The default policy. An installation without one gets the plain promise of the field defaults."""
        policy = cls.objects.select_related("calendar").filter(is_default=True).first()
        if policy is None:
            calendar, _ = BusinessCalendar.objects.get_or_create(name="Working week")
            policy, _ = cls.objects.get_or_create(
                is_default=True, defaults={"name": "Standard promise", "calendar": calendar}
            )
        return policy


@pghistory.track()
class RejectReason(models.Model):
    """Why a rep says no, chosen by digit, and what follows from it."""

    class Consequence(models.TextChoices):
        RECYCLE = "recycle", "Back to nurture"
        DISQUALIFY = "disqualify", "Disqualify"
        RETURN = "return", "Back to marketing to fix"

    label = models.CharField(max_length=100, unique=True)
    digit = models.PositiveSmallIntegerField(help_text="1 to 9, the key that chooses it.")
    consequence = models.CharField(max_length=10, choices=Consequence)
    needs_note = models.BooleanField(default=False)
    active = models.BooleanField(default=True)

    class Meta:
        ordering: ClassVar = ["digit", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["digit"], condition=Q(active=True), name="reason_digit_unique"),
            models.CheckConstraint(condition=Q(digit__gte=1, digit__lte=9), name="reason_digit_range"),
        ]

    def __str__(self) -> str:
        return self.label


@pghistory.track(exclude=["credit"])  # moves with each offer, and the offer says why
class RoundRobinSeat(models.Model):
    """A rep's place in the rotation. `credit` is what the rotation owes them; the largest goes next."""

    rep = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="seat")
    weight = models.PositiveSmallIntegerField(default=1)
    credit = models.IntegerField(default=0, editable=False)
    active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return f"{self.rep}, weight {self.weight}"


@pghistory.track()
class Handoff(models.Model):
    """The offer of one MQL cycle to a rep. Answered once, by a conditional update."""

    cycle = models.ForeignKey(QualificationCycle, models.CASCADE, related_name="handoffs")
    lead = models.ForeignKey(Lead, models.CASCADE, related_name="handoffs")
    rep = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="handoffs")
    note = models.CharField("why now", max_length=500, blank=True)
    routed_because = models.CharField(max_length=300, help_text="Why this rep, in words a rep can read.")
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    offered_at = models.DateTimeField(db_default=models.functions.Now())
    accepted_at = models.DateTimeField(null=True)
    rejected_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True, help_text="Taken back before an answer.")
    answered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    reject_reason = models.ForeignKey(RejectReason, models.PROTECT, null=True, related_name="+")
    answer_note = models.CharField(max_length=500, blank=True)
    first_touch_at = models.DateTimeField(null=True)
    settles_at = models.DateTimeField(
        null=True, help_text="When the answer takes effect; until then it can be undone. Empty once it did."
    )

    objects = HandoffQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["cycle"], condition=Q(rejected_at=None, withdrawn_at=None), name="handoff_one_live"
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, rejected_at=None)
                | Q(accepted_at=None, withdrawn_at=None)
                | Q(rejected_at=None, withdrawn_at=None),
                name="handoff_one_answer",
            ),
            models.CheckConstraint(
                condition=Q(rejected_at=None) | Q(reject_reason__isnull=False), name="handoff_reason_required"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["rep", "offered_at"],
                name="handoff_open_idx",
                condition=Q(accepted_at=None, rejected_at=None, withdrawn_at=None),
            ),
            models.Index(fields=["lead", "-offered_at"], name="handoff_lead_idx"),
            models.Index(
                fields=["-rejected_at"], name="handoff_rejected_idx", condition=Q(rejected_at__isnull=False)
            ),
            models.Index(
                fields=["settles_at"], name="handoff_unsettled_idx", condition=Q(settles_at__isnull=False)
            ),
            models.Index(
                fields=["rep", "-accepted_at"],
                name="handoff_accepted_idx",
                condition=Q(accepted_at__isnull=False),
            ),
            models.Index(
                fields=["-accepted_at"], name="handoff_lately_idx", condition=Q(accepted_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"Handoff of {self.lead_id} to {self.rep}"

    @property
    def is_open(self) -> bool:
        return not (self.accepted_at or self.rejected_at or self.withdrawn_at)

    @property
    def answer(self) -> str:
        """In one word of the past: accepted, rejected, withdrawn, or nothing while it is open."""
        for word, moment in (
            ("accepted", self.accepted_at),
            ("rejected", self.rejected_at),
            ("withdrawn", self.withdrawn_at),
        ):
            if moment:
                return word
        return ""

    def answerable_by(self, user: Any) -> bool:
        """Seeing is not acting: the rep answers, or whoever leads sales answers for them."""
        return self.rep_id == user.pk or user.leads_sales


@pghistory.track()
class SlaClock(models.Model):
    """One promise with a due time in working time. Badge, report and export read this row.

    `met_at` and `breached_at` are both kept: a late answer is breached and met. `policy` and `calendar` are
    snapshots, so that a later edit never changes a started clock.
    """

    class Kind(models.TextChoices):
        HAND_OFF = "hand_off", "Hand off"
        ACCEPT = "accept", "Accept or reject"
        FIRST_TOUCH = "first_touch", "First touch"

    kind = models.CharField(max_length=12, choices=Kind)
    cycle = models.ForeignKey(QualificationCycle, models.CASCADE, related_name="clocks")
    handoff = models.ForeignKey(Handoff, models.CASCADE, null=True, related_name="clocks")
    started_at = models.DateTimeField()
    minutes = models.PositiveIntegerField(help_text="Working minutes promised.")
    due_at = models.DateTimeField(null=True, help_text="Empty when the calendar never opens.")
    half_at = models.DateTimeField(null=True, help_text="When half of the promised time has passed.")
    nearly_at = models.DateTimeField(null=True, help_text="When four fifths of it have passed.")
    met_at = models.DateTimeField(null=True)
    breached_at = models.DateTimeField(null=True)
    half_warned_at = models.DateTimeField(null=True)
    warned_at = models.DateTimeField(null=True, help_text="Warned at four fifths.")
    cancelled_at = models.DateTimeField(null=True)
    policy = models.JSONField(help_text="Name and version of the policy at the start.")
    calendar = models.JSONField(help_text="The calendar as it was at the start.")

    objects = ClockQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["handoff", "kind"], condition=Q(handoff__isnull=False), name="clock_one_per_handoff"
            ),
            models.UniqueConstraint(
                fields=["cycle", "kind"], condition=Q(handoff=None), name="clock_one_per_cycle"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                name="clock_due_idx",
                condition=Q(met_at=None, cancelled_at=None, breached_at=None),
            ),
            models.Index(
                fields=["kind", "due_at"],
                name="clock_running_idx",
                condition=Q(met_at=None, cancelled_at=None),
            ),
            models.Index(fields=["cycle"], name="clock_cycle_idx"),
            models.Index(fields=["kind", "-met_at"], name="clock_met_idx", condition=Q(met_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} due {self.due_at}"
