"""One person with everything that is about them: their leads, what names them, and their rows in every table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet

from leads.holdings import Holding, holdings
from leads.models import Activity, Consent, Identity, Lead
from leads.scrubbing import Marks


@dataclass(frozen=True)
class Person:
    """A lead, and whoever was merged into it. `addresses` in lower case, former ones too."""

    lead_id: int
    leads: tuple[int, ...]
    addresses: frozenset[str]
    marks: Marks


def person(lead: Lead) -> Person:
    leads = _family(lead.pk)
    told = [*Lead.objects.filter(pk__in=leads), *_former(leads)]
    names = Identity.objects.filter(lead__in=leads)
    addresses = {row.email.lower() for row in told if row.email}
    addresses |= set(names.filter(kind=Identity.Kind.EMAIL).values_list("value", flat=True))
    addresses |= set(Consent.objects.filter(lead__in=leads).values_list("address", flat=True)) - {""}
    others = set(names.exclude(kind=Identity.Kind.EMAIL).values_list("value", flat=True))
    phones = {row.phone for row in told if row.phone}
    full = {(row.first_name, row.last_name) for row in told if row.first_name and row.last_name}
    marks = Marks(frozenset(addresses | others | phones), frozenset(full))
    return Person(lead.pk, tuple(leads), frozenset(addresses), marks)


def _family(lead_id: int) -> list[int]:
    found, fresh = {lead_id}, {lead_id}
    while fresh:
        fresh = set(Lead.objects.filter(merged_into__in=fresh).values_list("pk", flat=True)) - found
        found |= fresh
    return sorted(found)


def _former(leads: Iterable[int]) -> list[Any]:
    return list(apps.get_model("leads", "LeadEvent").objects.filter(id__in=list(leads)))


def rows(holding: Holding, whose: Person) -> QuerySet[Any]:
    """Those of one table that are about them."""
    return holding.rows._base_manager.filter(_about(holding, holding.rows, whose))


def history(holding: Holding, whose: Person, keys: Iterable[Any]) -> QuerySet[Any] | None:
    """Former states of those rows, and of rows that are gone."""
    table = holding.history
    if table is None:
        return None
    return table._base_manager.filter(Q(pgh_obj_id__in=list(keys)) | _about(holding, table, whose))


def _about(holding: Holding, table: type[Model], whose: Person) -> Q:
    known = {field.name for field in table._meta.get_fields()}
    found = Q(pk__in=[])
    first = holding.path.partition("__")[0]
    if holding.path and first in known:
        found |= Q(**{f"{holding.path}__in": whose.leads})
    if holding.model == "leads.LeadMerge":
        found |= Q(loser__in=whose.leads)
    for column in holding.addresses:
        for address in whose.addresses:
            found |= Q(**{f"{column}__iexact": address})
    for column in holding.values:
        for address in whose.addresses:
            found |= Q(**{f"{column}__iregex": rf'"\s*{re.escape(address)}\s*"'})
    if whose.addresses:
        for column in holding.lists:
            found |= Q(**{f"{column}__overlap": sorted(whose.addresses)})
    return found


def activities(whose: Person) -> QuerySet[Activity]:
    return Activity.objects.filter(lead__in=whose.leads)


def inventory(whose: Person) -> list[tuple[str, int]]:
    """[what, how many rows], without what there is none of."""
    found = [("fields and their former values", len(whose.leads)), ("activities", activities(whose).count())]
    found += [(holding.words, rows(holding, whose).count()) for holding in holdings()]
    return [(words, number) for words, number in found if number]


def everything(whose: Person) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """(table, its rows as they stand), then the same of former states."""
    yield "leads_lead", [dict(row) for row in Lead.objects.filter(pk__in=whose.leads).values()]
    yield (
        "leads_lead_history",
        list(apps.get_model("leads", "LeadEvent").objects.filter(id__in=whose.leads).values()),
    )
    yield "leads_company", list(_companies(whose).values())
    told = activities(whose).select_related("shape")
    yield "leads_activity", [_activity(row) for row in told.order_by("occurred_at").iterator(chunk_size=2000)]
    for holding in holdings():
        found = rows(holding, whose)
        yield holding.rows._meta.db_table, list(found.values())
        before = history(holding, whose, found.values_list("pk", flat=True))
        if before is not None:
            yield f"{holding.rows._meta.db_table}_history", list(before.values())


def _companies(whose: Person) -> QuerySet[Any]:
    return apps.get_model("leads", "Company").objects.filter(leads__in=whose.leads).distinct()


def _activity(row: Activity) -> dict[str, Any]:
    return {
        "what": row.shape.words.label,
        "kind": row.shape.kind,
        "about": row.shape.props,
        "occurred_at": row.occurred_at,
        "received_at": row.received_at,
        "seconds": row.seconds,
        "amount": row.amount,
        "message_id": row.message_id,
        "props": row.props,
        "machine": row.shape.machine,
    }
