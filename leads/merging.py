"""Puts new values on a lead or company, field by field, by the rules of leads.provenance. Does not save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
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

    def entry(self) -> provenance.Entry:
        return provenance.entry(self.source, self.at, self.confidence, self.by)


@dataclass
class Outcome:
    """`changed`: fields that took the new value. `kept`: {field: the value that was refused}."""

    changed: list[str]
    kept: dict[str, Any]


def merge_lead(lead: Lead, values: Mapping[str, Any], claim: Claim) -> Outcome:
    """Person fields and own fields; company fields are not looked at. None leaves a value alone,
    except that a colleague may clear it."""
    outcome = Outcome([], {})
    entry = claim.entry()
    for key, value in values.items():
        if key in PERSON:
            if _take(outcome, key, getattr(lead, key), value, lead.provenance, claim, entry):
                setattr(lead, key, _stored(key, value))
        elif key.startswith("custom."):
            name = key.removeprefix("custom.")
            if _take(outcome, key, lead.custom.get(name), value, lead.provenance, claim, entry):
                _set_custom(lead, name, value)
    return outcome


def merge_company(
    company: Company, values: Mapping[str, Any], claim: Claim, claimed: set[int] | None = None
) -> Outcome:
    """Facts about the company. With `claimed`, of several rows of one file the first decides each field."""
    outcome = Outcome([], {})
    entry = claim.entry()
    for key, name in COMPANY.items():
        value = values.get(key)
        if key not in values or (value is None and not claim.typed):
            continue
        mark = hash((company.domain or company.name, key))
        old = getattr(company, name)
        if claimed is not None and mark in claimed and not no_value(old):
            continue
        if claimed is not None:
            claimed.add(mark)
        if _take(
            outcome,
            key,
            None if name == "name" and is_placeholder(company) else old,
            value,
            company.provenance,
            claim,
            entry,
        ):
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
    blank = no_value(old)
    if no_value(value) and (blank or not claim.typed):
        return False
    if old == value and type(old) is type(value):
        return False
    if not provenance.may_replace(old=entries.get(key), blank=blank, source=claim.source, at=claim.at):
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
