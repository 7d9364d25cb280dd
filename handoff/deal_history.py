"""What happened to a deal: the stages it went through, and who had it. The newest first.

Owners are read from the row's own history, so a deal that went along with its lead tells it as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db.models import F, Window
from django.db.models.functions import Lag

from accounts.models import User
from handoff.models import Opportunity, StageStep


@dataclass(frozen=True)
class OwnerChange:
    """`by` is nobody for a machine that belongs to nobody."""

    at: datetime
    before: User
    after: User
    by: User | None


def history(deal: Opportunity, *, most: int) -> list[StageStep | OwnerChange]:
    steps = deal.steps.select_related("stage", "from_stage", "by").order_by("-at", "-pk")
    told: list[StageStep | OwnerChange] = [*steps[:most], *owner_changes(deal, most=most)]
    return sorted(told, key=lambda each: each.at, reverse=True)[:most]


def owner_changes(deal: Opportunity, *, most: int) -> list[OwnerChange]:
    states = apps.get_model("handoff", "OpportunityEvent").objects.filter(pgh_obj_id=deal.pk)
    states = states.annotate(was=Window(Lag("owner_id"), order_by="pgh_id"))
    changed = states.filter(was__isnull=False).exclude(was=F("owner_id")).order_by("-pgh_id")
    rows = list(changed.values_list("pgh_created_at", "was", "owner_id", "changed_by_id")[:most])
    people = User.objects.in_bulk({pk for _, *named in rows for pk in named if pk})
    return [OwnerChange(at, people[was], people[now], people.get(by)) for at, was, now, by in rows]
