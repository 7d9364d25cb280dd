"""The fields that rules, segments and pages may use: who a lead is, and whom they work for.

`columns` answers for many leads in one query; `values_as_of` for one lead at any instant. Values are plain
Python (text, whole numbers, lists of text, True/False, dates as ISO text); None means not known.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from django.apps import apps
from django.db import connection
from django.utils.dateparse import parse_datetime

from leads import normalise
from leads.models import Company, CustomField, Lead, no_value
from leads.spans import among

if TYPE_CHECKING:
    Values = dict[str, Any]

CUSTOM = "custom."

# What the reading of many leads asks for in place of the whole address, which hardly two leads share. The values read
# from it are the same: a role is a short local part of letters and hyphens.
# The server looks at patterns last: they cost it several times as much as everything else about an address.
RAW_DOMAIN = "split_part(l.email, '@', -1)"
RAW = {
    "email_domain": RAW_DOMAIN,
    "email_class": "CASE WHEN strpos(l.email, '@') < 2 THEN l.email WHEN strpos(l.email, '@') BETWEEN 3 AND 11"
    f" AND l.email ~ '^[^@0-9._+]{{2,10}}@[^@]*$' THEN l.email ELSE 'x@' || {RAW_DOMAIN} END",
}


@dataclass(frozen=True)
class Field:
    """`type`: text, choice, number, boolean, date or list. `group`: person, company, origin or custom."""

    key: str
    label: str
    type: str
    group: str
    column: str = ""  # where the raw value stands: l is the lead, c the company
    derive: Callable[[Any], Any] | None = None


def _registry(*fields: Field) -> dict[str, Field]:
    return {field.key: field for field in fields}


FIELDS: dict[str, Field] = _registry(
    Field("email", "E-mail", "text", "person", "l.email"),
    Field("email_domain", "E-mail domain", "text", "person", "l.email", normalise.email_domain),
    Field("email_class", "Kind of address", "choice", "person", "l.email", normalise.email_class),
    Field("title", "Job title", "text", "person", "l.title"),
    Field("seniority", "Seniority", "choice", "person", "l.seniority"),
    Field("department", "Department", "text", "person", "l.department"),
    Field("country", "Country", "text", "person", "l.country"),
    Field("city", "City", "text", "person", "l.city"),
    Field("phone", "Phone", "text", "person", "l.phone"),
    Field("source", "Source", "text", "origin", "l.source"),
    Field("campaign", "Campaign", "text", "origin", "l.campaign"),
    Field("company", "Company", "text", "company", "c.name"),
    Field("industry", "Industry", "text", "company", "c.industry"),
    Field("employees", "Company size", "number", "company", "c.employees"),
    Field("revenue", "Company revenue", "number", "company", "c.revenue"),
    Field("company_country", "Company country", "text", "company", "c.country"),
    Field("technologies", "Technologies", "list", "company", "c.technologies"),
)
CHOICES: dict[str, tuple[str, ...]] = {
    "email_class": ("free", "disposable", "business", "role"),
    "seniority": ("owner", "c_level", "vp", "head", "director", "manager", "senior", "staff", "entry"),
}


def all_fields() -> dict[str, Field]:
    """The registry and the company's own fields; one query."""
    own = CustomField.objects.order_by("label").values_list("key", "label", "type")
    return FIELDS | {CUSTOM + key: Field(CUSTOM + key, label, type_, "custom") for key, label, type_ in own}


def columns(lead_ids: Sequence[int], keys: Iterable[str] | None = None) -> dict[str, list[Any]]:
    """One list per key, parallel to `lead_ids`; None where nothing is known. One query, whatever the number.

    Without `keys`: every field of the registry, and every own field that one of these leads has.
    """
    wanted = list(FIELDS) if keys is None else list(keys)
    core = [key for key in wanted if key in FIELDS]
    own = [key for key in wanted if key.startswith(CUSTOM)]
    rows = _fetch(lead_ids, core, custom=keys is None or bool(own))
    if keys is None:
        own = sorted({CUSTOM + key for row in rows.values() for key in row[-1]})
    found = [rows.get(lead_id) for lead_id in lead_ids]
    result = {key: [_core(key, row, place) for row in found] for place, key in enumerate(core)}
    for key in own:
        name = key.removeprefix(CUSTOM)
        result[key] = [_known(row[-1].get(name)) if row else None for row in found]
    return {key: result.get(key) or [None] * len(lead_ids) for key in [*wanted, *own]}


def value_of(lead: Lead, key: str) -> Any:
    """One field of the registry for a lead that is at hand, with its company; None when it is not known."""
    field = FIELDS.get(key)
    if field is None:
        return None
    table, _, name = field.column.partition(".")
    row: Any = lead if table == "l" else lead.company
    raw = getattr(row, name) if row else None
    return _known(field.derive(raw) if field.derive else raw)


class Raw(NamedTuple):
    """One field of many leads as the table has it: hashable values, and what turns each into the field's value."""

    values: Sequence[Hashable]
    read: Callable[[Any], Any]


