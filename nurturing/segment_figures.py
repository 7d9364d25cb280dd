"""Numbers about segments for their pages: how many are in, and who came and went."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q
from django.db.models.functions import Now, TruncDate
from django.utils import timezone

from nurturing.models import Campaign, Segment, SegmentChange, SegmentCheck, SegmentMember
from nurturing.segments import vocabulary
from nurturing.segments.wording import Names

WEEK = timedelta(days=7)
DAYS = 30


@dataclass(frozen=True)
class Size:
    inside: int = 0
    entered: int = 0
    left: int = 0

    @property
    def change(self) -> int:
        return self.entered - self.left


@dataclass(frozen=True)
class Day:
    """`x`, `up` and `down` are where its bars stand in the picture, of 100 each way."""

    day: date
    entered: int
    left: int
    x: int
    up: int
    down: int

    @property
    def top(self) -> int:
        return 100 - self.up


def sizes(segments: Iterable[int]) -> dict[int, Size]:
    """Now, and what changed in 7 days. Two queries, whatever the number."""
    ids = list(segments)
    inside = SegmentMember.objects.filter(segment__in=ids).values_list("segment").annotate(n=Count("pk"))
    changes = SegmentChange.objects.filter(segment__in=ids, at__gte=Now() - WEEK).values_list("segment")
    moved = {
        pk: (entered, left)
        for pk, entered, left in changes.annotate(
            came=Count("pk", filter=Q(entered=True)), went=Count("pk", filter=Q(entered=False))
        )
    }
    members = dict(inside)
    return {pk: Size(members.get(pk, 0), *moved.get(pk, (0, 0))) for pk in ids}


def days(segment: Segment) -> list[Day]:
    """The last 30, the oldest first; days without a change, too."""
    today = timezone.now().date()
    first = today - timedelta(days=DAYS - 1)
    rows = (
        SegmentChange.objects.filter(segment=segment, at__date__gte=first)
        .values_list(TruncDate("at"))
        .annotate(came=Count("pk", filter=Q(entered=True)), went=Count("pk", filter=Q(entered=False)))
    )
    found = {day: (entered, left) for day, entered, left in rows}
    most = max([1, *(number for pair in found.values() for number in pair)])
    return [
        Day(day, entered, left, place * 10, _height(entered, most), _height(left, most))
        for place in range(DAYS)
        for day in [first + timedelta(days=place)]
        for entered, left in [found.get(day, (0, 0))]
    ]


def _height(number: int, most: int) -> int:
    """At least a line for one."""
    return max(2, round(100 * number / most)) if number else 0


def names() -> Names:
    return Names(
        vocabulary.registry(),
        dict(Segment.objects.values_list("pk", "name")),
        dict(Campaign.objects.values_list("pk", "name")),
    )


def last_check() -> SegmentCheck | None:
    return SegmentCheck.objects.order_by("-pk").first()
