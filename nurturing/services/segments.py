"""Making, changing and deleting segments and lists. Whoever is in a campaign stays in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from leads.events import publish
from leads.models import Lead
from nurturing.events import ListChanged, MembersEntered, SegmentSaved
from nurturing.models import Campaign, Segment, SegmentChange
from nurturing.segments.language import BadDefinition, Group, asked_segments, parse
from nurturing.segments.reading import definitions
from nurturing.segments.validation import cycle, problems
from nurturing.segments.vocabulary import registry
from nurturing.services import membership

AT_ONCE = 5_000  # leads up to which an edit waits for the members instead of leaving them to a worker
Cause = SegmentChange.Cause
Kind = Segment.Kind


class CannotDelete(ValueError):
    """Says what uses the segment; nothing was changed."""


class NotAList(ValueError):
    """Only lists are put together by hand."""


def save_segment(*, segment: Segment | None, name: str, conditions: Any, actor: Any) -> Segment:
    """Saves the definition; its members follow at once on a small base, else within seconds. Raises BadDefinition."""
    with transaction.atomic():
        membership.definitions_stand_still(change=True)
        segment = segment or Segment(created_by=actor)
        definition = parse(conditions)
        check(definition, segment.pk)
        changed = segment.pk is None or segment.conditions != conditions
        segment.name, segment.conditions = name, conditions
        if changed:
            segment.kept_since = segment.building_until = None
        segment.save()
        if changed:
            publish(SegmentSaved(segment_id=segment.pk))
    if changed and _is_small():
        membership.build(segment.pk)
        segment.refresh_from_db()
    return segment


def check(definition: Group, segment_id: int | None) -> None:
    """Raises the first BadDefinition."""
    found = problem_with(definition, segment_id)
    if found:
        raise found


def problem_with(definition: Group, segment_id: int | None) -> BadDefinition | None:
    """The first: what it asks about must exist, and must not ask about it."""
    names = dict(Segment.objects.values_list("pk", "name"))
    campaigns = set(Campaign.objects.values_list("pk", flat=True))
    found = problems(definition, known=registry(), segments=names, campaigns=campaigns)
    if found or segment_id is None:
        return found[0] if found else None
    way = cycle(segment_id, {**definitions(), segment_id: definition})
    if not way:
        return None
    circle = " asks about ".join(f"“{names[pk]}”" for pk in [*way, segment_id])
    return BadDefinition(f"Segments cannot ask about each other in a circle: {circle}.", field="segment")


def _is_small() -> bool:
    return not Lead.objects.values("pk")[AT_ONCE : AT_ONCE + 1].exists()


def make_list(*, name: str, actor: Any) -> Segment:
    return Segment.objects.create(name=name, kind=Kind.LIST, created_by=actor)


def rename(*, segment: Segment, name: str) -> None:
    segment.name = name
    segment.save(update_fields=["name"])


@transaction.atomic
def put_on_list(*, segment: Segment, leads: Iterable[int], actor: Any) -> int:
    """How many were not on it before. Merged leads are left out. Raises NotAList."""
    there = Lead.objects.filter(pk__in=set(leads), merged_into=None).order_by("pk")
    return _by_hand(membership.put, segment, list(there.values_list("pk", flat=True)), actor)


@transaction.atomic
def take_off_list(*, segment: Segment, leads: Iterable[int], actor: Any) -> int:
    """How many were on it. Raises NotAList."""
    return _by_hand(membership.take, segment, sorted(set(leads)), actor)


def _by_hand(write: Any, segment: Segment, leads: list[int], actor: Any) -> int:
    if not segment.is_list:
        raise NotAList(f"{segment} is a segment: its definition says who is in it.")
    number = write([segment.pk] * len(leads), leads, Cause.HAND, actor.pk if actor else None)
    if number:
        membership.note(leads, Cause.SEGMENT)
        publish(ListChanged())
        publish(MembersEntered())
    return number


@transaction.atomic
def delete_segment(*, segment: Segment) -> None:
    """With its members and its history. Raises CannotDelete while something uses it."""
    membership.definitions_stand_still(change=True)
    used = users(segment)
    if used:
        raise CannotDelete(f"{segment.name} stays, because it is used by {', '.join(used)}.")
    with connection.cursor() as cursor:  # by the thousand, and nothing hangs on them
        cursor.execute("DELETE FROM nurturing_segmentmember WHERE segment_id = %s", [segment.pk])
        cursor.execute("DELETE FROM nurturing_segmentchange WHERE segment_id = %s", [segment.pk])
    segment.delete()


def users(segment: Segment) -> list[str]:
    """What stops working without it: campaigns, their steps, and segments that ask about it."""
    asking = Q(segment=segment) | Q(versions__steps__settings__ask__segment=segment.pk)
    campaigns = Campaign.objects.filter(asking).order_by("name").values_list("name", flat=True).distinct()
    following = [pk for pk, group in definitions().items() if segment.pk in asked_segments(group)]
    others = Segment.objects.filter(pk__in=following).values_list("name", flat=True)
    return [f"the campaign “{name}”" for name in campaigns] + [f"the segment “{name}”" for name in others]
