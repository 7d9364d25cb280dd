"""Runs through campaigns and places on lists at a merge."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef
from django.utils.dateparse import parse_datetime

from leads.joining import Line
from leads.models import Lead
from nurturing.models import Enrolment, HoldOut, Segment, SegmentChange, SegmentMember
from nurturing.services import enrolments, membership

Cause = SegmentChange.Cause


def move(winner: Lead, loser: Lead) -> dict[str, Any]:
    noted: dict[str, Any] = {}
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


def give_back(kept_by: Lead, loser: Lead, noted: dict[str, Any]) -> None:
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
    lists = len(_lists(loser))
    return found + [Line(f"{lists} {'place' if lists == 1 else 'places'} on lists move over.")] * bool(lists)
