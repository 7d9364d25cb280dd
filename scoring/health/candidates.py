"""Rules worth trying: one for each value, word and kind of activity that enough decided leads share. Pure.

A candidate is an ordinary rule, so the scorer itself says for whom it holds, and a suggestion is what was measured.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from scoring.conditions import known_items, number_of, text_of
from scoring.language import DAY, Condition, Rule, Shape
from scoring.sentences import Labels, sentence

SUPPORT = 20  # leads with it, and leads without
MOST_VALUES = 25  # of a field or property
MOST = 400
QUARTER = 90 * DAY
LEFT_OUT = frozenset({"email", "phone", "company", "email_domain", "city"})  # they name one person or firm
PROPERTIES = ("asset", "topic", "form", "webinar", "campaign", "category")
# What we or sales did says nothing about interest, and machines open mails.
NOT_TRIED = frozenset(
    {"email_sent", "email_delivered", "email_open", "call", "meeting", "note"}
    | {"score_lowered", "points_added", "points_taken"}
)
WORD = re.compile(r"[^\W\d_]{3,}")


def candidates(
    columns: Mapping[str, Sequence[Any]],
    types: Mapping[str, str],
    occurrences: Mapping[int, int],
    shapes: Mapping[int, Shape],
    labels: Labels,
) -> list[Rule]:
    """`occurrences` counts activities by shape."""
    found = [*_of_fields(columns, types), *_of_deeds(occurrences, shapes)]
    return [_named(rule, place, labels) for place, rule in enumerate(found[:MOST])]


def _named(rule: Rule, place: int, labels: Labels) -> Rule:
    said = sentence(replace(rule, points=1), labels).rpartition(", +1")[0]
    name = said.removeprefix("When a lead ").removeprefix("When ")
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:48]
    return replace(rule, key=f"{slug}-{place}", name=f"{name[:1].upper()}{name[1:]}"[:150])


# Who they are


def _of_fields(columns: Mapping[str, Sequence[Any]], types: Mapping[str, str]) -> Iterator[Rule]:
    for key, values in columns.items():
        kind = types.get(key, "text")
        if key in LEFT_OUT or kind == "date":
            continue
        conditions = _ranges(key, values) if kind == "number" else _values(key, values)
        if key == "title":
            conditions = _words(key, values)
        for condition in conditions:
            yield Rule("", "", "fit", "fit", points=1, conditions=(condition,))


def _values(key: str, values: Sequence[Any]) -> list[Condition]:
    shown: dict[str, Any] = {}
    counts: Counter[str] = Counter()
    for value in values:
        items = {text_of(item): item for item in known_items(value)}
        counts.update(items.keys())
        for text, item in items.items():
            shown.setdefault(text, item)
    return [Condition(key, "is", shown[text]) for text in _shared(counts, len(values))]


def _words(key: str, values: Sequence[Any]) -> list[Condition]:
    counts: Counter[str] = Counter()
    for value in values:
        counts.update(set(WORD.findall(text_of(value)) if value else ()))
    return [Condition(key, "contains_word", (text,)) for text in _shared(counts, len(values))]


def _shared(counts: Counter[str], everybody: int) -> list[str]:
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [text for text, count in ranked if SUPPORT <= count <= everybody - SUPPORT][:MOST_VALUES]


def _ranges(key: str, values: Sequence[Any]) -> list[Condition]:
    numbers = [float(number) for value in values if (number := number_of(value)) is not None]
    if len(numbers) < SUPPORT:
        return []
    low, middle, high = (int(cut) for cut in np.percentile(numbers, (25, 50, 75)))
    found = [Condition(key, "at_most", low), Condition(key, "at_least", middle)]
    return found + ([Condition(key, "at_least", high)] if high > middle else [])


# What they do


def _of_deeds(occurrences: Mapping[int, int], shapes: Mapping[int, Shape]) -> Iterator[Rule]:
    tried = {pk: shape for pk, shape in shapes.items() if not shape.machine and shape.kind not in NOT_TRIED}
    for kind in sorted({shape.kind for shape in tried.values()}):
        mine = [(shape, occurrences[pk]) for pk, shape in tried.items() if shape.kind == kind]
        if sum(count for _, count in mine) < SUPPORT:
            continue
        yield _deed(kind, 1)
        yield _deed(kind, 3)
        for condition in _properties(mine):
            yield _deed(kind, 1, condition)


def _properties(mine: Iterable[tuple[Shape, int]]) -> Iterator[Condition]:
    counts: Counter[tuple[str, str]] = Counter()
    for shape, count in mine:
        for name in PROPERTIES:
            if shape.props.get(name):
                counts[name, shape.props[name]] += count
        section = re.match(r"/[^/?#]+", shape.props.get("path") or "")
        if section:
            counts["path", section[0]] += count
    ranked = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    for (name, value), count in ranked[:MOST_VALUES]:
        if count >= SUPPORT:
            yield Condition(name, "starts_with" if name == "path" else "is", value)


def _deed(kind: str, n: int, *conditions: Condition) -> Rule:
    return Rule(
        "",
        "",
        "deeds",
        "behaviour",
        points=1,
        activity=kind,
        n=n,
        window_seconds=QUARTER,
        conditions=conditions,
    )
