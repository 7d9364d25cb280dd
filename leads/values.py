"""Reads one value of one field, whoever wrote it: forms, files, machines. Pure: no database, no clock.

A reader answers with our spelling, or None for "not answered"; it raises BadValue with words for a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from leads import normalise

LONGEST_NAME = 150  # of each half, as the lead keeps them

UNANSWERED = re.compile(
    r"|-+|—|\?|-* ?(please )?select ?(\.\.\.|-*)|#?n/?a|n\.a\.|none|null|nil|nan|undefined|unknown"
    r"|not (known|answered|provided|specified|available)|\(blank\)|\[blank\]"
)
YES = frozenset(["yes", "true", "y", "t", "1", "oui", "ja", "si", "sí", "on"])
NO = frozenset(["no", "false", "n", "f", "0", "non", "nein", "nee", "off"])
NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:[,   ']\d{3})+|\d+)(?:\.\d+)?")
SIZE_RANGE = re.compile(r"(\d[\d,]*)\s*(?:-|–|to)\s*(\d[\d,]*)")
LENGTHS = {
    "first_name": 150,
    "last_name": 150,
    "title": 200,
    "department": 100,
    "city": 100,
    "time_zone": 64,
    "source": 100,
    "campaign": 150,
    "company": 200,
    "industry": 100,
    "country": 100,
    "company_country": 100,
}
CUSTOM_LENGTH = 2000
MOST = 10**15  # a larger whole number would not come back unchanged from JSON


class BadValue(ValueError):
    """Says in words what is wrong with a value; the caller adds where it stood."""


def unanswered(value: Any) -> bool:
    """Blank, `Select` and `N/A` mean that nobody answered, which is not `no`."""
    if isinstance(value, str):
        return UNANSWERED.fullmatch(value.strip().casefold()) is not None
    return value is None or value == []


def line(limit: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        written = normalise.text(value)
        if len(written) > limit:
            raise BadValue(f"Longer than {limit} characters.")
        return written

    return read


def address(value: Any) -> str:
    try:
        return normalise.email_address(value)
    except normalise.NotAnAddress as error:
        raise BadValue(str(error)) from error


def number(value: Any) -> int | float:
    """Whole when it is whole. Thousands may be marked by comma, blank or apostrophe."""
    written = str(value).strip()
    if isinstance(value, bool) or not NUMBER.fullmatch(written):
        raise BadValue("This is not a number.")
    plain = float(re.sub(r"[,   ']", "", written))
    if abs(plain) > MOST:
        raise BadValue("This number is too large.")
    return int(plain) if plain.is_integer() else plain


def count(value: Any) -> int:
    """How many: `1,200`, `51-200` (the lower end), `5000+`."""
    written = str(value).strip().rstrip("+").strip()
    span = SIZE_RANGE.fullmatch(written)
    found = number(span[1] if span else written)
    if not 0 <= found < 2**31:
        raise BadValue("This number is out of range.")
    return int(found)


def money(value: Any) -> int:
    """Whole currency units: `$1,200,000`, `1.2M`, `3 bn`."""
    written = re.sub(r"^[^\d+-]+", "", str(value).strip()).strip().lower()
    scaled = re.fullmatch(r"(.*?)\s*(k|m|mn|mio|million|b|bn|billion)", written)
    scale = {"k": 10**3, "m": 10**6, "b": 10**9}[scaled[2][0]] if scaled else 1
    found = number(scaled[1] if scaled else written) * scale
    if not 0 <= found <= MOST:
        raise BadValue("This number is out of range.")
    return int(found)


def yes_or_no(value: Any) -> bool:
    word = str(value).strip().casefold()
    if word in YES or word in NO:
        return word in YES
    raise BadValue("This is neither yes nor no.")


def words(value: Any) -> list[str]:
    """A list, or text with commas or semicolons; without repetition, at most 50."""
    parts: Iterable[Any] = re.split(r"[;,|]", value) if isinstance(value, str) else value
    if not isinstance(parts, list | tuple):
        raise BadValue("This is not a list.")
    found = dict.fromkeys(line(80)(part) for part in parts if not unanswered(part))
    return list(found)[:50]


DATE_FORMATS = {
    "iso": ("%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"),
    "named": ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y"),
    "day first": ("%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%Y %H:%M", "%d.%m.%Y %H:%M"),
    "month first": ("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m-%d-%Y"),
}


def moment(value: Any, order: str = "") -> datetime:
    """An aware instant. `order` (`day first`, `month first`) settles 03/04/2026; without it that is refused."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    readings = {name: found for name in DATE_FORMATS if (found := dated(str(value).strip(), name))}
    if order in readings:
        return readings[order]
    if len(set(readings.values())) > 1:
        raise BadValue("Date is not clear: it can be read with the day or the month first.")
    if not readings:
        raise BadValue("This is not a date.")
    return next(iter(readings.values()))


