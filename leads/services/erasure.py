"""Erasing one person: what is left is a blank row, anonymous counts, and keyed hashes of the addresses.

Order   files first: once the rows are gone nobody knows any more what to look for in them
Rows    one transaction; history is not kept of it, and former states go as well
Counts  activities stay for totals, by day, under nobody; runs, mails, cycles and hand-offs stay without words
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pgtrigger
from django.apps import apps
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast, Now

from leads import erased_addresses
from leads.holdings import Holding, endings, holdings
from leads.models import Company, Lead, PersonRequest, Suppression
from leads.scrubbing import Marks
from leads.services import import_files
from leads.services.persons import Person, history, inventory, rows
from leads.services.touches import touch

NOBODY = 0  # whom anonymous activities belong to
ENOUGH = 5  # others with the same source: fewer could tell who it was
KEPT = ("id", "stage", "owner", "merged_into", "created_at", "erased_at", "source", "campaign")

# By day, since the very second may be in somebody else's log. What only this person did loses its properties, too.
ANONYMOUS = """
UPDATE leads_activity SET lead_id = 0, subject_id = 0, props = NULL, message_id = '',
    occurred_at = date_trunc('day', occurred_at), received_at = date_trunc('day', received_at)
WHERE lead_id = ANY(%s)
"""
OWN_SHAPES = """
SELECT DISTINCT mine.shape_id FROM leads_activity mine WHERE mine.lead_id = ANY(%s) AND NOT EXISTS (
    SELECT FROM leads_activity other WHERE other.shape_id = mine.shape_id AND other.lead_id <> ALL(%s))
"""
# The row stays, because workers remember its number.
BLANK_SHAPES = """
UPDATE leads_activityshape SET props = '{"other": "true"}', hash = decode(md5('erased ' || id), 'hex')
WHERE id = ANY(%s) AND props <> '{}'
"""


def erase(whose: Person) -> list[tuple[str, int]]:
    """[what, how many rows]. Raises FileBusy while an import works on a file that names the person."""
    import_files.scrub(whose.marks)
    _delete_copies(whose)
    with transaction.atomic():
        list(Lead.objects.select_for_update().filter(pk__in=whose.leads).order_by("pk").values_list("pk"))
        gone = inventory(whose)
        for stop in endings():
            stop(whose.leads)
        with pgtrigger.ignore():
            _erase_rows(whose)
        _remember(whose.addresses)
        touch([whose.lead_id])
    return gone


def _erase_rows(whose: Person) -> None:
    companies = list(Company.objects.filter(leads__in=whose.leads).values_list("pk", flat=True).distinct())
    found = [(holding, list(rows(holding, whose).values_list("pk", flat=True))) for holding in holdings()]
    for holding, keys in found:
        _forget_history(history(holding, whose, keys))
    for holding, keys in found:
        if holding.blank:
            _of(holding, keys).filter(**holding.only).update(**holding.blank)
    for holding, keys in found:
        if holding.blank is None:
            _delete(_of(holding, keys))
    _anonymise_activities(whose)
    _blank_leads(whose)
    _erase_companies(companies)
    _scrub_others(whose.marks)


def _of(holding: Holding, keys: Iterable[Any]) -> QuerySet[Any]:
    return holding.rows._base_manager.filter(pk__in=list(keys))


def _forget_history(events: QuerySet[Any] | None) -> None:
    if events is not None:
        _delete(events)


def _delete(found: QuerySet[Any]) -> None:
    """Row by row of this table alone: what hangs on it is registered by itself."""
    found._raw_delete(found.db)


def _anonymise_activities(whose: Person) -> None:
    leads = list(whose.leads)
    with connection.cursor() as cursor:
        cursor.execute(OWN_SHAPES, [leads, leads])
        own = [shape for (shape,) in cursor.fetchall()]
        cursor.execute(ANONYMOUS, [leads])
        cursor.execute(BLANK_SHAPES, [own])


def _blank_leads(whose: Person) -> None:
    _delete(apps.get_model("leads", "LeadEvent").objects.filter(id__in=whose.leads))
    for lead in Lead.objects.filter(pk__in=whose.leads):
        kept = {name: getattr(lead, name) if _common(name, lead) else "" for name in ("source", "campaign")}
        empty = {
            field.name: field.get_default() if not field.null else None
            for field in Lead._meta.concrete_fields
            if field.name not in KEPT
        }
        Lead.objects.filter(pk=lead.pk).update(**empty, **kept, erased_at=Now())


def _common(name: str, lead: Lead) -> bool:
    value = getattr(lead, name)
    return bool(value) and Lead.objects.filter(**{name: value}).exclude(pk=lead.pk)[:ENOUGH].count() == ENOUGH


def _erase_companies(companies: list[int]) -> None:
    """A company that nobody else works for is the person's own."""
    empty = Company.objects.filter(pk__in=companies).filter(
        ~Exists(Lead.objects.filter(company=OuterRef("pk")))
    )
    keys = list(empty.values_list("pk", flat=True))
    _delete(apps.get_model("leads", "CompanyEvent").objects.filter(id__in=keys))
    _delete(Company.objects.filter(pk__in=keys))


# Tables of no single person; a row that mentions this one goes: (model, columns of text, columns of JSON).
MENTIONS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("accounts.IdempotencyKey", ("key",), ("answer",)),
    ("admin.LogEntry", ("object_repr", "change_message"), ()),
    ("leads.ImportEvent", ("name", "error"), ("mapping",)),
)


def _scrub_others(marks: Marks) -> None:
    for name, texts, data in MENTIONS:
        told = apps.get_model(name)._base_manager
        found = told.annotate(**{f"{column}_said": Cast(column, TextField()) for column in data})
        meant = Q(pk__in=[])
        for column in [*texts, *(f"{column}_said" for column in data)]:
            for word in marks.words:
                meant |= Q(**{f"{column}__icontains": word})
        _delete(told.filter(pk__in=list(found.filter(meant).values_list("pk", flat=True))))


def _remember(addresses: Iterable[str]) -> None:
    """Never mailed again, and yet not known: see leads.erased_addresses."""
    Suppression.objects.bulk_create(
        [
            Suppression(address=erased_addresses.disguised(address), reason=Suppression.Reason.ERASED)
            for address in sorted(addresses)
        ],
        ignore_conflicts=True,
    )


def _delete_copies(whose: Person) -> None:
    for request in PersonRequest.objects.filter(lead_id__in=whose.leads).exclude(file=""):
        request.file.storage.delete(str(request.file.name))
        PersonRequest.objects.filter(pk=request.pk).update(file="", expires_at=Now())
