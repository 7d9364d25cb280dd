"""Who an event is about: the names a person goes by, gathered under one lead.

A name is an external id, an e-mail address or a visitor id. The strongest known name decides. Leads are joined
when one message names both and nothing speaks against it: two addresses, or two people at one browser.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from django.db import connection
from django.utils import timezone

from leads.models import Identity, Lead
from leads.services import arrays
from leads.services.merges import MergeRefused, merge_leads, unmerge

__all__ = ["MergeRefused", "Sender", "merge_leads", "resolve", "unmerge"]

Name = tuple[str, str]  # kind of identity, value
VISITOR, EMAIL, EXTERNAL = (
    Identity.Kind.VISITOR.value,
    Identity.Kind.EMAIL.value,
    Identity.Kind.EXTERNAL.value,
)
LOCKS = 128  # new names share this many locks: PostgreSQL's table of locks is not large

# One array in the order of the question: hundreds of rows would cost the driver more than the look-up.
WHOSE = """
SELECT array_agg(identity.lead_id ORDER BY asked.place)
FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS asked (kind, value, place)
LEFT JOIN leads_identity identity ON identity.kind = asked.kind AND identity.value = asked.value
"""
# The address on the lead itself wins over a remembered one: a colleague may have corrected it.
FIND = """
SELECT asked.kind, asked.value, lead.id, lower(lead.email) AS email, lead.name <> '', other.external
FROM unnest(%s::text[], %s::text[]) AS asked (kind, value)
JOIN leads_identity identity ON identity.kind = asked.kind AND identity.value = asked.value
CROSS JOIN LATERAL (
    SELECT id, email, first_name || last_name || phone AS name FROM leads_lead
    WHERE id = identity.lead_id AND merged_into_id IS NULL
) lead
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT FROM leads_identity WHERE lead_id = lead.id AND kind = 'external') AS external
) other
UNION ALL
SELECT 'email', asked.value, lead.id, asked.value, true,
    EXISTS (SELECT FROM leads_identity WHERE lead_id = lead.id AND kind = 'external')
FROM unnest(%s::text[]) AS asked (value)
JOIN leads_lead lead ON lower(lead.email) = asked.value AND lead.merged_into_id IS NULL
"""
ADD_NAMES = """
INSERT INTO leads_identity (kind, value, lead_id, created_at)
SELECT *, now() FROM unnest(%s::text[], %s::text[], %s::bigint[]) ON CONFLICT (kind, value) DO NOTHING
"""


class Names(Protocol):
    """Whatever carries the names of its sender, strongest first, and says when it happened."""

    @property
    def names(self) -> tuple[Name, ...]: ...
    @property
    def occurred_at(self) -> datetime: ...


class Sender(NamedTuple):
    names: tuple[Name, ...]
    occurred_at: datetime


@dataclass(eq=False)
class _Person:
    seen_at: datetime
    lead_id: int | None = None
    email: str = ""
    addressed: bool = False  # the lead itself has the address, not only the message
    external: bool = False
    named: bool = False
    into: _Person | None = None
    names: list[Name] = field(default_factory=list)  # not in the database yet

    @property
    def anonymous(self) -> bool:
        return not (self.email or self.external or self.named)

    def root(self) -> _Person:
        return self.into.root() if self.into else self


def resolve(senders: Sequence[Names]) -> list[int]:
    """The lead of each sender, in order; people nobody knew yet become leads. Runs inside the caller's transaction.

    The number of statements does not grow with the senders, only with the leads that must be merged.
    """
    owners = _owners({name for sender in senders for name in sender.names})
    found = [_known_lead(sender, owners) for sender in senders]
    doubtful = [sender for sender, lead_id in zip(senders, found, strict=True) if lead_id is None]
    if not doubtful:
        return [lead_id for lead_id in found if lead_id is not None]
    settled = iter(_settle(doubtful))
    return [next(settled) if lead_id is None else lead_id for lead_id in found]


def _known_lead(sender: Names, owners: dict[Name, int | None]) -> int | None:
    """The plain case, and nearly all of the traffic: every name is known and all of them are one lead's."""
    first = owners.get(sender.names[0])
    for name in sender.names:
        if name[0] == EMAIL or owners.get(name) != first:
            return None
    return first


def _owners(names: set[Name]) -> dict[Name, int | None]:
    if not names:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(WHOSE, [arrays.texts(column) for column in zip(*names, strict=True)])
        return dict(zip(names, cursor.fetchone()[0], strict=True))


