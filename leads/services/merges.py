"""Two leads that are one person, and taking that back exactly.

Each app moves its own rows and notes which (`settings.MERGE_PARTS`); the notes lie in LeadMerge.moved. Activities and
consents need none: they keep the lead they came for as `subject_id`.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from leads import joining
from leads.events import LeadsMerged, publish
from leads.models import Consent, Disqualification, Lead, LeadMerge
from leads.services import merged_values as values
from leads.services import opt_outs
from leads.services.people import move_stage
from leads.services.touches import touch

MOVE = "UPDATE leads_activity SET lead_id = %s WHERE lead_id = %s"
TAKE_BACK = "UPDATE leads_activity SET lead_id = %s WHERE lead_id = %s AND subject_id = ANY(%s)"


class MergeRefused(ValueError):
    """Says why these two stay apart, or together; nothing was changed."""


@transaction.atomic
def merge_leads(
    *, winner: Lead, loser: Lead, cause: str, by: Any = None, sides: Mapping[str, str] | None = None
) -> LeadMerge:
    """The winner gets the loser's history with its own times, its names, and its values where it has none.

    `sides` says it otherwise for single fields: {field: "mine" or "theirs"}. The loser stays as a hidden row, so that
    `unmerge` can bring it back. Raises MergeRefused.
    """
    if winner.pk == loser.pk:
        raise MergeRefused("A lead cannot be merged with itself.")
    locked = _lock(winner, loser)
    winner, loser = locked[winner.pk], locked[loser.pk]
    refuse(winner, loser, by)
    before = values.snapshot(winner)
    parts = _move(winner, loser, sides or {})
    winner.refresh_from_db()
    moved: dict[str, Any] = {"parts": parts, "values": values.changes(before, values.snapshot(winner))}
    moved["stage"] = [before["stage"], winner.stage]
    merge = LeadMerge.objects.create(winner=winner, loser=loser, cause=cause[:200], moved=moved, by=by)
    touch([winner.pk, loser.pk])
    publish(LeadsMerged(lead_id=winner.pk, loser_id=loser.pk))
    return merge


def refuse(winner: Lead, loser: Lead, by: Any) -> None:
    """What speaks against it; a colleague is told what a machine cannot weigh."""
    if winner.merged_into_id or loser.merged_into_id:
        raise MergeRefused("One of these leads has been merged already. Reload and look again.")
    out = set(Disqualification.objects.filter(lead__in=[winner, loser]).values_list("lead_id", flat=True))
    if by and out == {loser.pk}:
        raise MergeRefused(
            f"{loser} is disqualified, and {winner} is not. Keep the disqualified one, or take that back first."
        )


def _move(winner: Lead, loser: Lead, sides: Mapping[str, str]) -> dict[str, Any]:
    values.take_over(winner, loser, sides)  # hides the loser first, since both may now have one address
    with connection.cursor() as cursor:
        cursor.execute(MOVE, [winner.pk, loser.pk])
    Consent.objects.filter(lead=loser).update(lead=winner)
    noted = {}
    for name, part in parts():
        done = part.move(winner, loser)
        if done:
            noted[name] = done
    said = set(winner.consents.values_list("pk", flat=True))
    known = set(winner.suppressions.values_list("pk", flat=True))
    if opt_outs.heed_history([winner.pk]):
        noted["heeded"] = {
            "suppressions": sorted(set(winner.suppressions.values_list("pk", flat=True)) - known),
            "consents": sorted(set(winner.consents.values_list("pk", flat=True)) - said),
        }
    return noted


def parts() -> list[tuple[str, Any]]:
    """(app, its module): each has `move`, `give_back` and `lines`."""
    return [(path.partition(".")[0], import_module(path)) for path in settings.MERGE_PARTS]


def lines(winner: Lead, loser: Lead) -> list[joining.Line]:
    """What a merge of these two would do, in words."""
    return [line for _, part in parts() for line in part.lines(winner, loser)]


@transaction.atomic
def unmerge(*, merge: LeadMerge) -> Lead:
    """The loser is a lead of its own again, with its history, names and values. What came later stays.

    Raises MergeRefused when the merge has been undone before, or the loser's address is somebody else's now.
    """
    merge = LeadMerge.objects.select_for_update().filter(pk=merge.pk).first()  # type: ignore[assignment]
    if merge is None:
        raise MergeRefused("This merge has been undone already.")
    kept_by = holder(merge.winner)
    locked = _lock(kept_by, merge.loser)
    kept_by, loser = locked[kept_by.pk], locked[merge.loser_id]
    values.give_back(merge)
    _refuse_taken_address(loser)
    Lead.objects.filter(pk=loser.pk).update(merged_into=None)
    loser.merged_into = None
    _take_back(merge, kept_by, loser)
    _give_back_stage(merge, kept_by)
    merge.delete()
    touch([kept_by.pk, loser.pk])
    loser.refresh_from_db()
    return loser


def _take_back(merge: LeadMerge, kept_by: Lead, loser: Lead) -> None:
    subject_ids = subjects(loser)
    Consent.objects.filter(lead=kept_by, subject_id__in=subject_ids).update(lead=loser)
    with connection.cursor() as cursor:
        cursor.execute(TAKE_BACK, [loser.pk, kept_by.pk, subject_ids])
    noted = merge.moved.get("parts", {})
    heeded = noted.get("heeded", {})
    Consent.objects.filter(pk__in=heeded.get("consents", []), lead=kept_by).update(lead=loser)
    for name, part in parts():
        part.give_back(kept_by, loser, noted.get(name, {}))
    _forget_suppressions(heeded.get("suppressions", []), kept_by)


def _forget_suppressions(made: list[int], kept_by: Lead) -> None:
    """They came with the loser's history. Without a lead first: a deleted one of a lead counts as asked for."""
    rows = kept_by.suppressions.filter(pk__in=made).exclude(reason="complained")
    pks = list(rows.values_list("pk", flat=True))
    rows.update(lead=None)
    kept_by.suppressions.model.objects.filter(pk__in=pks).delete()


def _refuse_taken_address(loser: Lead) -> None:
    if not loser.email:
        return
    other = Lead.objects.filter(email__iexact=loser.email, merged_into=None).first()
    if other:
        raise MergeRefused(
            f"{loser.email} is the address of {other} now. Give {other} another one first; nothing was changed."
        )


def _give_back_stage(merge: LeadMerge, kept_by: Lead) -> None:
    before, after = merge.moved.get("stage", ["", ""])
    kept_by.refresh_from_db()
    if before != after and kept_by.stage == after:
        move_stage(lead=kept_by, stage=before, reason="A merge was taken apart.")


def _lock(*leads: Lead) -> dict[int, Lead]:
    """Both rows in the order of their keys, so that two merges cannot lock each other out."""
    rows = Lead.objects.select_for_update().filter(pk__in=[lead.pk for lead in leads]).order_by("pk")
    return {lead.pk: lead for lead in rows}


def holder(lead: Lead) -> Lead:
    """Who has this lead's history now: itself, or whoever it was merged into since."""
    while lead.merged_into is not None:
        lead = lead.merged_into
    return lead


def subjects(loser: Lead) -> list[int]:
    """The lead itself and everybody merged into it before: their activities are its own."""
    found, fresh = {loser.pk}, {loser.pk}
    while fresh:
        fresh = set(LeadMerge.objects.filter(winner_id__in=fresh).values_list("loser_id", flat=True)) - found
        found |= fresh
    return sorted(found)
