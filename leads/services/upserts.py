"""Puts many people in at once: finds them, merges field by field, writes what changed in a few statements.

`plan` only reads, so it is also the dry run; `write` saves a plan. Both work on one batch of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q
from django.db.models.functions import Lower

from leads import erased_addresses
from leads.merging import PERSON, Claim, Incoming, Outcome, is_placeholder, merge_company, merge_lead
from leads.models import Company, Identity, Lead, Suppression
from leads.provenance import may_replace
from leads.services import bulk
from leads.services.companies import CompanyKey, Directory

NEW, UPDATED, UNCHANGED = "new", "updated", "unchanged"
DUPLICATE, CONFLICT, SUPPRESSED = "duplicate", "conflict", "suppressed"

LEAD_COLUMNS = (*PERSON, "custom", "provenance", "company_id")
UPDATE_TYPES = (
    {"id": "bigint"}
    | dict.fromkeys(PERSON, "text")
    | {"custom": "jsonb", "provenance": "jsonb", "company_id": "bigint"}
)


@dataclass
class Planned:
    """What happens to one row. `lead` is None for a conflict; a duplicate has the lead of the earlier row."""

    row: Incoming
    verdict: str
    lead: Lead | None = None
    changed: list[str] = field(default_factory=list)
    kept: dict[str, Any] = field(default_factory=dict)
    suppressed: bool = False
    company: Company | None = None
    new_identities: list[tuple[str, str]] = field(default_factory=list)


class Memory:
    """What one run has met so far: names of people, and company fields already decided; both hashed.

    A step works on a `fork` and keeps it only when it is saved.
    """

    def __init__(self, behind: Memory | None = None) -> None:
        self._behind = behind
        self._people: set[int] = set()
        self._claimed: set[int] = set()

    def fork(self) -> Memory:
        return Memory(self)

    def keep(self, fork: Memory) -> None:
        self._people |= fork._people
        self._claimed |= fork._claimed

    def met(self, row: Incoming) -> bool:
        """True when an earlier row was the same person; remembers this one either way."""
        marks = {hash(mark) for mark in _marks(row)}
        known = not marks.isdisjoint(self._people) or bool(
            self._behind and not marks.isdisjoint(self._behind._people)
        )
        self._people |= marks
        return known

    def decided(self, company: str, key: str) -> bool:
        """True when an earlier row already said this of the company; remembers it either way."""
        mark = hash((company, key))
        known = mark in self._claimed or bool(self._behind and mark in self._behind._claimed)
        self._claimed.add(mark)
        return known


def _marks(row: Incoming) -> list[tuple[str, str]]:
    names = [("email", row.email), ("external", row.external_id)]
    return [(kind, value) for kind, value in names if value]


class Plan:
    """The fate of each row of a batch, in order, and the companies they need."""

    def __init__(self, rows: Sequence[Incoming], claim: Claim, *, memory: Memory | None = None, lock: bool):
        self.claim = claim
        self.memory = memory or Memory()
        self._known = find(rows, lock=lock)
        self._suppressed = _suppressed({row.email for row in rows if row.email})
        self.directory = Directory(rows, self._known.values(), typed=claim.typed)
        self.rows = [self._place(row) for row in rows]

    def _place(self, row: Incoming) -> Planned:
        found = {self._known[mark].pk: self._known[mark] for mark in _marks(row) if mark in self._known}
        if self.memory.met(row):
            return Planned(row, DUPLICATE, next(iter(found.values()), None))
        if len(found) > 1:
            return Planned(row, CONFLICT)
        lead = next(iter(found.values()), None)
        planned = merge(lead, row, self.claim, self.directory, self.memory)
        planned.new_identities = [mark for mark in _marks(row) if mark not in self._known]
        if row.email in self._suppressed:
            planned.verdict, planned.suppressed = SUPPRESSED, True
        return planned

    @property
    def touched(self) -> list[Planned]:
        return [p for p in self.rows if p.lead and p.verdict != DUPLICATE and (p.changed or not p.lead.pk)]


def find(rows: Iterable[Incoming], *, lock: bool) -> dict[tuple[str, str], Lead]:
    """{("email" | "external", value): lead}; three queries. `lock` takes the leads in pk order until commit."""
    emails = {row.email for row in rows if row.email}
    external = {row.external_id for row in rows if row.external_id}
    names = list(
        Identity.objects.filter(
            Q(kind="email", value__any=emails) | Q(kind="external", value__any=external)
        ).values_list("kind", "value", "lead_id")
    )
    by_email = (
        Lead.objects.filter(merged_into=None).annotate(address=Lower("email")).filter(address__any=emails)
    )
    ids = {lead_id for *_, lead_id in names} | set(by_email.values_list("pk", flat=True))
    leads = Lead.objects.filter(pk__any=ids).order_by("pk").select_related("company")
    people = {lead.pk: lead for lead in (leads.select_for_update(of=("self",)) if lock else leads)}
    found = {(kind, value): people[lead_id] for kind, value, lead_id in names if lead_id in people}
    return found | {("email", lead.email.lower()): lead for lead in people.values() if lead.email in emails}


def _suppressed(emails: set[str]) -> set[str]:
    """Also those that belonged to somebody who was erased."""
    asked = Suppression.objects.annotate(lower=Lower("address")).filter(lower__any=emails)
    return set(asked.values_list("lower", flat=True)) | erased_addresses.known(emails)


def merge(
    lead: Lead | None,
    row: Incoming,
    claim: Claim,
    directory: Directory,
    memory: Memory | None = None,
) -> Planned:
    """Merges one row into a lead (a fresh one without), in memory."""
    person = lead or Lead(created_at=row.created_at or claim.at)
    values = dict(row.values)
    if row.email and (not person.email or claim.typed):
        values["email"] = row.email
    outcome = merge_lead(person, values, claim)
    company = _employer(person, row, claim, directory, memory, outcome)
    verdict = NEW if not lead else UPDATED if outcome.changed else UNCHANGED
    return Planned(row, verdict, person, outcome.changed, outcome.kept, company=company)


def _employer(
    lead: Lead,
    row: Incoming,
    claim: Claim,
    directory: Directory,
    memory: Memory | None,
    outcome: Outcome,
) -> Company | None:
    """Merges the company's facts and the link to it; adds what changed and what was refused to `outcome`."""
    if claim.typed and row.values.get("company", "") is None:
        _leave(lead, claim, outcome)
        return None
    current = directory.known(lead.company)
    key = _named(lead, row, claim)
    if key and current and directory.look(key) is None and claim.typed and is_placeholder(current):
        key = None  # the name that this company was waiting for
    if key and current and directory.look(key) is not current and not _may_move(lead, claim):
        outcome.kept["company"] = row.values.get("company") or key.domain
        return current
    company = directory.get(key, row.values.get("company") or "") if key else current
    if company is None:
        return None
    facts = merge_company(company, row.values, claim, memory.decided if memory else None)
    if facts.changed:
        directory.note_change(company)
    outcome.kept |= facts.kept
    outcome.changed += facts.changed
    if company is not current:
        lead.provenance["company"] = claim.entry
        lead.company = company
        outcome.changed = list(dict.fromkeys([*outcome.changed, "company"]))
    return company


