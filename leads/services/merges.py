"""Two leads that are one person, and taking that back."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection, transaction

from leads.events import LeadsMerged, publish
from leads.models import Consent, Identity, Lead, LeadMerge, OutreachTask, Pulse, Suppression, no_value
from leads.services import opt_outs
from leads.services.touches import touch

FIELDS = (
    *("email", "first_name", "last_name", "phone", "title", "seniority", "department"),
    *("country", "city", "time_zone", "company_id", "source", "campaign", "owner_id"),
)
MOVE = "UPDATE leads_activity SET lead_id = %s WHERE lead_id = %s"
TAKE_BACK = "UPDATE leads_activity SET lead_id = %s WHERE lead_id = %s AND subject_id = ANY(%s)"


class MergeRefused(ValueError):
    """Says why these two stay apart; nothing was changed."""


@transaction.atomic
def merge_leads(*, winner: Lead, loser: Lead, cause: str) -> LeadMerge:
    """The winner gets the loser's history with its own times, its names, and its values where it has none.

    The loser stays as a hidden row, so that `unmerge` can bring it back. Raises MergeRefused.
    """
    if winner.pk == loser.pk:
        raise MergeRefused("A lead cannot be merged with itself.")
    locked = _lock(winner, loser)
    winner, loser = locked[winner.pk], locked[loser.pk]
    if winner.merged_into_id or loser.merged_into_id:
        raise MergeRefused("One of these leads has been merged already. Reload and look again.")
    moved = {"identities": _move_identities(winner, loser), "values": _fill_gaps(winner, loser)}
    _move_rest(winner, loser)
    opt_outs.heed_history([winner.pk])
    merge = LeadMerge.objects.create(winner=winner, loser=loser, cause=cause[:200], moved=moved)
    touch([winner.pk, loser.pk])
    publish(LeadsMerged(lead_id=winner.pk, loser_id=loser.pk))
    return merge


@transaction.atomic
def unmerge(*, merge: LeadMerge) -> Lead:
    """The loser is a lead of its own again, with its history, names and values. What came later stays.

    Raises MergeRefused when the merge has been undone before.
    """
    merge = LeadMerge.objects.select_for_update().filter(pk=merge.pk).first()  # type: ignore[assignment]
    if merge is None:
        raise MergeRefused("This merge has been undone already.")
    kept_by = holder(merge.winner)
    locked = _lock(kept_by, merge.loser)
    kept_by, loser = locked[kept_by.pk], locked[merge.loser_id]
    _give_back_values(kept_by, merge.moved.get("values", []), loser)
    Lead.objects.filter(pk=loser.pk).update(merged_into=None)
    Identity.objects.filter(pk__in=merge.moved.get("identities", []), lead=kept_by).update(lead=loser)
    subjects = _subjects(loser)
    Consent.objects.filter(lead=kept_by, subject_id__in=subjects).update(lead=loser)
    with connection.cursor() as cursor:
        cursor.execute(TAKE_BACK, [loser.pk, kept_by.pk, subjects])
    merge.delete()
    touch([kept_by.pk, loser.pk])
    loser.refresh_from_db()
    return loser


def _lock(*leads: Lead) -> dict[int, Lead]:
    """Both rows in the order of their keys, so that two merges cannot lock each other out."""
    rows = Lead.objects.select_for_update().filter(pk__in=[lead.pk for lead in leads]).order_by("pk")
    return {lead.pk: lead for lead in rows}


def _move_identities(winner: Lead, loser: Lead) -> list[int]:
    names = Identity.objects.filter(lead=loser)
    moved = sorted(names.values_list("pk", flat=True))
    names.update(lead=winner)
    return moved


def _move_rest(winner: Lead, loser: Lead) -> None:
    with connection.cursor() as cursor:
        cursor.execute(MOVE, [winner.pk, loser.pk])
    Suppression.objects.filter(lead=loser).update(lead=winner)
    OutreachTask.objects.filter(lead=loser).update(lead=winner)
    Consent.objects.filter(lead=loser).update(lead=winner)
    Pulse.objects.filter(lead=loser).delete()


def _fill_gaps(winner: Lead, loser: Lead) -> list[str]:
    """The names of the values that the winner took over; `custom.<key>` for own fields."""
    taken = [
        name for name in FIELDS if no_value(getattr(winner, name)) and not no_value(getattr(loser, name))
    ]
    own = [f"custom.{key}" for key in loser.custom if no_value(winner.custom.get(key))]
    for name in taken:
        setattr(winner, name, getattr(loser, name))
    for name in [*taken, *own]:
        key = name.removesuffix("_id")
        if key in loser.provenance:
            winner.provenance[key] = loser.provenance[key]
    winner.custom |= {key.removeprefix("custom."): loser.custom[key.removeprefix("custom.")] for key in own}
    Lead.objects.filter(pk=loser.pk).update(merged_into=winner)  # first, since both now have one address
    if taken or own:
        winner.save(update_fields=[*taken, "custom", "provenance"])
    return [*taken, *own]


def _give_back_values(holder: Lead, values: Iterable[str], loser: Lead) -> None:
    """What the winner took over and nobody has changed since becomes unknown again."""
    fields = []
    for name in values:
        if name.startswith("custom."):
            _give_back_own(holder, loser, name.removeprefix("custom."))
        elif getattr(holder, name) == getattr(loser, name):
            setattr(holder, name, None if name in {"email", "company_id", "owner_id"} else "")
            holder.provenance.pop(name.removesuffix("_id"), None)
            fields.append(name)
    holder.save(update_fields=[*fields, "custom", "provenance"])


def _give_back_own(holder: Lead, loser: Lead, key: str) -> None:
    if holder.custom.get(key) == loser.custom.get(key):
        holder.custom.pop(key, None)
        holder.provenance.pop(f"custom.{key}", None)


def holder(lead: Lead) -> Lead:
    """Who has this lead's history now: itself, or whoever it was merged into since."""
    while lead.merged_into is not None:
        lead = lead.merged_into
    return lead


def _subjects(loser: Lead) -> list[int]:
    """The lead itself and everybody merged into it before: their activities are its own."""
    found, fresh = {loser.pk}, {loser.pk}
    while fresh:
        fresh = set(LeadMerge.objects.filter(winner_id__in=fresh).values_list("loser_id", flat=True)) - found
        found |= fresh
    return sorted(found)
