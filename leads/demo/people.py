"""Who the demo prospects are. Pure: the same seed gives the same people."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from leads.demo import words

PERSONAS = (("cold", 46), ("browsing", 27), ("warm", 17), ("hot", 7), ("job_seeker", 3))
YEAR = timedelta(days=365)
FRESH = 6  # one in so many is in the middle of a decision these days
HOUR = timedelta(hours=1)
DAYS_AGO = ((0, 45), (1, 22), (2, 12), (3, 8), (4, 6), (5, 4), (6, 3))  # working days since their last visit


@dataclass(frozen=True)
class Firm:
    name: str
    domain: str
    industry: str
    employees: int
    place: tuple[str, str, str]
    technologies: list[str]

    @property
    def revenue(self) -> int:
        return self.employees * 140_000


@dataclass(frozen=True)
class Person:
    """One prospect. `values` are lead fields, empty for somebody who never said who they are."""

    number: int
    persona: str
    born: datetime
    firm: Firm
    email: str | None
    values: dict[str, Any] = field(default_factory=dict)
    decides_at: datetime | None = None

    @property
    def visitor(self) -> str:
        return f"demo-visitor-{self.number:05d}"


def firms(dice: random.Random, count: int) -> list[Firm]:
    made: dict[str, Firm] = {}
    while len(made) < count:
        industry = dice.choice(list(words.COMPANY_B))
        name = f"{dice.choice(words.COMPANY_A)} {dice.choice(words.COMPANY_B[industry])}"
        technologies = [tool for tool in ("salesforce", "hubspot", "sap", "workday") if dice.random() < 0.2]
        employees = max(3, round(dice.lognormvariate(5.0, 1.4)))
        made.setdefault(
            name,
            Firm(name, f"{slug(name)}.example", industry, employees, dice.choice(words.PLACES), technologies),
        )
    return list(made.values())


def people(dice: random.Random, now: datetime, count: int) -> list[Person]:
    """Growing: more of them came lately than a year ago."""
    employers = firms(dice, count // 5)
    return [_person(dice, number, now, dice.choice(employers)) for number in range(count)]


def _decision(dice: random.Random, now: datetime) -> datetime:
    """Some moment of a working day, not long ago."""
    at = last_working_moment(now)
    for _ in range(int(weighted(dice, DAYS_AGO))):
        at = last_working_moment(at.replace(hour=0) - timedelta(hours=1))
    return at - timedelta(minutes=dice.uniform(5, 210))


def last_working_moment(now: datetime) -> datetime:
    """`now`, or the end of the last working day when nobody works now (UTC, about European hours)."""
    at = now
    while at.weekday() >= 5 or at.hour < 9:
        at = (at - timedelta(days=1)).replace(hour=15, minute=30)
    return at.replace(hour=15, minute=30) if at.hour > 15 else at


def _person(dice: random.Random, number: int, now: datetime, firm: Firm) -> Person:
    decides_at = _decision(dice, now) if number % FRESH == 0 else None
    born = decides_at - timedelta(days=4) if decides_at else now - YEAR * (1 - dice.random() ** 0.6) - HOUR
    persona = "hot" if decides_at else weighted(dice, PERSONAS)
    if persona in {"cold", "browsing"} and dice.random() < 0.22:
        return Person(number, persona, born, firm, None)
    first, last = dice.choice(words.FIRST), dice.choice(words.LAST)
    free = dice.random() < 0.12
    host = dice.choice(words.FREE_MAIL) if free else firm.domain
    email = f"{slug(first)}.{slug(last)}.{number}@{host}"
    values = _values(dice, persona, first, last, firm, free)
    return Person(number, persona, born, firm, email, values, decides_at)


def _values(
    dice: random.Random, persona: str, first: str, last: str, firm: Firm, free: bool
) -> dict[str, Any]:
    country, city, zone = firm.place
    title = "Student" if persona == "job_seeker" else weighted(dice, words.TITLES)
    values: dict[str, Any] = {"first_name": first, "last_name": last, "country": country, "time_zone": zone}
    values |= {"source": weighted(dice, words.SOURCES), "title": title if dice.random() < 0.85 else ""}
    if not free:
        values |= {"company": firm.name, "company_domain": firm.domain}
        if dice.random() < 0.8:
            values |= {"industry": firm.industry, "employees": firm.employees, "company_country": country}
        if dice.random() < 0.5:
            values |= {"revenue": firm.revenue, "technologies": firm.technologies}
    if dice.random() < 0.5:
        values |= {"city": city, "phone": f"+4722{dice.randrange(100000, 999999)}"}
    return {key: value for key, value in values.items() if value not in ("", [])}


def weighted(dice: random.Random, choices: Any) -> Any:
    names, weights = zip(*choices, strict=True)
    return dice.choices(names, weights)[0]


def slug(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return "".join(letter if letter.isalnum() else "-" for letter in plain).strip("-")