def _named(lead: Lead, row: Incoming, claim: Claim) -> CompanyKey | None:
    """The company this row names. An address alone moves nobody who has a company already."""
    if lead.company_id and not row.values.get("company") and not row.values.get("company_domain"):
        return None
    return CompanyKey.of(row.values, row.email or lead.email or "", typed=claim.typed)


def _may_move(lead: Lead, claim: Claim) -> bool:
    old = lead.provenance.get("company")
    return may_replace(old=old, blank=False, source=claim.source, at=claim.at)


def _leave(lead: Lead, claim: Claim, outcome: Outcome) -> None:
    """A colleague cleared the company."""
    if lead.company_id:
        lead.company = None
        lead.provenance["company"] = claim.entry
        outcome.changed.append("company")


def write(plan: Plan) -> list[int]:
    """Saves companies, leads and identities; the ids of the leads that are new or changed.

    Raises IntegrityError when somebody else has just made the same person: plan again and retry.
    """
    plan.directory.save()
    fresh = [p for p in plan.touched if p.lead and not p.lead.pk]
    changed = {p.lead.pk: p.lead for p in plan.touched if p.lead and p.lead.pk}
    insert([p.lead for p in fresh if p.lead])
    update(list(changed.values()))
    add_identities(
        [
            (p.lead.pk, kind, value)
            for p in plan.rows
            if p.lead and p.lead.pk
            for kind, value in p.new_identities
        ]
    )
    return sorted([*changed, *(p.lead.pk for p in fresh if p.lead)])


def insert(leads: list[Lead]) -> None:
    """Sets the primary keys and copies the rows in."""
    if not leads:
        return
    for lead, pk in zip(leads, bulk.next_ids("leads_lead", len(leads)), strict=True):
        lead.pk = pk
    bulk.copy_in(
        "leads_lead",
        ("id", "stage", "created_at", *LEAD_COLUMNS),
        ((lead.pk, lead.stage, lead.created_at, *_columns(lead)) for lead in leads),
    )


def update(leads: list[Lead]) -> None:
    leads.sort(key=lambda lead: lead.pk)
    bulk.update_rows("leads_lead", UPDATE_TYPES, [(lead.pk, *_columns(lead)) for lead in leads])


def _columns(lead: Lead) -> tuple[Any, ...]:
    if lead.company:
        lead.company_id = lead.company.pk  # it may have been saved after it was linked
    return (
        *(getattr(lead, name) for name in PERSON),
        bulk.json(lead.custom),
        bulk.json(lead.provenance),
        lead.company_id,
    )


def add_identities(rows: Iterable[tuple[int, str, str]]) -> None:
    """(lead id, kind, value); a name that somebody else has stays theirs."""
    names = [name for name in rows if name[2]]
    if names:
        bulk.insert_rows(
            "leads_identity",
            {"lead_id": "bigint", "kind": "text", "value": "text"},
            names,
            "ON CONFLICT DO NOTHING",
            created_at="now()",
        )
