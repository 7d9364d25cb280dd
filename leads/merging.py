"""Puts new values on a lead or company, field by field, by the rules of leads.provenance. Does not save."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from leads import provenance
from leads.models import Company, Lead, no_value

PERSON = (
    *("email", "first_name", "last_name", "phone", "title", "seniority", "department"),
    *("country", "city", "time_zone", "source", "campaign"),
)
COMPANY = {
    "company": "name",
    "company_domain": "domain",
    "industry": "industry",
    "employees": "employees",
    "revenue": "revenue",
    "company_country": "country",
    "technologies": "technologies",
}
NULLABLE = frozenset(["email", "employees", "revenue"])


@dataclass(frozen=True)
class Claim:
    """Somebody says something: who, and from when on it is true."""

    source: str
    at: datetime
    confidence: float = 1.0
    by: int | None = None

    @property
    def typed(self) -> bool:
        return self.source == "typed"

    @cached_property
    def entry(self) -> provenance.Entry:
        """One object for all values of this claim; nobody changes it."""
        return provenance.entry(self.source, self.at, self.confidence, self.by)


@dataclass(frozen=True)
class Incoming:
    """One person as somebody describes them; values are already in our spelling (leads.values).

    `email` and `external_id` say who it is, blank when not known.
    """

    values: Mapping[str, Any]
    email: str = ""
    external_id: str = ""
    created_at: datetime | None = None


@dataclass
class Outcome:
    """`changed`: fields that took the new value. `kept`: {field: the value that was refused}."""

    changed: list[str]
    kept: dict[str, Any]


def merge_lead(lead: Lead, values: Mapping[str, Any], claim: Claim) -> Outcome:
    """Person fields and own fields; company fields are not looked at. None leaves a value alone,
    except that a colleague may clear it."""
    outcome = Outcome([], {})
    entry = claim.entry
    for key, value in values.items():
        if key.startswith("custom."):
            name = key[7:]
            old = lead.custom.get(name)
            if old is not value and _take(outcome, key, old, value, lead.provenance, claim, entry):
                _set_custom(lead, name, value)
        elif key in PERSON and _take(outcome, key, getattr(lead, key), value, lead.provenance, claim, entry):
            setattr(lead, key, _stored(key, value))
    return outcome


def merge_company(
    company: Company,
    values: Mapping[str, Any],
    claim: Claim,
    decided: Callable[[str, str], bool] | None = None,
) -> Outcome:
    """Facts about the company. `decided(company, field)`: of several rows of one file the first counts."""
    outcome = Outcome([], {})
    entry = claim.entry
    for key, name in COMPANY.items():
        value = values.get(key)
        if key not in values or (value is None and not claim.typed):
            continue
        old = None if name == "name" and is_placeholder(company) else getattr(company, name)
        if decided and decided(company.domain or company.name, key) and not no_value(old):
            continue
        if _take(outcome, key, old, value, company.provenance, claim, entry):
            setattr(company, name, _stored(key, value))
    return outcome


def _take(
    outcome: Outcome,
    key: str,
    old: Any,
    value: Any,
    entries: dict[str, Any],
    claim: Claim,
    entry: provenance.Entry,
) -> bool:
    if old == value and type(old) is type(value):
        return False
    blank = no_value(old)
    if no_value(value) and (blank or not claim.typed):
        return False
    known = entries.get(key)
    if (known or not blank) and not provenance.may_replace(
        old=known, blank=blank, source=claim.source, at=claim.at
    ):
        outcome.kept[key] = value
        return False
    entries[key] = entry
    outcome.changed.append(key)
    return True


def is_placeholder(company: Company) -> bool:
    """A company known only by its domain is called by it until somebody says its name."""
    return company.name == company.domain and "company" not in company.provenance


def _stored(key: str, value: Any) -> Any:
    if value is None:
        return None if key in NULLABLE else [] if key == "technologies" else ""
    return value


def _set_custom(lead: Lead, name: str, value: Any) -> None:
    if no_value(value):
        lead.custom.pop(name, None)
    else:
        lead.custom[name] = value
