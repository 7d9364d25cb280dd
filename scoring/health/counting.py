"""What the rules did for a chunk of leads, as sums that are added up chunk by chunk. Arrays only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np

from scoring.health.flags import Flags, Ints, caps
from scoring.language import SCALE, Model


@dataclass(frozen=True)
class Counts:
    """Of active leads. One entry a rule, and `both` one a pair. `given` is what a rule would have given all of them
    without any limit (whole points, without sign), `capped` and `clamped` what its cap and its group took of that.
    """

    leads: int
    active: int
    active_then: int
    fired: Ints
    held: Ints
    held_then: Ints
    both: Ints
    given: Ints
    capped: Ints
    clamped: Ints

    def __add__(self, other: Self) -> Self:
        return type(self)(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @classmethod
    def nothing(cls, rules: int) -> Self:
        none = np.zeros(rules, np.int64)
        return cls(0, 0, 0, none, none, none, np.zeros((rules, rules), np.int64), none, none, none)

    def to_data(self) -> dict[str, Any]:
        found = {f.name: getattr(self, f.name) for f in fields(self)}
        return {name: each if isinstance(each, int) else each.tolist() for name, each in found.items()}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Self:
        known: dict[str, Any] = {
            name: each if isinstance(each, int) else np.array(each, np.int64) for name, each in data.items()
        }
        return cls(**known)


def counted(
    model: Model, *, leads: int, flags: Flags, worth: Ints, fired: Flags, flags_then: Flags
) -> Counts:
    """`flags`, `worth` and `fired` of the active leads now, `flags_then` of those active a quarter ago."""
    wide = flags.astype(np.float32)  # whole numbers up to 2**24 are exact, and a chunk is smaller
    capped, clamped = losses(model, worth)
    return Counts(
        leads=leads,
        active=len(flags),
        active_then=len(flags_then),
        fired=(fired | flags).sum(axis=0, dtype=np.int64),
        held=flags.sum(axis=0, dtype=np.int64),
        held_then=flags_then.sum(axis=0, dtype=np.int64),
        both=(wide.T @ wide).astype(np.int64),
        given=_points(np.abs(worth)),
        capped=_points(capped),
        clamped=_points(clamped),
    )


def _points(worth: Ints) -> Ints:
    return worth.sum(axis=0) // SCALE


def losses(model: Model, worth: Ints) -> tuple[Ints, Ints]:
    """What each rule loses to its own cap, and to the floor or ceiling of its group (parts of a point, no sign).

    A ceiling takes from all that pushed against it, in proportion to what they gave.
    """
    limits = caps(model)
    within = np.clip(worth, -limits, limits)
    clamped = np.zeros_like(worth)
    groups = np.array([rule.group for rule in model.rules])
    for group in model.groups:
        mine = np.flatnonzero(groups == group.key)
        total = within[:, mine].sum(axis=1)
        over = total - np.clip(total, group.minimum * SCALE, group.maximum * SCALE)
        clamped[:, mine] = _shared(within[:, mine], over)
    return np.abs(worth) - np.abs(within), clamped


def _shared(within: Ints, over: Ints) -> Ints:
    pushing = np.where(within * np.sign(over)[:, None] > 0, np.abs(within), 0)
    whole = np.maximum(pushing.sum(axis=1), 1)
    share = np.minimum(np.abs(over) / whole, 1.0)
    return (pushing * share[:, None]).astype(np.int64)
