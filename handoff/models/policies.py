"""What marketing and sales promise each other."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import Q

from handoff.models.calendars import BusinessCalendar
from handoff.querysets import PolicyQuerySet

MOST_MINUTES = 60 * 24 * 366  # a year that never closes; a longer promise is a slip of the finger
NOT_FOREVER = [MaxValueValidator(MOST_MINUTES, "A promise is a year of minutes at most.")]


@pghistory.track()
class SlaPolicy(models.Model):
    """Working minutes that we promise each other. A started clock keeps the policy it started with.

    The first active policy whose conditions all hold is a lead's; the default, which has none, is the last.
    """

    name = models.CharField(max_length=100, unique=True)
    position = models.PositiveSmallIntegerField(default=100, help_text="Policies are tried from the lowest.")
    conditions = models.JSONField("for leads with", default=list, blank=True)
    active = models.BooleanField(default=True)
    calendar = models.ForeignKey(BusinessCalendar, models.PROTECT, related_name="policies")
    hand_off_minutes = models.PositiveIntegerField(
        default=240, validators=NOT_FOREVER, help_text="Marketing: from MQL to handed off."
    )
    accept_minutes = models.PositiveIntegerField(
        default=120, validators=NOT_FOREVER, help_text="Sales: from offer to an answer."
    )
    first_touch_minutes = models.PositiveIntegerField(
        default=240, validators=NOT_FOREVER, help_text="Sales: from acceptance to the first touch."
    )
    disposition_minutes = models.PositiveIntegerField(
        default=4800,
        validators=NOT_FOREVER,
        help_text="Sales: from acceptance to a decision, an opportunity or the end of the cycle.",
    )
    escalate_after = models.PositiveIntegerField(
        "escalate after",
        default=60,
        null=True,
        blank=True,
        validators=NOT_FOREVER,
        help_text="Working minutes past due until the manager is told, once. Empty: never.",
    )
    is_default = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = PolicyQuerySet.as_manager()

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