def raw_columns(lead_ids: Sequence[int], keys: Iterable[str]) -> dict[str, Raw]:
    """As `columns` for ascending ids, but unread: of many leads few values are distinct, and each is read once."""
    wanted = {key: raw_of(key) for key in keys if key in FIELDS or key.startswith(CUSTOM)}
    if not wanted:
        return {}
    found, values = _packed(lead_ids, wanted)
    if found != list(lead_ids):
        row_of = {lead_id: row for row, lead_id in enumerate(found)}
        rows = [row_of.get(lead_id) for lead_id in lead_ids]
        values = [[None if row is None else column[row] for row in rows] for column in values]
    return {key: Raw(column, wanted[key][2]) for key, column in zip(wanted, values, strict=True)}


def _packed(lead_ids: Sequence[int], wanted: dict[str, Any]) -> tuple[list[int], list[list[Any]]]:
    """Ids and columns, each as one array: a tuple per lead would cost several times as much."""
    names = ", ".join(f"{sql} AS v{place}" for place, (sql, _, _) in enumerate(wanted.values()))
    packed = ", ".join(f"array_agg(v{place})" for place in range(len(wanted)))
    params = [param for _, params, _ in wanted.values() for param in params]
    where, ids = among("l.id", lead_ids)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT array_agg(id), {packed} FROM (SELECT l.id, {names}"  # noqa: S608  names of the registry above
            " FROM leads_lead l LEFT JOIN leads_company c ON c.id = l.company_id"
            f" WHERE {where} ORDER BY l.id) found",
            [*params, *ids],
        )
        found, *values = cursor.fetchone()
    return found or [], [column or [] for column in values]


def raw_of(key: str) -> tuple[str, list[str], Callable[[Any], Any]]:
    """The SQL for a hashable value, its parameters, and how to read it. What is no plain scalar comes as JSON text."""
    if key.startswith(CUSTOM):
        return "(l.custom -> %s)::text", [key.removeprefix(CUSTOM)], _from_json
    field = FIELDS[key]
    if field.type == "list":
        return f"to_json({field.column})::text", [], _from_json
    derive = field.derive
    return RAW.get(key, field.column), [], (lambda value: _known(derive(value))) if derive else _known


def _from_json(text: str | None) -> Any:
    return None if text is None else _known(orjson.loads(text))


def _fetch(lead_ids: Sequence[int], core: list[str], *, custom: bool) -> dict[int, tuple[Any, ...]]:
    """{lead id: (raw values in the order of `core`, own fields)}"""
    names = ", ".join(["l.id", *(FIELDS[key].column for key in core), "l.custom" if custom else "'{}'"])
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {names} FROM leads_lead l LEFT JOIN leads_company c ON c.id = l.company_id"  # noqa: S608
            " WHERE l.id = ANY(%s)",  # the names come from the registry above
            [list(lead_ids)],
        )
        return {row[0]: (*row[1:-1], orjson.loads(row[-1])) for row in cursor}


def _core(key: str, row: tuple[Any, ...] | None, place: int) -> Any:
    if row is None:
        return None
    derive = FIELDS[key].derive
    return _known(derive(row[place]) if derive else row[place])


def _known(value: Any) -> Any:
    return None if no_value(value) else value


def values_as_of(lead: Lead, as_of: datetime) -> Values:
    """What was known of this lead at `as_of` (aware); keys as in `columns`. Three queries.

    A value counts from the moment its provenance names, so an import of old data is not news of today. What
    was typed straight into the database counts from the moment the history saw it.
    """
    person = _as_of(Lead, lead.pk, as_of)
    firm = _as_of(Company, person["company_id"], as_of) if person.get("company_id") else {}
    sources = {"l": person, "c": firm}
    values: Values = {}
    for key, field in FIELDS.items():
        table, _, name = field.column.partition(".")
        raw = sources[table].get(name)
        values[key] = _known(field.derive(raw) if field.derive else raw)
    return values | {key: value for key, value in person.items() if key.startswith(CUSTOM)}


def _as_of(model: type[Lead] | type[Company], pk: int, as_of: datetime) -> Values:
    """{field: value}: for each field, the newest entry of the history that was true by `as_of`."""
    events = apps.get_model("leads", f"{model.__name__}Event")
    names = [field.attname for field in model._meta.concrete_fields]
    history = (
        events.objects.filter(pgh_obj_id=pk)
        .exclude(pgh_label="delete")
        .order_by("-pgh_id")
        .values("pgh_created_at", *names)
    )
    result: Values = {}
    for event in history:
        for name, value in _flat(event).items():
            if name not in result and _true_from(event, name) <= as_of:
                result[name] = value
    return result


def _flat(event: Values) -> Values:
    """Own fields beside the others, under their keys."""
    own = event.get("custom") or {}
    return event | {CUSTOM + key: value for key, value in own.items()}


def _true_from(event: Values, name: str) -> datetime:
    entry = (event.get("provenance") or {}).get(name.removesuffix("_id"))
    return (parse_datetime(entry["at"]) if entry else None) or event["pgh_created_at"]
