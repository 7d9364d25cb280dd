"""What a merge of two leads would do, and what taking one apart would do, as the pages show it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from leads import joining
from leads.details import LABELS
from leads.joining import Line
from leads.models import Activity, Company, Consent, CustomField, Lead, LeadMerge
from leads.services import merged_values as values
from leads.services import merges

NAMES = {"company_id": "Company", "owner_id": "Owner", "email": "E-mail", "time_zone": "Time zone"}
LASTING = (
    Line("Mails, alerts and files that went out meanwhile stay out.", lasting=True),
    Line("What happens after the merge stays with the lead that stays.", lasting=True),
)


@dataclass(frozen=True)
class Choice:
    """One field of which only one value can stand."""

    name: str
    label: str
    mine: str  # blank when not known
    theirs: str
    my_source: str
    their_source: str
    side: str
    why: str


@dataclass(frozen=True)
class Preview:
    choices: list[Choice]
    agreeing: int  # fields in which both say the same
    moving: list[Line]
    lasting: list[Line]
    refusal: str
    seen: str  # changes when either lead does

    @property
    def sides(self) -> dict[str, str]:
        return {choice.name: choice.side for choice in self.choices}


def preview(winner: Lead, loser: Lead, by: Any, chosen: dict[str, str] | None = None) -> Preview:
    """`chosen` are sides somebody picked already; a field without one gets the proposal."""
    mine, theirs = values.values_of(winner), values.values_of(loser)
    words = _Words([winner, loser])
    choices = [_choice(name, winner, loser, words, chosen or {}) for name in joining.differing(mine, theirs)]
    agreeing = sum(1 for name, value in theirs.items() if value and mine.get(name) == value)
    lines = [*merges.lines(winner, loser), *LASTING]
    moving, lasting = [line for line in lines if not line.lasting], [line for line in lines if line.lasting]
    return Preview(choices, agreeing, moving, lasting, _refusal(winner, loser, by), stamp(winner, loser))


def stamp(*leads: Lead) -> str:
    said = [(lead.pk, sorted(values.values_of(lead).items()), lead.merged_into_id) for lead in leads]
    return hashlib.blake2b(repr(said).encode("utf-8", "replace"), digest_size=12).hexdigest()


def _refusal(winner: Lead, loser: Lead, by: Any) -> str:
    try:
        merges.refuse(winner, loser, by)
    except merges.MergeRefused as refusal:
        return str(refusal)
    return ""


def _choice(name: str, winner: Lead, loser: Lead, words: _Words, chosen: dict[str, str]) -> Choice:
    mine, theirs = values.values_of(winner).get(name), values.values_of(loser).get(name)
    entries = values.entry_of(winner, name), values.entry_of(loser, name)
    proposed = joining.propose(mine, theirs, *entries)
    return Choice(
        name=name,
        label=words.label(name),
        mine=words.value(name, mine),
        theirs=words.value(name, theirs),
        my_source=joining.source_words(entries[0]),
        their_source=joining.source_words(entries[1]),
        side=chosen.get(name, proposed.side),
        why=proposed.why,
    )


class _Words:
    """Labels of fields and names behind ids; two queries at most."""

    def __init__(self, leads: list[Lead]) -> None:
        own = {key for lead in leads for key in lead.custom}
        self._labels = dict(CustomField.objects.filter(key__in=own).values_list("key", "label"))
        firms = [lead.company_id for lead in leads if lead.company_id]
        self._firms = {firm.pk: str(firm) for firm in Company.objects.filter(pk__in=firms)}
        self._owners = {lead.owner_id: str(lead.owner) for lead in leads if lead.owner}

    def label(self, name: str) -> str:
        if name.startswith(values.CUSTOM):
            key = name.removeprefix(values.CUSTOM)
            return self._labels.get(key, key)
        return NAMES.get(name) or LABELS.get(name) or name.replace("_", " ").capitalize()

    def value(self, name: str, value: Any) -> str:
        if name == "company_id":
            return self._firms.get(value, "")
        if name == "owner_id":
            return self._owners.get(value, "")
        if isinstance(value, bool):
            return "Yes" if value else "No"
        return "" if value is None else str(value)


@dataclass(frozen=True)
class Parting:
    """What comes back when a merge is taken apart, and what stays."""

    returning: list[Line]
    staying: list[Line]


def parting(merge: LeadMerge) -> Parting:
    kept_by, noted = merges.holder(merge.winner), merge.moved.get("parts", {})
    subjects = merges.subjects(merge.loser)
    counts = [
        (Activity.objects.filter(lead=kept_by, subject_id__in=subjects).count(), "activity", "activities"),
        (Consent.objects.filter(lead=kept_by, subject_id__in=subjects).count(), "consent", "consents"),
        (len(noted.get("leads", {}).get("identities", [])), "name for machines", "names for machines"),
        (len(noted.get("leads", {}).get("suppressions", [])), "suppression", "suppressions"),
        (len(noted.get("leads", {}).get("tasks", [])), "task", "tasks"),
        (len(noted.get("nurturing", {}).get("runs", [])), "run through a campaign", "runs through campaigns"),
        (len(noted.get("nurturing", {}).get("lists", [])), "place on a list", "places on lists"),
        (1 if noted.get("scoring") else 0, "qualification cycle", "qualification cycles"),
    ]
    returning = [Line(f"{number:,} {one if number == 1 else many}") for number, one, many in counts if number]
    changed = values.stays(merge)
    words = _Words([kept_by, merge.loser])
    since = Activity.objects.filter(lead=kept_by, received_at__gt=merge.at).exclude(subject_id__in=subjects)
    staying = [Line(f"{count:,} activities that arrived since.") for count in [since.count()] if count]
    if changed:
        staying.append(Line(f"{joining.joined(map(words.label, changed))}: changed since, so it stays."))
    return Parting(returning, staying)
