"""Traits of people and companies in the words of senders, as fields of ours.

Source  the Segment spec's reserved traits, and what CRMs call the same things
Rule    a write key is public, so only these traits and registered custom fields pass; the rest is named as dropped
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from leads.values import BadValue, read

PERSON = {
    "email": "email",
    "name": "name",
    "firstname": "first_name",
    "lastname": "last_name",
    "phone": "phone",
    "title": "title",
    "jobtitle": "title",
    "position": "title",
    "seniority": "seniority",
    "department": "department",
    "country": "country",
    "city": "city",
    "timezone": "time_zone",
    "source": "source",
    "leadsource": "source",
    "campaign": "campaign",
    "industry": "industry",
    "employees": "employees",
    "employeecount": "employees",
    "companysize": "employees",
    "companyname": "company",
    "website": "company_domain",
    "technologies": "technologies",
}
COMPANY = {
    "name": "company",
    "domain": "company_domain",
    "website": "company_domain",
    "industry": "industry",
    "employees": "employees",
    "employeecount": "employees",
    "size": "employees",
    "revenue": "revenue",
    "annualrevenue": "revenue",
    "country": "company_country",
    "technologies": "technologies",
}
ADDRESS = {"country": "country", "city": "city"}
# Known to every SDK and of no use to us: dropped without a word.
SILENT = frozenset({"id", "createdat", "avatar", "username", "company", "address"})


class Fields(NamedTuple):
    values: dict[str, Any]
    dropped: list[str]


def person_fields(traits: Mapping[str, Any], custom: Mapping[str, str]) -> Fields:
    """`custom` is {key: type} of the registered custom fields; they arrive as custom.<key>."""
    fields = Fields({}, [])
    for name, value in traits.items():
        field = PERSON.get(_plain(name)) or (f"custom.{name}" if name in custom else "")
        _take(fields, field, name, value, custom)
    company, address = traits.get("company"), traits.get("address")
    if isinstance(company, str):
        _take(fields, "company", "company", company)
    _take_group(fields, COMPANY, company, "company")
    _take_group(fields, ADDRESS, address, "address")
    return fields


def company_fields(traits: Mapping[str, Any]) -> Fields:
    """Traits of a group call: the company the person belongs to."""
    fields = Fields({}, [])
    for name, value in traits.items():
        _take(fields, COMPANY.get(_plain(name), ""), name, value)
    _take_group(fields, {"country": "company_country"}, traits.get("address"), "address")
    return fields


def clean_email(value: Any) -> str:
    """In our spelling; empty for what is no address."""
    try:
        return read("email", value, {}) or "" if isinstance(value, str) else ""
    except BadValue:
        return ""


def _take(fields: Fields, field: str, name: str, value: Any, custom: Mapping[str, str] | None = None) -> None:
    """Blank is not an answer; what cannot be read is dropped by name, and never spoils the rest."""
    if not field and _plain(name) in SILENT:
        return
    try:
        if not field or (isinstance(value, dict | list) and field != "technologies"):
            raise BadValue
        known = read(field, value, custom or {})
    except BadValue:
        fields.dropped.append(name)
        return
    if known is not None:
        fields.values.setdefault(field, known)


def _take_group(fields: Fields, table: dict[str, str], group: Any, name: str) -> None:
    if isinstance(group, dict):
        for key, value in group.items():
            _take(fields, table.get(_plain(key), ""), f"{name}.{key}", value)


def _plain(name: str) -> str:
    return name.replace("_", "").replace(" ", "").lower()