def dated(written: str, kind: str) -> datetime | None:
    """The instant when the text is a date of that kind; midnight UTC when it names no time."""
    if not (written[:1].isdigit() or kind == "named") or len(written) > 40:
        return None
    if kind == "iso" and "T" in written:
        return _iso(written)
    for pattern in DATE_FORMATS[kind]:
        try:
            return datetime.strptime(written, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    return _iso(written) if kind == "iso" else None


def _iso(written: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(written)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def day(value: Any, order: str = "") -> str:
    """ISO text, as own fields of type date keep it."""
    return value.isoformat() if type(value) is date else moment(value, order).date().isoformat()


def custom_text(value: Any) -> str:
    return line(CUSTOM_LENGTH)(value)


CUSTOM_READERS: dict[str, Callable[[Any], Any]] = {
    "text": custom_text,
    "number": number,
    "boolean": yes_or_no,
    "date": day,
}
READERS: dict[str, Callable[[Any], Any]] = {
    **{key: line(length) for key, length in LENGTHS.items()},
    "name": line(300),
    "email": address,
    "phone": lambda value: normalise.phone(line(100)(value)),
    "country": lambda value: normalise.country(line(100)(value)),
    "company_country": lambda value: normalise.country(line(100)(value)),
    "seniority": lambda value: normalise.seniority(line(200)(value)),
    "company_domain": normalise.web_domain,
    "employees": count,
    "revenue": money,
    "technologies": words,
}


def custom_type(value: Any) -> str:
    """The type of an own field that a machine names for the first time."""
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, int | float) else "text"


def read(key: str, value: Any, custom_types: Mapping[str, str]) -> Any:
    """Our spelling of one value, None when it is not answered. Raises BadValue."""
    if unanswered(value):
        return None
    if key.startswith("custom."):
        kind = custom_types.get(key.removeprefix("custom."), "text")
        return CUSTOM_READERS[kind](value)
    reader = READERS.get(key)
    if reader is None:
        raise BadValue(f"There is no field {key}.")
    return reader(value)


def read_all(
    values: Mapping[str, Any], custom_types: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """(what could be read, {field: what is wrong}). A blank stays None: the caller decides what that means."""
    good: dict[str, Any] = {}
    bad: dict[str, str] = {}
    for key, value in values.items():
        try:
            good[key] = read(key, value, custom_types)
        except BadValue as error:
            bad[key] = str(error)
    return good, bad


def complete(values: Mapping[str, Any]) -> dict[str, Any]:
    """Adds what follows from the rest: both names from a full one, the level from a title, the phone's country."""
    full = dict(values)
    name = full.pop("name", None)
    if name and not full.get("first_name") and not full.get("last_name"):
        first, last = normalise.split_name(name)
        full["first_name"], full["last_name"] = first[:LONGEST_NAME], last[:LONGEST_NAME]
    if full.get("title") and not full.get("seniority"):
        full["seniority"] = normalise.seniority_of(full["title"])
    if full.get("phone") and full.get("country") and not full["phone"].startswith("+"):
        full["phone"] = normalise.phone(full["phone"], full["country"])
    return full
