"""Who answers for the definition, and the reviews that were noted."""

from __future__ import annotations

from django.contrib import admin

from accounts.admin_kinds import OneRow, ReadOnly
from scoring.models import DefinitionReview, ReviewPolicy


@admin.register(ReviewPolicy)
class ReviewPolicyAdmin(OneRow):
    list_display = ("__str__", "owner", "every_days")


@admin.register(DefinitionReview)
class DefinitionReviewAdmin(ReadOnly):
    """To look at; reviews are noted on the page of the definition."""

    list_display = ("version", "day", "by", "note")
    list_select_related = ("version", "by")
