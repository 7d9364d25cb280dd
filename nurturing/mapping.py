"""A version's steps as a drawing: one below the other, branches side by side and joined again. Pure.

Sizes are in SVG units. A lane is as wide as its widest step, a step with branches as wide as they are together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from nurturing.blocks import Block, Lane

WIDE, HIGH = 228, 66  # of a step
BESIDE, BELOW = 20, 26
FAN, JOIN, EMPTY = 52, 22, 12  # below a step with branches, below the branches, a branch without steps
MARGIN = 8
SIGNS = 32  # of a title in one line
OUT = "exit"


@dataclass(frozen=True)
class Node:
    block: Block
    x: float
    y: float

    @property
    def lines(self) -> list[str]:
        found = wrap(self.block.title, SIGNS) or [""]
        return found if len(found) < 3 else [found[0], f"{found[1][: SIGNS - 1]}…"]

    @property
    def counts(self) -> str:
        return ", ".join(f"{number:,} {words}" for number, words in self.block.counts)


@dataclass(frozen=True)
class Way:
    """The name of a branch and who took it, in the middle of its line."""

    x: float
    y: float
    words: str
    people: int


@dataclass
class Map:
    width: float = 0
    height: float = 0
    nodes: list[Node] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    ways: list[Way] = field(default_factory=list)


def drawn(lane: Lane) -> Map:
    found = Map(width=_lane_width(lane) + 2 * MARGIN)
    end = _place(found, lane, found.width / 2, MARGIN)
    found.height = end + MARGIN
    return found


def _place(found: Map, lane: Lane, middle: float, y: float) -> float:
    """Where the lane ends; its last line comes from there."""
    for number, block in enumerate(lane.blocks):
        if number:
            found.lines.append(f"M{middle:g} {y:g} V{y + BELOW:g}")
            y += BELOW
        found.nodes.append(Node(block, middle - WIDE / 2, y))
        y += HIGH
        if block.lanes:
            y = _fan(found, block.lanes, middle, y)
    return y if lane.blocks else y + EMPTY


def _fan(found: Map, lanes: Sequence[Lane], middle: float, y: float) -> float:
    """Branches side by side; those that go on meet again below."""
    left, ends = middle - _fan_width(lanes) / 2, []
    for lane in lanes:
        centre = left + _lane_width(lane) / 2
        found.lines.append(f"M{middle:g} {y:g} V{y + 12:g} H{centre:g} V{y + FAN:g}")
        found.ways.append(Way(centre, y + 32, lane.words, lane.people or 0))
        ends.append((centre, _place(found, lane, centre, y + FAN), lane))
        left += _lane_width(lane) + BESIDE
    meet = max(end for _, end, _ in ends) + JOIN
    for centre, end, lane in ends:
        if not _leaves(lane):
            found.lines.append(f"M{centre:g} {end:g} V{meet - 8:g} H{middle:g} V{meet:g}")
    return meet


def _leaves(lane: Lane) -> bool:
    return bool(lane.blocks) and lane.blocks[-1].step.kind == OUT


def _lane_width(lane: Lane) -> float:
    return max([WIDE, *(_fan_width(block.lanes) for block in lane.blocks if block.lanes)])


def _fan_width(lanes: Sequence[Any]) -> float:
    return sum(_lane_width(lane) for lane in lanes) + BESIDE * (len(lanes) - 1)
