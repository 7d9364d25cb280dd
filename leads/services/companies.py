"""Finds or makes the companies that a batch of people work for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.db.models.functions import Lower

from leads import normalise
from leads.merging import COMPANY, Incoming
from leads.models import Company, Lead

COLUMNS = [*COMPANY.values(), "provenance"]


class CompanyKey(NamedTuple):
    """How a company is known: by its domain, or without one by its name (in lower case)."""

    domain: str
    name: str

    @classmethod
    def of(cls, values: Mapping[str, Any], email: str, *, typed: bool) -> CompanyKey | None:
        """None when the values name no company. A colleague who types a name means that name, whatever
        the address says; a machine's name goes with the domain."""
        name = (values.get("company") or "").casefold()
        domain = values.get("company_domain") or ""
        if not domain and not (typed and name):
            domain = normalise.company_domain(email)
        return cls(domain, name) if domain or name else None


class Directory:
    """Companies of one batch. Two queries to look up; `save` makes one insert and one update.

    Each company is one object here, whoever asks: two people of one company must not overwrite each other.
    """

    def __init__(self, rows: Iterable[Incoming], leads: Iterable[Lead], *, typed: bool) -> None:
        keys = [key for row in rows if (key := CompanyKey.of(row.values, row.email, typed=typed))]
        domains = {key.domain for key in keys if key.domain}
        domains |= {normalise.company_domain(lead.email) for lead in leads} - {""}
        self._by_domain = _found("domain", domains)
        unplaced = {key.name for key in keys if key.name and key.domain not in self._by_domain}
        self._by_name = _found("name", unplaced)
        self._by_pk = {company.pk: company for company in self._by_name.values()}
        self._by_pk |= {company.pk: company for company in self._by_domain.values()}
        self._by_name = {name: self._by_pk[company.pk] for name, company in self._by_name.items()}
        self._new: list[Company] = []
        self._changed: dict[int, Company] = {}

    def known(self, company: Company | None) -> Company | None:
        """The one object that stands for this saved company."""
        return self._by_pk.setdefault(company.pk, company) if company and company.pk else company

    def look(self, key: CompanyKey) -> Company | None:
        return self._by_domain.get(key.domain) if key.domain else self._by_name.get(key.name)

    def get(self, key: CompanyKey, shown_name: str) -> Company:
        """The company of that key, made (not saved) when there is none."""
        company = self.look(key)
        if company is None and key.domain:
            company = self._adopt(key)
        if company is None:
            company = Company(name=shown_name or key.domain, domain=key.domain)
            self._new.append(company)
        if key.domain:
            self._by_domain[key.domain] = company
        elif key.name:
            self._by_name.setdefault(key.name, company)
        return company

    def _adopt(self, key: CompanyKey) -> Company | None:
        """A company that had only a name until now gets its domain."""
        company = self._by_name.get(key.name) if key.name else None
        if company is None or company.domain:
            return None
        company.domain = key.domain
        self.note_change(company)
        return company

    def note_change(self, company: Company) -> None:
        if company.pk:
            self._changed[company.pk] = company

    def save(self) -> None:
        Company.objects.bulk_create(self._new, batch_size=1000)
        changed = [self._changed[pk] for pk in sorted(self._changed)]
        if changed:
            Company.objects.bulk_update(changed, COLUMNS, batch_size=500)


def _found(column: str, wanted: set[str]) -> dict[str, Company]:
    """{lower-case value: company}; of several with one name the oldest."""
    if not wanted:
        return {}
    companies = Company.objects.annotate(asked=Lower(column)).filter(asked__any=wanted).order_by("-pk")
    return {company.asked: company for company in companies}
