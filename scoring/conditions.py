"""Does a value meet a condition? One answer for lead fields and for the properties of activities.

Text    compared in one form: normalised (NFKC), casefolded, trimmed, inner blanks single; True and False are
        "yes" and "no"
Lists   match when any element does; `is_not` and `not_in` are the opposite of `is` and `in`: no element does
Blank   a missing, empty or blank value is unknown: it neither meets nor misses a condition, it is OPEN.
        Only `unknown` holds for it, and that answer is LOOSE: it would go once somebody asked
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from enum import IntEnum
from functools import lru_cache
from typing import Any
from unicodedata import normalize

from scoring.language import Condition

NEGATED = ("is_not", "not_in")


class Verdict(IntEnum):
    MISS = 0
    OPEN = 1
    LOOSE = 2
    HIT = 3


def verdict(condition: Condition, value: Any) -> Verdict:
    return asked(condition)(value)


def asked(condition: Condition) -> Callable[[Any], Verdict]:
    """The condition as a question to a value; what it compares with is made ready once."""
    if condition.op == "unknown":
        return lambda value: Verdict.MISS if known_items(value) else Verdict.LOOSE
    meets, wanted = _meeting(condition), condition.op not in NEGATED

    def ask(value: Any) -> Verdict:
        if type(value) is int or (
            type(value) is str and _folded(value)
        ):  # nearly all, and a known item at once
            return Verdict.HIT if meets(value) is wanted else Verdict.MISS
        items = known_items(value)
        if not items:
            return Verdict.OPEN
        return Verdict.HIT if any(map(meets, items)) is wanted else Verdict.MISS

    return ask


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """A miss decides, then what is open; a rule without conditions holds."""
    return min(verdicts, default=Verdict.HIT)


def known_items(value: Any) -> tuple[Any, ...]:
    """The value as its non-blank elements; an empty tuple means unknown."""
    if value is None or value != value:  # NaN, as spreadsheets write blanks
        return ()
    if isinstance(value, list | tuple | set | frozenset):
        return tuple(item for element in value for item in known_items(element))
    return (value,) if text_of(value) else ()


def text_of(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _folded(value if isinstance(value, str) else _digits(value))


def _digits(value: Any) -> str:
    number = number_of(value) if isinstance(value, float | Decimal) else None
    return str(value if number is None or number != int(number) else int(number))


@lru_cache(maxsize=65_536)
def _folded(text: str) -> str:
    return " ".join(normalize("NFKC", text).casefold().split())


def number_of(value: Any) -> Decimal | int | None:
    """None when it cannot be read as a number; text such as "250" can."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _meeting(condition: Condition) -> Callable[[Any], bool]:
    """Whether one known item meets the condition; for a negated one, whether it meets the opposite."""
    match condition.op:
        case "known":
            return lambda item: True
        case "is" | "in" | "is_not" | "not_in":
            texts = _texts(*condition.values)
            return lambda item: text_of(item) in texts
        case "starts_with":
            starts = tuple(_texts(*condition.values))
            return lambda item: text_of(item).startswith(starts)
        case "contains_word":
            words = _words(*condition.values)
            return lambda item: words.search(text_of(item)) is not None
        case "at_least" | "at_most" | "between":
            low, high = number_range(condition)
            return lambda item: _within(number_of(item), low, high)
    raise ValueError(f"There is no operator {condition.op!r}.")


@lru_cache(maxsize=4_096, typed=True)  # typed: True is "yes" and 1 is "1", though Python calls them equal
def _texts(*values: Any) -> frozenset[str]:
    return frozenset(text for text in map(text_of, values) if text)


@lru_cache(maxsize=4_096, typed=True)
def _words(*values: Any) -> re.Pattern[str]:
    choices = "|".join(re.escape(text) for text in sorted(_texts(*values)))
    return re.compile(rf"(?<!\w)(?:{choices})(?!\w)" if choices else r"(?!)")


def number_range(condition: Condition) -> tuple[Any, Any]:
    """The numbers a condition admits, both ends included; None is open. `is` admits one number."""
    numbers = [number_of(value) for value in condition.values]
    match condition.op:
        case "at_least":
            return numbers[0], None
        case "at_most":
            return None, numbers[0]
        case "between":
            return numbers[0], numbers[1]
        case "is":
            return numbers[0], numbers[0]
    raise ValueError(f"The operator {condition.op!r} does not compare numbers.")


def _within(number: Decimal | int | None, low: Any, high: Any) -> bool:
    if number is None:
        return False
    return (low is None or number >= low) and (high is None or number <= high)