def _settle(senders: Sequence[Names]) -> list[int]:
    wanted = {name for sender in senders for name in sender.names}
    known = _find(wanted)
    unknown = wanted - known.keys()
    if unknown:
        _lock(unknown)  # somebody may be making the same person just now; whoever comes second finds it
        known |= _find(unknown)
    book = _Book(known)
    people = [book.person(sender) for sender in senders]
    _create_leads({person.root() for person in people})
    _add_names({person.root() for person in people})
    _merge(book.merged)
    return [_lead_id(person) for person in people]


class _Book:
    """The people behind the names of one batch; a name that nobody has yet is entered as it is met."""

    def __init__(self, known: dict[Name, _Person]) -> None:
        self.known = known
        self.merged: list[_Person] = []

    def person(self, sender: Names) -> _Person:
        person = _Person(sender.occurred_at)
        for kind, value in sender.names:
            if kind == EMAIL:
                person.email = value
            person.external = person.external or kind == EXTERNAL
        for name in sender.names:
            met = self.known.get(name)
            if met is not None:
                person = self._join(person, met.root(), strong=name[0] != VISITOR)
        self._enter(person, sender.names)
        return person

    def _join(self, person: _Person, met: _Person, *, strong: bool) -> _Person:
        if met is person:
            return person
        if (
            person.email
            and met.email
            and person.email != met.email
            and not (strong and person.lead_id is None)
        ):
            return person
        if not strong and not _same_visitor(person, met):
            return person
        winner, loser = sorted((person, met), key=_seniority)
        loser.into = winner
        winner.email = winner.email or loser.email
        winner.external, winner.named = winner.external or loser.external, winner.named or loser.named
        winner.seen_at = min(winner.seen_at, loser.seen_at)
        winner.names += loser.names
        if loser.lead_id is not None:
            self.merged.append(loser)
        return winner

    def _enter(self, person: _Person, names: Iterable[Name]) -> None:
        for name in names:
            if name not in self.known:
                self.known[name] = person
                person.names.append(name)


def _same_visitor(person: _Person, met: _Person) -> bool:
    """A browser is weak evidence: two people may share it. Two leads join only if one of them is anonymous."""
    if person.lead_id is not None:
        return person.anonymous or met.anonymous
    return not (person.external and met.external)


def _seniority(person: _Person) -> tuple[bool, bool, bool, int]:
    """Who stays when two are one: the saved one, with an address, identified, oldest."""
    return (person.lead_id is None, not person.addressed, person.anonymous, person.lead_id or 0)


def _find(names: set[Name]) -> dict[Name, _Person]:
    if not names:
        return {}
    ordered = sorted(names)
    people: dict[int, _Person] = {}
    found: dict[Name, _Person] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            FIND,
            [
                arrays.texts([kind for kind, _ in ordered]),
                arrays.texts([value for _, value in ordered]),
                arrays.texts([value for kind, value in ordered if kind == EMAIL]),
            ],
        )
        for kind, value, lead_id, email, named, external in cursor.fetchall():
            new = _Person(timezone.now(), lead_id, email or "", bool(email), external, named)
            found[kind, value] = people.setdefault(lead_id, new)
    return found


def _lock(names: set[Name]) -> None:
    """Until the end of the transaction. In one order for everybody, so nobody waits in a circle."""
    numbers = {
        hashlib.blake2b(repr(name).encode("utf-8", "replace"), digest_size=2).digest() for name in names
    }
    buckets = sorted({int.from_bytes(number) % LOCKS for number in numbers})
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext('leads_identity'), bucket)"
            " FROM unnest(%s::integer[]) AS bucket",
            [buckets],
        )


def _create_leads(people: Iterable[_Person]) -> None:
    """The address is entered by the caller, together with the other fields and where they come from."""
    new = sorted((person for person in people if person.lead_id is None), key=lambda one: one.seen_at)
    now = timezone.now()
    made = Lead.objects.bulk_create([Lead(created_at=min(person.seen_at, now)) for person in new])
    for person, lead in zip(new, made, strict=True):
        person.lead_id = lead.pk


def _add_names(people: Iterable[_Person]) -> None:
    rows = sorted((kind, value, _lead_id(person)) for person in people for kind, value in person.names)
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(ADD_NAMES, [list(column) for column in zip(*rows, strict=True)])


def _merge(merged: Sequence[_Person]) -> None:
    for loser in merged:
        pair = Lead.objects.in_bulk([_lead_id(loser.root()), loser.lead_id])
        merge_leads(
            winner=pair[_lead_id(loser.root())],
            loser=pair[loser.lead_id],
            cause="One message named both.",
        )


def _lead_id(person: _Person) -> int:
    lead_id = person.root().lead_id
    assert lead_id is not None
    return lead_id
