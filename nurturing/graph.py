"""The order of a campaign's steps: nested lists, read like text. Pure.

A step with branches is followed by the first step of the branch taken; behind the last step of a branch comes
whatever stands behind the parent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol

INSTANT = frozenset(
    {"condition", "split", "field", "points", "audience", "webhook", "task", "start", "handoff"}
)  # done at once, so that what follows comes in the same minute


class Placed(Protocol):
    """What a step must tell about itself."""

    pk: Any
    parent_id: Any
    branch: str
    position: int
    kind: str
    settings: dict[str, Any]


class Line(NamedTuple):
    """One step in reading order. `number` counts from 1, `depth` from 0."""

    number: int
    depth: int
    step: Any


class Graph:
    def __init__(self, steps: Iterable[Any]) -> None:
        self.steps: dict[Any, Any] = {step.pk: step for step in steps}
        self._lists: dict[tuple[Any, str], list[Any]] = {}
        for step in sorted(self.steps.values(), key=lambda step: step.position):
            self._lists.setdefault((step.parent_id, step.branch), []).append(step)

    def children(self, parent_id: Any = None, branch: str = "") -> list[Any]:
        return self._lists.get((parent_id, branch), [])

    def first(self) -> Any | None:
        return next(iter(self.children()), None)

    def follows(self, step: Placed, branch: str = "") -> Any | None:
        """The step after this one when that branch is taken; None is the end."""
        first = next(iter(self.children(step.pk, branch)), None) if branch else None
        return first or self.after(step)

    def after(self, step: Placed) -> Any | None:
        siblings = self.children(step.parent_id, step.branch)
        place = next(place for place, each in enumerate(siblings) if each.pk == step.pk)
        if place + 1 < len(siblings):
            return siblings[place + 1]
        parent = self.steps.get(step.parent_id)
        return self.after(parent) if parent is not None else None

    def lines(self) -> list[Line]:
        """Every step in reading order."""
        return [Line(number, depth, step) for number, (depth, step) in enumerate(self._walk(None, "", 0), 1)]

    def next_halts(self, step: Placed) -> list[Any | None]:
        """Where a run may stop next after this step: a mail, a wait (also of a task), an exit, or the end (None)."""
        found: list[Any | None] = []
        ahead = self._ways(step)
        while ahead:
            each = ahead.pop(0)
            if each is not None and each.kind in INSTANT and not _waits(each):
                ahead += self._ways(each)
            elif each not in found:
                found.append(each)
        return found

    def _ways(self, step: Placed) -> list[Any | None]:
        keys = [branch.key for branch in getattr(step, "branches", [])]
        return [self.follows(step, key) for key in keys] or [self.after(step)]

    def _walk(self, parent_id: Any, branch: str, depth: int) -> Iterator[tuple[int, Any]]:
        for step in self.children(parent_id, branch):
            yield depth, step
            for way in getattr(step, "branches", []):
                yield from self._walk(step.pk, way.key, depth + 1)


def _waits(step: Placed) -> bool:
    """A task may hold the run until somebody has settled it."""
    return step.kind == "task" and bool(step.settings.get("wait"))
