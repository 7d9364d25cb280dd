"""An explanation as pages show it: lines by group with each group's sum, the strongest few, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scoring.explain import Explanation
from scoring.explanation import Line
from scoring.facts import instant
from scoring.forecast import LONG, Forecast, forecast, still_holds
from scoring.language import Group

TOP = 4  # lines of a popover


@dataclass(frozen=True)
class ShownGroup:
    group: Group
    lines: list[Line]

    @property
    def points(self) -> int:
        return sum(line.points for line in self.lines)


def groups_of(found: Explanation) -> list[ShownGroup]:
    """Groups in the order of the model, each with its lines; groups without lines are left out."""
    shown = [
        ShownGroup(group, [line for line in found.lines if line.group == group.name])
        for group in found.model.groups
    ]
    return [item for item in shown if item.lines]


@dataclass(frozen=True)
class Brief:
    """The strongest lines, and the sum of all the others."""

    lines: list[Line]
    others: int
    points: int


def brief_of(found: Explanation) -> Brief:
    """What decided comes first, then by weight; lines of no points are left out."""
    decisive = [line for line in found.lines if line.rule and line.rule in _deciding(found)]
    telling = [line for line in found.lines if line.points and line not in decisive]
    telling.sort(key=lambda line: -abs(line.points))
    room = TOP - len(decisive)
    # One line is no shorter to sum up than to show.
    room = room + 1 if len(telling) == room + 1 else room
    return Brief(
        [*decisive, *telling[:room]], len(telling[room:]), sum(line.points for line in telling[room:])
    )


def _deciding(found: Explanation) -> set[str | None]:
    return {found.result.critical, found.result.disqualified}


@dataclass(frozen=True)
class Outlook:
    """What time alone does to a qualified lead. Both None: nothing, ever."""

    falls_at: datetime | None
    sure_until: datetime | None
    stays_from: int
    total_then: int | None
    foreseen: Forecast


def outlook_of(found: Explanation, counts_as_qualified: bool, patience: int = LONG) -> Outlook | None:
    """None for a lead that does not count as qualified."""
    course = found.course
    in_force = counts_as_qualified or found.qualified
    if found.excluded_because or not in_force or not still_holds(course, course.as_of):
        return None
    foreseen = forecast(course, patience)
    falls_at = foreseen.falls_at
    return Outlook(
        falls_at=instant(falls_at) if falls_at else None,
        sure_until=instant(foreseen.sure_until) if foreseen.sure_until else None,
        stays_from=found.model.threshold - found.model.margin,
        total_then=course.score(falls_at).total if falls_at else None,
        foreseen=foreseen,
    )
