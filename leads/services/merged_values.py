"""Field values at a merge: taken over with where they come from, and given back as they were.

A value that somebody changed since the merge stays: that is news about the lead that stayed. Where the lead that took
a value over was merged itself, whoever took it on from there gives it back, too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from leads import joining
from leads.models import Lead, LeadMerge, no_value

FIELDS = (
    *("email", "first_name", "last_name", "phone", "title", "seniority", "department"),
    *("country", "city", "time_zone", "language", "company_id", "source", "campaign", "owner_id"),
)
CUSTOM = "custom."
Values = dict[str, Any]


def values_of(lead: Lead) -> Values:
    """Own fields are called `custom.<key>`; those that nobody ever filled are left out."""
    own = {f"{CUSTOM}{key}": value for key, value in lead.custom.items()}
    return {name: getattr(lead, name) for name in FIELDS} | own


def entry_of(lead: Lead, name: str) -> dict[str, Any] | None:
    return lead.provenance.get(name.removesuffix("_id"))


def snapshot(lead: Lead) -> Values:
    """What may have to be given back: values, where they come from, and the stage."""
    return {"values": values_of(lead), "provenance": dict(lead.provenance), "stage": lead.stage}


def changes(before: Values, after: Values) -> dict[str, list[Any]]:
    """{field: [value before, where from, value after, where from]} of what the merge changed."""
    names = {*before["values"], *after["values"]}
    found = {}
    for name in sorted(names):
        key = name.removesuffix("_id")
        old = [before["values"].get(name), before["provenance"].get(key)]
        new = [after["values"].get(name), after["provenance"].get(key)]
        if old != new:
            found[name] = [*old, *new]
    return found


def take_over(winner: Lead, loser: Lead, sides: Mapping[str, str]) -> None:
    """The winner gets what it does not know, or what `sides` says. Hides the loser."""
    mine, theirs = values_of(winner), values_of(loser)
    missing = set(joining.gaps(mine, theirs))
    taken = [
        name
        for name in joining.differing(mine, theirs)
        if sides.get(name, joining.THEIRS if name in missing else joining.MINE) == joining.THEIRS
    ]
    for name in taken:
        _set(winner, name, theirs[name], entry_of(loser, name))
    Lead.objects.filter(pk=loser.pk).update(merged_into=winner)
    if taken:
        _save(winner)


def give_back(merge: LeadMerge) -> None:
    first, *later = list(chain(merge))
    noted: dict[str, list[Any]] = _noted(merge)
    gone = _undo(first[0], noted, list(noted))
    for lead, above in later:
        higher = {name: note for name, note in _noted(above).items() if name in gone}
        back = _undo(lead, higher, [name for name in higher if higher[name][2:] == noted[name][2:]])
        _forget(above, back)
        gone = back


def stays(merge: LeadMerge) -> list[str]:
    """Fields that were changed since, so that taking the merge apart leaves them as they are."""
    lead = list(chain(merge))[-1][0]
    return [name for name, note in _noted(merge).items() if _now(lead, name) != note[2:]]


def chain(merge: LeadMerge) -> Iterator[tuple[Lead, LeadMerge]]:
    """Who took over, and whoever took it on from there, each with the merge that did it. From the lowest up."""
    step: LeadMerge | None = merge
    while step is not None:
        winner = Lead.objects.get(pk=step.winner_id)
        yield winner, step
        step = LeadMerge.objects.filter(loser=winner).first()


def _noted(merge: LeadMerge) -> dict[str, list[Any]]:
    """What the merge changed. Older merges noted only names of what had been empty before."""
    noted = merge.moved.get("values", {})
    if isinstance(noted, dict):
        return noted
    theirs = values_of(merge.loser)
    return {
        name: [_empty(name), None, theirs.get(name), entry_of(merge.loser, name)]
        for name in noted
        if not no_value(theirs.get(name))
    }


def _undo(lead: Lead, noted: Mapping[str, list[Any]], names: list[str]) -> list[str]:
    """Gives back what still stands as the merge left it; which that was."""
    back = [name for name in names if _now(lead, name) == noted[name][2:]]
    for name in back:
        _set(lead, name, *noted[name][:2])
    if back:
        _save(lead)
    return back


def _now(lead: Lead, name: str) -> list[Any]:
    return [values_of(lead).get(name), entry_of(lead, name)]


def _forget(merge: LeadMerge, names: list[str]) -> None:
    merge.moved["values"] = {name: note for name, note in _noted(merge).items() if name not in names}
    merge.save(update_fields=["moved"])


def _set(lead: Lead, name: str, value: Any, entry: dict[str, Any] | None) -> None:
    if not name.startswith(CUSTOM):
        setattr(lead, name, value)
    elif no_value(value):
        lead.custom.pop(name.removeprefix(CUSTOM), None)
    else:
        lead.custom[name.removeprefix(CUSTOM)] = value
    key = name.removesuffix("_id")
    if entry:
        lead.provenance[key] = entry
    else:
        lead.provenance.pop(key, None)


def _empty(name: str) -> Any:
    return None if name in {"email", "company_id", "owner_id"} or name.startswith(CUSTOM) else ""


def _save(lead: Lead) -> None:
    lead.save(update_fields=[*FIELDS, "custom", "provenance"])
