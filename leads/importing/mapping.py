"""Which column goes where: checked against the file before a row is read. Pure."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from leads import normalise
from leads.importing.presets import OPT_OUT, PRESETS, Preset, guess
from leads.values import NUMBER, BadValue, number, unanswered

PERSON_TARGETS: dict[str, str] = {
    "email": "E-mail",
    "external_id": "External id",
    "name": "Full name",
    "first_name": "First name",
    "last_name": "Last name",
    "phone": "Phone",
    "title": "Job title",
    "seniority": "Seniority",
    "department": "Department",
    "country": "Country",
    "city": "City",
    "time_zone": "Time zone",
}
COMPANY_TARGETS: dict[str, str] = {
    "company": "Company",
    "company_domain": "Company website",
    "industry": "Industry",
    "employees": "Company size",
    "revenue": "Company revenue",
    "company_country": "Company country",
    "technologies": "Technologies",
}
ORIGIN_TARGETS: dict[str, str] = {
    "source": "Source",
    "campaign": "Campaign",
    "created_at": "Created on",
    OPT_OUT: "Must not be mailed",
}
MOST_DIGITS = 16  # longer numbers are told apart as they stand
TARGETS = PERSON_TARGETS | COMPANY_TARGETS | ORIGIN_TARGETS


class BadMapping(ValueError):
    """Says which part of the mapping cannot be used, and what could stand there."""


@dataclass(frozen=True)
class OutcomeColumn:
    """The column that says how it ended. Other values say nothing, and the report names them."""

    column: str
    won: frozenset[str]
    lost: frozenset[str]

    def read(self, cell: str) -> str:
        """`won`, `lost` or blank: nobody answered. Raises BadValue."""
        word = _word(cell)
        if word in self.won or word in self.lost:
            return "won" if word in self.won else "lost"
        if unanswered(cell):
            return ""
        raise BadValue("This is neither won nor lost.")


def _word(cell: str) -> str:
    """The same for `Won` and ` won`, and for 1 and 1.0."""
    word = cell.strip().casefold()
    return str(number(word)) if NUMBER.fullmatch(word) and len(word) < MOST_DIGITS else word


@dataclass(frozen=True)
class Mapping:
    """`targets`: {column: field or "custom.<key>"}; columns that are left out do not stand in it.

    Of several columns for one field the first that is answered counts. `labels`: {own field's key: column}.
    """

    targets: dict[str, str]
    labels: dict[str, str] = field(default_factory=dict)
    outcome: OutcomeColumn | None = None
    prefix: str = ""

    @property
    def custom_columns(self) -> dict[str, str]:
        """{column: own field's key}"""
        return {
            column: target.removeprefix("custom.")
            for column, target in self.targets.items()
            if target.startswith("custom.")
        }


def from_preset(key: str, columns: Sequence[str]) -> Mapping:
    preset = PRESETS.get(key)
    if preset is None:
        raise BadMapping(f"There is no preset {key}. Known: {', '.join(PRESETS)}.")
    return build({"columns": guess(columns, preset)}, columns, preset)


def build(data: MappingABC[str, Any], columns: Sequence[str], preset: Preset | None = None) -> Mapping:
    """From the mapping file's shape: {"columns": {column: field | null}, "outcome": {…}}.

    A column that is not named becomes an own field. Raises BadMapping.
    """
    if preset and preset.refuse:
        raise BadMapping(preset.refuse)
    named = data.get("columns") or {}
    if not isinstance(named, dict):
        raise BadMapping("“columns” must be an object of column names and fields.")
    _check_names(named, columns)
    outcome = _outcome(data.get("outcome"), columns)
    targets, labels = _targets(named, columns, skip=outcome.column if outcome else None)
    if not {"email", "external_id"} & set(targets.values()):
        raise BadMapping("Choose the column that holds the e-mail address or an external id.")
    return Mapping(targets, labels, outcome, preset.prefix if preset else str(data.get("prefix") or ""))


def _check_names(named: MappingABC[str, Any], columns: Sequence[str]) -> None:
    missing = [name for name in named if name not in columns]
    if missing:
        there = ", ".join(columns)
        raise BadMapping(f"The file has no column {', '.join(missing)}. Its columns are: {there}."[:2000])
    for column, target in named.items():
        known = (
            target in (None, "custom")
            or (isinstance(target, str) and target in TARGETS)
            or _names_custom(target)
        )
        if not known:
            raise BadMapping(f"{column}: there is no field {target}. Known: {', '.join(TARGETS)}.")


def _names_custom(target: Any) -> bool:
    return isinstance(target, str) and target.startswith("custom.") and bool(target.removeprefix("custom."))


def _targets(
    named: MappingABC[str, Any], columns: Sequence[str], skip: str | None
) -> tuple[dict[str, str], dict[str, str]]:
    """Named columns first, in their order; then own fields for the rest, each with a key of its own."""
    targets: dict[str, str] = {}
    labels: dict[str, str] = {}
    for column in [*named, *(column for column in columns if column not in named)]:
        target = named.get(column, "custom")
        if column == skip or target is None:
            continue
        if target == "custom":
            target = f"custom.{_free_key(column, labels)}"
        if target.startswith("custom."):
            key = normalise.key_of(target.removeprefix("custom."))
            target = f"custom.{key}"
            labels.setdefault(key, column)
        targets[column] = target
    return targets, labels


def _free_key(column: str, taken: dict[str, str]) -> str:
    key, number = normalise.key_of(column), 2
    while key in taken:
        key, number = f"{normalise.key_of(column)[:56]}_{number}", number + 1
    return key


def _outcome(data: Any, columns: Sequence[str]) -> OutcomeColumn | None:
    if not data:
        return None
    if not isinstance(data, dict) or data.get("column") not in columns:
        raise BadMapping("“outcome” must name a column of the file, and which values mean won and lost.")
    won, lost = (frozenset(_word(str(v)) for v in data.get(name) or []) for name in ("won", "lost"))
    if (not won and not lost) or won & lost:
        raise BadMapping("“outcome” needs values for won or lost, and none that means both.")
    return OutcomeColumn(data["column"], won, lost)
