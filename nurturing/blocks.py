"""The steps of a version as the editor shows them: nested lists of blocks, read like text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nurturing import kinds
from nurturing.graph import Graph
from nurturing.step_numbers import StepNumbers


@dataclass
class Block:
    step: Any
    number: int
    title: str
    note: str
    numbers: StepNumbers
    wrong: bool
    lanes: list[Lane] = field(default_factory=list)

    @property
    def icon(self) -> str:
        return icon_of(self.step)

    @property
    def small(self) -> bool:
        return self.step.kind in kinds.KINDS and kinds.KINDS[self.step.kind].small

    @property
    def counts(self) -> list[tuple[int, str]]:
        return self.numbers.shown(self.step.kind)


@dataclass
class Lane:
    """One list of steps: the campaign's own, or a branch of `parent`."""

    parent: Any
    branch: str
    words: str
    people: int | None
    blocks: list[Block]


class Place(NamedTuple):
    """Where a step can be moved to: its value in a form, and words."""

    value: str
    words: str


class Page:
    """All that is said about the steps of one version."""

    def __init__(
        self,
        graph: Graph,
        numbers: Mapping[str, StepNumbers],
        around: kinds.Surroundings,
        wrong: Iterable[int | None] = (),
        notes: Mapping[str, str] | None = None,
    ) -> None:
        self.graph, self._numbers, self._around = graph, numbers, around
        self._wrong, self._notes = set(wrong), notes or {}
        self.lines = {line.step.pk: line for line in graph.lines()}
        self.root = Lane(None, "", "", None, self._blocks(None, ""))

    def numbers_of(self, step: Any) -> StepNumbers:
        return self._numbers.get(str(step.key)) or StepNumbers()

    def places(self, step: Any) -> list[Place]:
        """Everywhere this step may go; where it stands is left out."""
        family = self._family(step)
        lists = [(None, "")] + [
            (line.step, branch.key)
            for line in self.lines.values()
            if line.step.pk not in family
            for branch in line.step.branches
        ]
        return [place for parent, branch in lists for place in self._in_list(step, parent, branch)]

    def words_of(self, parent: Any, branch: str) -> str:
        """A list in words: "Step 5, Clicked"."""
        if parent is None:
            return "the campaign"
        words = next((each.words for each in parent.branches if each.key == branch), branch)
        return f"step {self.lines[parent.pk].number}, “{words}”"

    def path(self, step: Any) -> list[tuple[Any, str]]:
        """The branches taken to get to it, outermost first: (step, words of the branch)."""
        found: list[tuple[Any, str]] = []
        while step.parent_id is not None:
            parent = self.graph.steps[step.parent_id]
            words = next((each.words for each in parent.branches if each.key == step.branch), step.branch)
            found.insert(0, (parent, words))
            step = parent
        return found

    def _blocks(self, parent: Any, branch: str) -> list[Block]:
        return [self._block(step) for step in self.graph.children(parent, branch)]

    def _block(self, step: Any) -> Block:
        numbers = self.numbers_of(step)
        note = self._notes.get(str(step.key)) or note_of(step, self._around)
        block = Block(step, self.lines[step.pk].number, step.title, note, numbers, step.pk in self._wrong)
        block.lanes = [
            Lane(step, way.key, way.words, numbers.ways.get(way.key, 0), self._blocks(step.pk, way.key))
            for way in step.branches
        ]
        return block

    def _in_list(self, step: Any, parent: Any, branch: str) -> list[Place]:
        parent_id = parent.pk if parent else ""
        others = self.graph.children(parent_id or None, branch)
        here = (step.parent_id, step.branch) == (parent_id or None, branch)
        rest = [each for each in others if each.pk != step.pk]
        found = []
        for place in range(len(rest) + 1):
            if here and place == step.position:
                continue
            if place < len(rest):
                words = f"Before step {self.lines[rest[place].pk].number}: {rest[place].title}"
            else:
                words = f"At the end of {self.words_of(parent, branch)}"
            found.append(Place(f"{parent_id}:{branch}:{place}", words[:90]))
        return found

    def _family(self, step: Any) -> set[int]:
        found, ahead = {step.pk}, [step.pk]
        while ahead:
            ahead = [each.pk for each in self.graph.steps.values() if each.parent_id in ahead]
            found |= set(ahead)
        return found


def icon_of(step: Any) -> str:
    if step.kind == "wait" and (step.settings or {}).get("before"):
        return "calendar-clock"
    return kinds.KINDS[step.kind].icon if step.kind in kinds.KINDS else "circle-help"


def note_of(step: Any, around: kinds.Surroundings) -> str:
    """The second line of a block: the names that its title leaves out."""
    settings = step.settings or {}
    asked = settings.get("ask") or settings.get("event") or {}
    if "mail" in asked:
        return f"Mail “{around.mails.get(str(asked['mail'])) or 'without a subject'}”. Scanners do not count"
    if "segment" in asked:
        return f"Segment {around.segments.get(asked['segment'], 'that is gone')}"
    if "conditions" in asked or asked.get("where"):
        rows = asked.get("conditions") or asked.get("where") or []
        return " and ".join(_condition_words(row) for row in rows)[:160]
    return _NOTES.get(step.kind, lambda *_: "")(settings, around)


def _wait_note(settings: Mapping[str, Any], around: kinds.Surroundings) -> str:
    before = settings.get("before")
    if before:
        return f"{around.dates.get(before.get('field'), 'A date that is gone')}. Goes on at once if unknown"
    return "In the lead's own time zone" if settings.get("window") else "From when the step before it is done"


_NOTES: dict[str, Any] = {
    "wait": _wait_note,
    "split": lambda settings, around: ", ".join(
        f"{arm.get('words')} {arm.get('weight')}%" for arm in settings.get("arms") or []
    ),
    "field": lambda settings, around: around.fields.get(settings.get("field"), ""),
    "points": lambda settings, around: settings.get("words") or "",
    "handoff": lambda settings, around: settings.get("note") or "Opens a sales cycle",
    "start": lambda settings, around: around.campaigns.get(settings.get("campaign"), "Not chosen yet"),
}


def _condition_words(row: Mapping[str, Any]) -> str:
    value = row.get("value")
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
    return f"{row.get('field')} {str(row.get('op')).replace('_', ' ')} {text}".strip()
