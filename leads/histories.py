"""Fields of many leads as they were: `fields.values_as_of` for every instant at once.

An era is a stretch in which nothing that was asked for changed. Before a lead's first era nothing was known of it.
Most leads were written once, so those are settled in arrays; who changed is walked through entry by entry.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from leads.arrays import EPOCH_2000, NO_INSTANT, WORDS, mixed
from leads.fields import CUSTOM, FIELDS, raw_columns, raw_of
from leads.models import Lead
from leads.spans import among

Ints = NDArray[np.int64]
NEVER = 1 << 62
EPOCH, MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)


class Coded(NamedTuple):
    """`read(values[codes[i]])` is the value in era i."""

    codes: NDArray[np.int32]
    values: Sequence[Hashable]
    read: Callable[[Any], Any]


class Eras(NamedTuple):
    """Lead i owns eras [starts[i], stops[i]), oldest first; `since` in microseconds since 1970.

    Nobody kept a history of `unrecorded` leads: their values of today stand for all the time since they were created.
    """

    since: Ints
    starts: Ints
    stops: Ints
    columns: Mapping[str, Coded]
    unrecorded: int


@dataclass(frozen=True)
class _Told:
    """Entries of a history table in the order they were written, as codes, and since when each value was true.

    NEVER in `times`: this entry does not speak of that field. `firm` is the company an entry names, with its time.
    """

    owner: Ints
    codes: Ints
    times: Ints
    firm: Ints
    firm_time: Ints

    def of(self, which: NDArray[np.bool_]) -> _Told:
        return _Told(*(getattr(self, field.name)[which] for field in fields(self)))


class _Words(dict[Hashable, int]):
    """Values by code; 0 is nothing."""

    def __init__(self) -> None:
        super().__init__({None: 0})

    def __missing__(self, value: Hashable) -> int:
        self[value] = len(self)
        return self[value]


def eras_of(lead_ids: Sequence[int], keys: Iterable[str]) -> Eras:
    """Of these leads (ascending ids); four queries at most, whatever the number."""
    wanted = [key for key in keys if key in FIELDS or key.startswith(CUSTOM)]
    firmly = [key for key in wanted if key in FIELDS and FIELDS[key].column.startswith("c.")]
    order = [*(key for key in wanted if key not in firmly), *firmly]
    words = [_Words() for _ in order]
    own = len(order) - len(firmly)
    ids = np.asarray(lead_ids, np.int64)
    if not order or not len(ids):
        nothing = np.zeros(len(ids), np.int64)
        return Eras(np.zeros(0, np.int64), nothing, nothing, {}, 0)
    people = _told("lead", ids, order[:own], words[:own], firm=bool(firmly))
    firms = _told("company", np.unique(people.firm[people.firm > 0]), firmly, words[own:])
    unrecorded = np.setdiff1d(ids, people.owner)
    parts = [
        _written_once(ids, people, firms),
        _written_often(ids, people, firms),
        _as_today(ids, unrecorded, order, words),
    ]
    return _packed(ids, parts, order, words, len(unrecorded))


# What the history tables say


def _told(
    table: str, ids: Ints, keys: Sequence[str], words: Sequence[_Words], *, firm: bool = False
) -> _Told:
    terms = [_term(key) for key in keys] + ([FIRM] if firm else [])
    owner, times, values = _columns(table, ids, terms) if terms and len(ids) else _no_columns(len(terms))
    codes = np.zeros((len(owner), len(keys)), np.int64)
    for place, known in enumerate(words):
        codes[:, place] = np.fromiter(map(known.__getitem__, values[place]), np.int64, len(owner))
    named = (
        np.array([value or 0 for value in values[-1]], np.int64) if firm else np.zeros(len(owner), np.int64)
    )
    told = _Told(owner, codes, times[:, : len(keys)], named, times[:, -1])
    return told.of(np.isin(told.owner, ids))


def _numbers(values: Iterable[int]) -> Ints:
    return np.array(list(values), np.int64)


def _no_columns(terms: int) -> tuple[Ints, Ints, list[list[Hashable]]]:
    return np.zeros(0, np.int64), np.zeros((0, max(terms, 1)), np.int64), [[]] * terms


def _columns(table: str, ids: Ints, terms: Sequence[_Term]) -> tuple[Ints, Ints, list[list[Hashable]]]:
    """Owners, instants (one column a term) and values, in the order in which the entries were written."""
    names = [f"{letter}{n}" for letter in "tv" for n in range(len(terms))]
    told = ", ".join(f"{term.time} AS t{n}, {term.value} AS v{n}" for n, term in enumerate(terms))
    packed = ", ".join(f"array_agg({name})" for name in ("owner", *names))
    where, bounds = among("e.pgh_obj_id", ids)
    owner, *columns = mixed(
        f"SELECT {packed} FROM (SELECT e.pgh_obj_id AS owner, {told} FROM leads_{table}event e"  # noqa: S608
        f" WHERE {where} AND e.pgh_label <> 'delete' ORDER BY e.pgh_obj_id, e.pgh_id) told",  # own names
        [">i8"] * (1 + len(terms)) + [WORDS] * len(terms),
        [*(param for term in terms for param in term.params), *bounds],
    )[0]
    times = np.stack(columns[: len(terms)], axis=1)
    return owner, np.where(times == NO_INSTANT, NEVER, times + EPOCH_2000), columns[len(terms) :]


class _Term(NamedTuple):
    """SQL for a value in an entry and for since when it was true, with the parameters of both."""

    value: str
    time: str
    params: list[str]


SINCE = "coalesce(({said} ->> 'at')::timestamptz, e.pgh_created_at)"
FIRM = _Term("e.company_id", SINCE.format(said="(e.provenance -> 'company')"), [])


def _term(key: str) -> _Term:
    sql, params, _ = raw_of(key)
    value = re.sub(r"\b[lc]\.", "e.", sql)
    if key.startswith(CUSTOM):  # an entry without it leaves the one before in force
        name = key.removeprefix(CUSTOM)
        time = f"CASE WHEN e.custom ? %s THEN {SINCE.format(said='(e.provenance -> %s)')} ELSE 'infinity' END"
        return _Term(value, time, [name, key, *params])
    column = FIELDS[key].column.partition(".")[2]
    return _Term(value, SINCE.format(said=f"(e.provenance -> '{column}')"), params)


# From entries to eras. A part is (rows of leads, since, codes): one line an era, sorted for each lead

_Part = tuple[Ints, Ints, Ints]


def _written_once(ids: Ints, people: _Told, firms: _Told) -> _Part:
    """One entry of the lead and at most one of the company: values only ever come to be known."""
    mine = people.of(~_changed(people, firms))
    # A row more than there are firms, for people without one. NEVER wins each comparison.
    place = np.where(
        np.isin(mine.firm, firms.owner), np.searchsorted(firms.owner, mine.firm), len(firms.owner)
    )
    nobody = np.zeros((1, firms.codes.shape[1]), np.int64)
    theirs = np.vstack([firms.times, nobody + NEVER])[place]
    times = np.hstack([mine.times, np.maximum(theirs, mine.firm_time[:, None])])
    codes = np.hstack([mine.codes, np.vstack([firms.codes, nobody])[place]])
    instants = np.sort(times, axis=1)
    fresh = instants < NEVER
    fresh[:, 1:] &= instants[:, 1:] > instants[:, :-1]
    lead, column = np.nonzero(fresh)
    since = instants[lead, column]
    return (
        np.searchsorted(ids, mine.owner)[lead],
        since,
        np.where(times[lead] <= since[:, None], codes[lead], 0),
    )


def _changed(people: _Told, firms: _Told) -> NDArray[np.bool_]:
    """Entries of leads who have several, or whose company has."""
    return _repeated(people.owner, people.owner) | _repeated(firms.owner, people.firm)


def _repeated(owners: Ints, among_them: Ints) -> NDArray[np.bool_]:
    names, counts = np.unique(owners, return_counts=True)
    return np.isin(among_them, names[counts > 1])


def _written_often(ids: Ints, people: _Told, firms: _Told) -> _Part:
    mine = people.of(_changed(people, firms))
    companies = _entries_of(firms.of(np.isin(firms.owner, mine.firm)))
    rows, sinces, codes = [], [], []
    for owner, entries in _entries_of(mine).items():
        row, before = int(np.searchsorted(ids, owner)), None
        for since, values in _course(entries, companies, firms.codes.shape[1]):
            if values != before:
                rows.append(row)
                sinces.append(since)
                codes.append(values)
            before = values
    width = people.codes.shape[1] + firms.codes.shape[1]
    return _numbers(rows), _numbers(sinces), np.array(codes, np.int64).reshape(-1, width)


class _Entry(NamedTuple):
    codes: list[int]
    times: list[int]
    firm: int
    firm_time: int


def _entries_of(told: _Told) -> dict[int, list[_Entry]]:
    """Newest first."""
    found: dict[int, list[_Entry]] = {}
    parts = (told.owner, told.codes, told.times, told.firm, told.firm_time)
    for owner, *entry in zip(*(part[::-1].tolist() for part in parts), strict=True):
        found.setdefault(owner, []).append(_Entry(*entry))
    return found


def _course(
    entries: list[_Entry], companies: Mapping[int, list[_Entry]], firm_keys: int
) -> Iterator[tuple[int, list[int]]]:
    """For each instant at which something came to be true: what was known from then on."""
    named = [item for entry in entries for item in companies.get(entry.firm, [])]
    instants = {at for entry in [*entries, *named] for at in (*entry.times, entry.firm_time)}
    for since in sorted(instants - {NEVER}):
        firm = next((entry.firm for entry in entries if entry.firm_time <= since), 0)
        theirs = _known(companies.get(firm, []), firm_keys, since)
        yield since, _known(entries, len(entries[0].codes), since) + theirs


def _known(newest_first: list[_Entry], keys: int, at: int) -> list[int]:
    return [
        next((entry.codes[key] for entry in newest_first if entry.times[key] <= at), 0) for key in range(keys)
    ]


def _as_today(ids: Ints, unrecorded: Ints, order: Sequence[str], words: Sequence[_Words]) -> _Part:
    """Somebody filled the table past its triggers."""
    found = raw_columns(unrecorded.tolist(), order) if len(unrecorded) else {}
    made = dict(Lead.objects.filter(pk__in=unrecorded.tolist()).values_list("pk", "created_at"))
    since = _numbers((made[pk] - EPOCH) // MICROSECOND for pk in unrecorded.tolist())
    codes = np.zeros((len(unrecorded), len(order)), np.int64)
    for place, (key, known) in enumerate(zip(order, words, strict=True)):
        codes[:, place] = [known[value] for value in found[key].values] if found else []
    return np.searchsorted(ids, unrecorded), since, codes


def _packed(
    ids: Ints, parts: Sequence[_Part], order: Sequence[str], words: Sequence[_Words], unrecorded: int
) -> Eras:
    rows, since, codes = (np.concatenate(part) for part in zip(*parts, strict=True))
    place = np.lexsort((since, rows))
    starts = np.searchsorted(rows[place], np.arange(len(ids) + 1))
    columns = {
        key: Coded(codes[place, column].astype(np.int32), list(words[column]), raw_of(key)[2])
        for column, key in enumerate(order)
    }
    return Eras(since[place], starts[:-1], starts[1:], columns, unrecorded)
