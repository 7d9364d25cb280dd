"""Who takes over: rules in their order, seats with their limits, absences, and what was decided why."""

from __future__ import annotations

from typing import ClassVar

import pghistory
import pgtrigger
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connection, models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Team
from handoff.models.calendars import BusinessCalendar
from handoff.models.handoffs import Handoff
from scoring.models import QualificationCycle

EARLIEST_YEAR, LATEST_YEAR = 2000, 3000  # of an absence


@pghistory.track()
class RoundRobinSeat(models.Model):
    """A rep's place in the rotation, and how much they can take. Empty limits mean no limit."""

    rep = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="seat")
    weight = models.PositiveSmallIntegerField(default=1, help_text="Shares of each round; 2 gets twice of 1.")
    active = models.BooleanField("takes turns", default=True)
    max_open = models.PositiveSmallIntegerField(
        "unanswered offers at most", null=True, blank=True, help_text="Empty means no limit."
    )
    max_today = models.PositiveSmallIntegerField(
        "offers a day at most", null=True, blank=True, help_text="A day in the rep's own time zone."
    )
    calendar = models.ForeignKey(
        BusinessCalendar,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="working hours",
        help_text="Outside them no lead is offered. Empty means those of the team, or no limit.",
    )

    def __str__(self) -> str:
        return f"{self.rep}, weight {self.weight}"


@pghistory.track()
class Absence(models.Model):
    """A rep is away. Turns are owed to them meanwhile, up to `most_owed` leads."""

    rep = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="absences")
    starts_at = models.DateTimeField("from")
    ends_at = models.DateTimeField("until", null=True, blank=True, help_text="Empty: nobody knows yet.")
    cover = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Takes leads that a rule gives to the absent rep by name.",
    )
    most_owed = models.PositiveSmallIntegerField(
        "owed at most",
        default=2,
        help_text="Leads that the rotation may owe on the return, so that nobody is flooded.",
    )

    class Meta:
        ordering: ClassVar = ["starts_at", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ends_at=None) | Q(ends_at__gt=F("starts_at")),
                name="absence_ends_later",
                violation_error_message="An absence ends after it began.",
            ),
            models.CheckConstraint(
                condition=Q(cover=None) | ~Q(cover=F("rep")),
                name="absence_cover_other",
                violation_error_message="Nobody stands in for themselves.",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["rep", "starts_at"], name="absence_rep_idx")]

    def __str__(self) -> str:
        return f"{self.rep} is away"

    def clean(self) -> None:
        """Years that the working-time walk never reaches would stop every decision, not only this one."""
        for name in ("starts_at", "ends_at"):
            moment = getattr(self, name)
            if moment is not None and not EARLIEST_YEAR <= moment.year <= LATEST_YEAR:
                raise ValidationError({name: f"Choose a year from {EARLIEST_YEAR} to {LATEST_YEAR}."})
        self._must_not_overlap()

    def _must_not_overlap(self) -> None:
        """Within a transaction the rep's row is the lock, so that of two tabs the second sees what the first saved."""
        if self.rep_id is None or self.starts_at is None:
            return
        if connection.in_atomic_block:
            get_user_model().objects.select_for_update(no_key=True).filter(pk=self.rep_id).first()
        others = Absence.objects.filter(Q(ends_at=None) | Q(ends_at__gt=self.starts_at), rep=self.rep_id)
        if self.ends_at is not None:
            others = others.filter(starts_at__lt=self.ends_at)
        other = others.exclude(pk=self.pk).first()
        if other is not None:
            words = f"{self.rep} is away {other.period()} already. End that absence first, or choose another time."
            raise ValidationError({"starts_at": words})

    def period(self) -> str:
        """In the time zone of whoever reads it."""
        first, last = (
            f"{local.day} {local:%b %Y %H:%M}" if local else ""
            for local in (moment and timezone.localtime(moment) for moment in (self.starts_at, self.ends_at))
        )
        return f"from {first} to {last}" if last else f"since {first}, with no end yet,"


@pghistory.track()
class RoutingRule(models.Model):
    """One line of the routing, asked in the order of `position`; the first that holds decides."""

    class State(models.TextChoices):
        LIVE = "live", "In force"
        DRAFT = "draft", "Draft, in simulations only"
        OFF = "off", "Switched off"

    class Target(models.TextChoices):
        OWNER = "owner", "Whoever has the company"
        REP = "rep", "One rep"
        TEAM = "team", "A team, in turn"
        EVERYBODY = "everybody", "Everybody, in turn"
        QUEUE = "queue", "Hold for a colleague to choose"

    name = models.CharField(max_length=100, unique=True)
    state = models.CharField(max_length=5, choices=State, default=State.DRAFT)
    position = models.PositiveSmallIntegerField(default=0, help_text="The smallest is asked first.")
    conditions = models.JSONField(default=list, blank=True)
    target = models.CharField("goes to", max_length=9, choices=Target)
    rep = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="+")
    hold = models.BooleanField(
        "wait if nobody can take it",
        default=False,
        help_text="Otherwise the next rule is tried.",
    )

    class Meta:
        ordering: ClassVar = ["position", "id"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(target="rep") | Q(rep__isnull=False), name="route_rep_required"
            ),
            models.CheckConstraint(
                condition=~Q(target="team") | Q(team__isnull=False), name="route_team_required"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RotationPool(models.Model):
    """What the rotation owes whom: {rep id: parts of a lead}. Every assignment locks the first row."""

    key = models.CharField(max_length=40, primary_key=True, help_text="everybody, or team:<id>.")
    credits = models.JSONField(default=dict)

    def __str__(self) -> str:
        return self.key


@pghistory.track()
class Holding(models.Model):
    """A hand-off that nobody could take yet. It goes to the first who can, the oldest first."""

    cycle = models.ForeignKey(QualificationCycle, models.CASCADE, related_name="holdings")
    held_at = models.DateTimeField(db_default=models.functions.Now())
    held_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    note = models.CharField(max_length=500, blank=True)
    because = models.CharField(max_length=300)
    waits_for = models.CharField(max_length=40, help_text="The pool, rep or colleague it waits for.")
    next_at = models.DateTimeField(null=True, help_text="When somebody may be able to take it.")
    released_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["cycle"], condition=Q(released_at=None), name="holding_one_open"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["held_at", "id"], name="holding_open_idx", condition=Q(released_at=None)),
        ]

    def __str__(self) -> str:
        return f"Cycle {self.cycle_id} waits"


class RoutingDecision(models.Model):
    """Why a lead went where it went, for good: written with the assignment, refused every change."""

    cycle = models.ForeignKey(QualificationCycle, models.CASCADE, related_name="decisions")
    handoff = models.OneToOneField(Handoff, models.CASCADE, null=True, related_name="decision")
    rep = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    rule = models.CharField(max_length=100)
    because = models.CharField(max_length=300)
    steps = models.JSONField(help_text="Each rule asked, and what it said.")
    candidates = models.JSONField(
        help_text="Who was looked at, what they were owed, why they were passed over."
    )
    decided_at = models.DateTimeField(db_default=models.functions.Now())

    class Meta:
        triggers: ClassVar = [pgtrigger.Protect(name="keep_decision", operation=pgtrigger.Update)]

    def __str__(self) -> str:
        return f"{self.rule}: {self.rep or 'held'}"
