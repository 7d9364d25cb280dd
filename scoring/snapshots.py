"""What was known of leads, each at an instant of its own, as a table for the predictive score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from django.utils.dateparse import parse_date

from leads import fields
from leads.fields import Field
from leads.histories import Coded, Eras, eras_of
from scoring import deeds, facts
from scoring.outcomes import Outcomes
from scoring.prediction.columns import Column, Table, choices, least, numbers

MOST_ELEMENTS = 20  # of a list, each a column of its own
OF_LIST = "~"  # between a list's key and an element
GIVEN = frozenset({"email", "phone"})  # names one person; only that it is known can say something


@dataclass(frozen=True)
class Learnt:
    """Examples' table, and {field: (values that came after the instant, values in all)}."""

    table: Table
    later: dict[str, tuple[int, int]]


def of_outcomes(outcomes: Outcomes) -> Learnt:
    known = fields.all_fields()
    values, later = _then(outcomes.ids, outcomes.looked_at, list(known))
    instants = [facts.instant(at) for at in outcomes.looked_at.tolist()]
    found: dict[str, Column] = {}
    for key, field in known.items():
        found |= {column.key: column for column in _read(field, values[key], instants, None)}
    return Learnt(Table(outcomes.ids.tolist(), found | _deeds(outcomes)), later)


def _deeds(outcomes: Outcomes) -> dict[str, Column]:
    table, shapes = deeds.read(outcomes.ids)
    keys = deeds.worth_counting(table, shapes, lately=outcomes.mostly_dated)
    return deeds.columns(table, shapes, outcomes.looked_at, keys)


def _then(
    ids: np.ndarray, instants: np.ndarray, keys: Sequence[str]
) -> tuple[dict[str, list[Any]], dict[str, tuple[int, int]]]:
    """Each field as it was at the instant of each lead (ascending ids), and how many values came afterwards."""
    eras = eras_of(ids.tolist(), keys)
    then = _era_at(eras, instants)
    newest = np.where(eras.stops > eras.starts, eras.stops - 1, -1)
    values, later = {}, {}
    for key, column in eras.columns.items():
        before, now = _told(column, then), _told(column, newest)
        late = sum(a is None and b is not None for a, b in zip(before, now, strict=True))
        values[key], later[key] = before, (late, late + sum(value is not None for value in before))
    return values, later


def _era_at(eras: Eras, instants: np.ndarray) -> np.ndarray:
    """The place of the era in force; -1 where nothing was known yet."""
    rows = np.repeat(np.arange(len(instants)), eras.stops - eras.starts)
    begun = np.bincount(rows[eras.since <= instants[rows]], minlength=len(instants))
    return np.where(begun > 0, eras.starts + begun - 1, -1)


def _told(column: Coded, places: np.ndarray) -> list[Any]:
    """Each different value is read once."""
    codes = np.append(column.codes, 0)[places]  # the place -1 is nothing
    read = {code: column.read(column.values[code]) for code in np.unique(codes).tolist()}
    return [read[code] for code in codes.tolist()]


def of_leads(ids: np.ndarray, moments: Mapping[int, datetime], now: datetime, keys: Sequence[str]) -> Table:
    """These leads (ascending ids) as they are now; those in `moments` as they were then. Columns `keys` only."""
    known = fields.all_fields()
    wanted = {key.partition(OF_LIST)[0] for key in keys} & known.keys()
    values = _now_or_then(ids.tolist(), moments, sorted(wanted))
    instants = [moments.get(pk, now) for pk in ids.tolist()]
    found: dict[str, Column] = {}
    for name in wanted:
        elements = [key.partition(OF_LIST)[2] for key in keys if key.startswith(name + OF_LIST)]
        found |= {column.key: column for column in _read(known[name], values[name], instants, elements)}
    table, shapes = deeds.read(ids)
    at = np.array([facts.microseconds(instant) for instant in instants], dtype=np.int64)
    return Table(ids.tolist(), found | deeds.columns(table, shapes, at, deeds.keys_of(keys)))


def _now_or_then(ids: list[int], moments: Mapping[int, datetime], keys: list[str]) -> dict[str, list[Any]]:
    values = fields.columns(ids, keys)
    mine = np.array([pk for pk in ids if pk in moments], dtype=np.int64)
    if not len(mine) or not keys:
        return values
    instants = [facts.microseconds(moments[pk]) for pk in mine.tolist()]
    before, _ = _then(mine, np.array(instants, dtype=np.int64), keys)
    for row, place in enumerate(np.searchsorted(ids, mine).tolist()):
        for key in keys:
            values[key][place] = before[key][row]
    return values


def _read(
    field: Field, values: Sequence[Any], instants: Sequence[datetime], elements: Sequence[str] | None
) -> list[Column]:
    """One column, or of a list one for each of its frequent elements."""
    if field.key in GIVEN:
        return [choices(field.key, field.label, [None if value is None else "known" for value in values])]
    if field.type == "number":
        return [numbers(field.key, field.label, map(_number, values))]
    if field.type == "date":
        ages = map(_days_before, values, instants)
        return [numbers(field.key, f"{field.label}, days before", ages)]
    if field.type == "list":
        return _elements(field, values, elements)
    return [choices(field.key, field.label, [_text(value) for value in values])]


def _elements(field: Field, values: Sequence[Any], elements: Sequence[str] | None) -> list[Column]:
    sets = [None if value is None else {_text(element) for element in value} for value in values]
    if elements is None:
        counts = Counter(element for found in sets for element in found or () if element)
        enough = least(len(values))
        elements = sorted(name for name, count in counts.most_common(MOST_ELEMENTS) if count >= enough)
    return [
        choices(
            f"{field.key}{OF_LIST}{name}",
            f"{field.label}: {name}",
            [None if found is None else "yes" if name in found else "no" for found in sets],
        )
        for name in elements
    ]


def _number(value: Any) -> float | None:
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return None


def _days_before(value: Any, instant: datetime) -> float | None:
    try:
        day = parse_date(value) if isinstance(value, str) else None
    except ValueError:
        day = None
    return float((instant.date() - day).days) if day else None


def _text(value: Any) -> str | None:
    """As rules compare text: case and blanks do not matter."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " ".join(str(value).split()).casefold()[:100] or None
