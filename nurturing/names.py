"""What other floors may know of campaigns: named in the settings, so that nobody imports us for it."""

from typing import Any

from django.db.models import CharField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from leads.models import Lead, ReEntry
from nurturing.models import Campaign

SHOWN = 3


def campaign_names() -> list[tuple[int, str, bool]]:
    """(id, name, running) of every campaign that has not ended."""
    rows = Campaign.objects.exclude(state=Campaign.State.ENDED).order_by("name")
    return [
        (pk, name, state == Campaign.State.ACTIVE)
        for pk, name, state in rows.values_list("pk", "name", "state")
    ]


def waiting_re_entries(lead: Lead) -> QuerySet[Any]:
    """The newest that sales asked for, with the `name` of the campaign."""
    named = Campaign.objects.filter(pk=OuterRef("campaign")).values("name")
    name = Coalesce(Subquery(named[:1]), Value("a campaign that is gone"), output_field=CharField())
    return ReEntry.objects.filter(lead=lead).annotate(name=name).order_by("-due_at")[:SHOWN]
