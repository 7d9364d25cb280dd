"""The course of a score as points of an SVG drawn by the server, with the table behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from django.utils import timezone

from leads.models import Lead
from scoring.models import ModelVersion, ScoreChange

WIDTH, HEIGHT = 640, 180  # of the drawing area, in SVG units
MOST = 500  # changes drawn and listed


@dataclass(frozen=True)
class History:
    """`line` is an SVG path; marks and labels carry their x or y. `changes` are newest first."""

    changes: list[ScoreChange]
    line: str
    threshold_y: float
    threshold: int
    top: int
    marks: list[tuple[float, int]]
    first: datetime
    last: datetime


def history(lead: Lead, *, days: int) -> History | None:
    """The last `days` days; None when there is nothing to draw."""
    since = timezone.now() - timedelta(days=days)
    rows = lead.score_changes.select_related("version").order_by("-at")
    changes = list(rows.filter(at__gte=since)[:MOST])
    before = rows.filter(at__lt=since).first()
    if not changes and before is None:
        return None
    version = ModelVersion.objects.published()
    first = max(since, (before or changes[-1]).at)
    return _drawn(changes, before, first, timezone.now(), version.threshold if version else 0)


def _drawn(
    changes: list[ScoreChange], before: ScoreChange | None, first: datetime, last: datetime, threshold: int
) -> History:
    course = [*changes, *([before] if before else [])][::-1]
    top = max(100, *(change.total for change in course))
    points = [(_x(max(change.at, first), first, last), _y(change.total, top)) for change in course]
    steps = "".join(f" H{x:.1f} V{y:.1f}" for x, y in points[1:])
    return History(
        changes=changes,
        line=f"M{points[0][0]:.1f} {points[0][1]:.1f}{steps} H{WIDTH}",
        threshold_y=_y(threshold, top),
        threshold=threshold,
        top=top,
        marks=_version_marks(course, first, last),
        first=first,
        last=last,
    )


def _x(at: datetime, first: datetime, last: datetime) -> float:
    span = (last - first).total_seconds() or 1
    return round(WIDTH * (at - first).total_seconds() / span, 1)


def _y(total: int, top: int) -> float:
    return round(HEIGHT - HEIGHT * max(total, 0) / top, 1)


def _version_marks(course: list[ScoreChange], first: datetime, last: datetime) -> list[tuple[float, int]]:
    """Where the definition changed under this score."""
    pairs = pairwise(course)
    return [(_x(b.at, first, last), b.version.number) for a, b in pairs if a.version_id != b.version_id]
