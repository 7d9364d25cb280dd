"""An explanation as a page shows it: lines by group, with each group's sum."""

from __future__ import annotations

from dataclasses import dataclass

from scoring.explain import Explanation
from scoring.explanation import Line
from scoring.language import Group


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
