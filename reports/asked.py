"""What the address of a report asks for. What it gets wrong is as if it had said nothing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import urlencode

UNITS = {"first": "First time", "again": "Came back", "people": "People"}
STAGES = ("accepted", "sql", "opp", "won")
DAYS = {"accepted": 30, "sql": 30, "opp": 90, "won": 180}
AGES = (14, 30, 60, 90, 180, 365)
WAYS = ("month", "source", "campaign", "segment", "industry", "version", "team")
NUMBERS = ("segment", "version", "team")
TEXTS = ("source", "campaign", "industry")
MOST_MONTHS = 36
USUAL_MONTHS = 12
NONE = "-"  # in an address: those of whom it is not known


def month_of(text: str) -> date | None:
    """2026-07 as its first day."""
    try:
        return date.fromisoformat(f"{text}-01") if len(text) == 7 else None
    except ValueError:
        return None


def later(month: date, by: int) -> date:
    """That many months later, or earlier; the calendar ends in the years 1 and 9999."""
    count = min(max(month.year * 12 + month.month - 1 + by, 12), 9999 * 12 + 11)
    return date(count // 12, count % 12 + 1, 1)


@dataclass(frozen=True)
class Asked:
    """`first` and `last` are first days of months, both included. Filters hold the words of the address."""

    first: date
    last: date
    unit: str = "first"
    goal: str = "sql"
    days: int = 30
    by: str = "source"
    filters: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, asked: Mapping[str, str], today: date) -> Asked:
        first, last = _months(asked, today)
        goal = asked.get("goal", "")
        goal = goal if goal in STAGES else "sql"
        return cls(
            first,
            last,
            unit=asked["unit"] if asked.get("unit") in UNITS else "first",
            goal=goal,
            days=_days(asked.get("days", ""), goal),
            by=asked["by"] if asked.get("by") in WAYS[1:] else "source",
            filters=_filters(asked),
        )

    @property
    def until(self) -> date:
        """The first day that is not asked for any more."""
        return later(self.last, 1)

    @property
    def months(self) -> list[date]:
        count = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month
        return [later(self.first, i) for i in range(count + 1)]

    def values(self, **changes: Any) -> dict[str, Any]:
        """Everything an address needs to ask the same again; without what is the usual anyway."""
        said: dict[str, Any] = {
            "from": f"{self.first:%Y-%m}",
            "to": f"{self.last:%Y-%m}",
            "unit": self.unit,
            "goal": self.goal,
            "days": self.days,
            "by": self.by,
            **self.filters,
            **changes,
        }
        return {key: value for key, value in said.items() if value not in ("", None)}

    def query(self, **changes: Any) -> str:
        return urlencode(self.values(**changes))


def _months(asked: Mapping[str, str], today: date) -> tuple[date, date]:
    now = today.replace(day=1)
    last = month_of(asked.get("to", "")) or now
    first = month_of(asked.get("from", "")) or later(last, 1 - USUAL_MONTHS)
    first, last = min(first, last), max(first, last)
    return max(first, later(last, 1 - MOST_MONTHS)), last


def _days(text: str, goal: str) -> int:
    return int(text) if text in map(str, AGES) else DAYS[goal]


def _filters(asked: Mapping[str, str]) -> dict[str, str]:
    found = {key: asked.get(key, "").strip()[:150] for key in (*TEXTS, *NUMBERS)}
    found = {key: value.replace("\x00", "") for key, value in found.items()}
    return {key: value for key, value in found.items() if value and (key in TEXTS or _number(key, value))}


def _number(key: str, value: str) -> bool:
    """Short enough for the database's integers; nobody's team is a wish that can be asked for too."""
    return (value.isascii() and value.isdecimal() and len(value) < 10) or (key == "team" and value == NONE)
