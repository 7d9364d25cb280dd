"""What marketing and sales promise each other."""

from __future__ import annotations

from typing import ClassVar

import pghistory
from django.db import models
from django.db.models import Q

from handoff.models.calendars import BusinessCalendar


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
