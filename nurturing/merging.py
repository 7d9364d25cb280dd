"""Merge fields: {{ first_name | default: "there" }}. Only names on the list, only a few filters, no tags.

Liquid, because marketers write these and Liquid cannot call methods or read files. Pure: no database, no clock.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any

from liquid import Environment
from liquid.exceptions import LiquidError

FIELDS = {
    "first_name": "First name",
    "last_name": "Last name",
    "name": "Full name",
    "email": "E-mail",
    "title": "Job title",
    "department": "Department",
    "country": "Country",
    "city": "City",
    "company": "Company",
    "industry": "Industry",
    "organisation": "Our name",
    "webinar": "Webinar",
    "webinar_time": "Webinar, date and time",
}
FILTERS = {"default", "capitalize", "upcase", "downcase", "strip"}
LONGEST = 200  # characters of one value; a name of 10,000 is a joke or an attack
FIELD = re.compile(r"\{\{.*?\}\}", re.DOTALL)
PLAIN = re.compile(r"""\{\{\s*([a-z_]+)\s*(?:\|\s*default\s*:\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*)?\}\}""")
LONGEST_FIELD = 300  # characters of one merge field as written
UNSEEN = re.compile("[\x00-\x1f\x7f\u2028\u2029\u200b\u2060\ufeff\ud800-\udfff]+")


# No autoescape: it trusts literals such as the default. Values are escaped where they are placed, text of ours or not.
NO_TAGS = {"content", "output", "illegal"}  # text, {{ … }}, and the refusal of everything else


class Sandbox(Environment):
    """Bounded, without tags, and with the filters of the list alone: what `check` let through cannot do more later."""

    context_depth_limit = 5
    loop_iteration_limit = 1
    local_namespace_limit = 1_000


_environment = Sandbox()
_environment.tags = {name: each for name, each in _environment.tags.items() if name in NO_TAGS}
_environment.filters = {name: each for name, each in _environment.filters.items() if name in FILTERS}


class BadMergeField(ValueError):
    """Says in words which merge field cannot be understood, and what can."""


def clean(value: Any) -> str:
    """One line without control characters: safe in a header and in a body."""
    return " ".join(UNSEEN.sub(" ", str(value)[: 4 * LONGEST]).split())[:LONGEST]


def problems(source: str, own_fields: Collection[str] = ()) -> list[str]:
    """What is wrong with the merge fields of a text, in words; empty when nothing is."""
    found = []
    if "{%" in source:
        found.append("Blocks such as {% if %} are not understood in a mail; use merge fields with a default.")
    rest = FIELD.sub("", source)
    if "{{" in rest or "}}" in rest:
        found.append("A merge field is not closed: it begins with {{ and ends with }}.")
    for field in FIELD.findall(source):
        try:
            check(field, own_fields)
        except BadMergeField as error:
            found.append(str(error))
    return found


def check(field: str, own_fields: Collection[str] = ()) -> None:
    """Raises BadMergeField unless the names and filters of this one field are on the lists."""
    if len(field) > LONGEST_FIELD:
        raise BadMergeField(f"The merge field {field[:60]}… is too long.")
    try:
        template = _environment.from_string(field)
        names = {str(path) for path in template.global_variable_paths()}
        filters = set(template.filter_names())
    except (LiquidError, RecursionError) as error:
        raise BadMergeField(f"The merge field {field[:60]} cannot be read.") from error
    allowed = {*FIELDS, *(f"custom.{key}" for key in own_fields)}
    for name in sorted(names - allowed):
        raise BadMergeField(f"There is no merge field {name[:60]}. Use one of: {', '.join(FIELDS)}.")
    for name in sorted(filters - FILTERS):
        raise BadMergeField(
            f"{name} is not understood here. After the | use one of: {', '.join(sorted(FILTERS))}."
        )
    if not names:
        raise BadMergeField(f"The merge field {field[:60]} names no field.")


def fill(field: str, values: Mapping[str, Any]) -> str:
    """One merge field for one lead, as plain text: the caller escapes it for where it goes. Unknown is empty."""
    plain = _plain(field)
    if plain is not None:
        name, otherwise = plain
        value = values.get(name)
        if value is None or isinstance(value, str):
            return clean(value or otherwise)
    short = {
        name: value[: 4 * LONGEST] if isinstance(value, str) else value for name, value in values.items()
    }
    return clean(_compiled(field).render(**short))


@lru_cache(maxsize=2_000)
def _plain(field: str) -> tuple[str, str] | None:
    """Name and default of a field that is no more than that, as nearly all are: much faster than Liquid."""
    found = PLAIN.fullmatch(field)
    return (found[1], found[2] or found[3] or "") if found else None


@lru_cache(maxsize=2_000)
def _compiled(field: str) -> Any:
    return _environment.from_string(field)


def names(field: str) -> list[str]:
    """What this one field asks of a lead; empty when it cannot be read."""
    try:
        return sorted({str(path) for path in _compiled(field).global_variable_paths()})
    except (LiquidError, RecursionError):
        return []
