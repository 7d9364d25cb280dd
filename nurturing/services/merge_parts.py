"""Runs through campaigns, hold-outs, and places on lists and in ad audiences at a merge."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.dateparse import parse_datetime

from leads.joining import Line
from leads.models import Lead
from nurturing.models import AudienceMember, Enrolment, HoldOut, Segment, SegmentChange, SegmentMember
from nurturing.services import enrolments, membership

Cause = SegmentChange.Cause


def move(winner: Lead, loser: Lead) -> dict[str, Any]:
    noted = _follow(winner, loser)
    runs = sorted(Enrolment.objects.active().filter(lead=loser).values_list("pk", flat=True))
    if runs:
        noted["runs"] = runs
        enrolments.follow_merges(into=winner)
    there = {segment: since.isoformat() for segment, since in _lists(loser)}
    if there:
        known = {segment for segment, _ in _lists(winner)}
        noted["lists"] = [[segment, since, segment not in known] for segment, since in there.items()]
        membership.follow_merge(loser.pk, winner.pk)
    return noted


def _follow(winner: Lead, loser: Lead) -> dict[str, Any]:
    """Before the runs: a campaign that holds one of the two out holds the merged lead out."""
    noted: dict[str, Any] = {}
    for name, rows in (("held_out", _hold_outs(winner, loser)), ("audiences", _audiences(winner, loser))):
        pks = sorted(rows.values_list("pk", flat=True))
        if pks:
            rows.model._base_manager.filter(pk__in=pks).update(lead=winner)
            noted[name] = pks
    return noted


def _hold_outs(winner: Lead, loser: Lead) -> QuerySet[HoldOut]:
    """Not of campaigns that drew the winner: who has run through one cannot be held out of it any more."""
    drawn = Exists(HoldOut.objects.filter(campaign=OuterRef("campaign"), lead=winner))
    met = Exists(Enrolment.objects.filter(campaign=OuterRef("campaign"), lead=winner))
    return HoldOut.objects.filter(~drawn, ~met, lead=loser)


def _audiences(winner: Lead, loser: Lead) -> QuerySet[AudienceMember]:
    there = Exists(AudienceMember.objects.filter(audience=OuterRef("audience"), lead=winner, left_at=None))
    return AudienceMember.objects.filter(~there, lead=loser, left_at=None)


def give_back(kept_by: Lead, loser: Lead, noted: dict[str, Any]) -> None:
    HoldOut.objects.filter(pk__in=noted.get("held_out", []), lead=kept_by).update(lead=loser)
    AudienceMember.objects.filter(pk__in=noted.get("audiences", []), lead=kept_by).update(lead=loser)
    Enrolment.objects.filter(pk__in=noted.get("runs", []), lead=kept_by).update(lead=loser)
    there = {segment for segment, _ in _lists(kept_by)}
    for segment, since, came in noted.get("lists", []):
        if segment not in there or not Segment.objects.filter(pk=segment).exists():
            continue  # somebody took the person off it since
        membership.put([segment], [loser.pk], Cause.MERGE)
        SegmentMember.objects.filter(segment=segment, lead=loser).update(since=parse_datetime(since))
        if came:
            membership.take([segment], [kept_by.pk], Cause.MERGE)


def _lists(lead: Lead) -> list[tuple[int, Any]]:
    on = SegmentMember.objects.filter(lead=lead, segment__kind=Segment.Kind.LIST)
    return list(on.values_list("segment_id", "since"))


def lines(winner: Lead, loser: Lead) -> list[Line]:
    runs = Enrolment.objects.active().filter(lead=loser)
    met = Exists(Enrolment.objects.filter(campaign=OuterRef("campaign"), lead=winner))
    held = Exists(HoldOut.objects.filter(campaign=OuterRef("campaign"), lead=winner))
    ending = list(runs.filter(met | held).values_list("campaign__name", flat=True))
    staying = list(runs.exclude(met | held).values_list("campaign__name", flat=True))
    found = [Line(f"The run through “{name}” goes on as the merged lead's.") for name in staying]
    found += [
        Line(
            f"The run through “{name}” ends: the other one went through it, or is held out. It is not taken up "
            "again; you can enrol the lead anew.",
            lasting=True,
        )
        for name in ending
    ]
    drawn = _hold_outs(winner, loser).values_list("campaign__name", flat=True)
    found += [
        Line(f"The campaign “{name}” holds the merged lead out, as it does this one.") for name in drawn
    ]
    found += _places(len(_lists(loser)), "on lists")
    return found + _places(_audiences(winner, loser).count(), "in ad audiences")


def _places(number: int, where: str) -> list[Line]:
    words = "1 place" if number == 1 else f"{number} places"
    return [Line(f"{words} {where} {'moves' if number == 1 else 'move'} over.")] if number else []
