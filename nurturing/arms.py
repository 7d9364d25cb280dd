"""Who gets which way of a split: the same lead always the same one. Pure.

A lead's place in [0, 1) is a hash of the split's key and the lead, so the shares hold whatever the order of
arrival, two splits are independent of each other, and nothing needs to be stored to be repeated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

ROOM = 2**64


def place(salt: str, lead_id: int) -> float:
    digest = hashlib.blake2b(f"{salt}:{lead_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / ROOM


def arm_of(salt: str, lead_id: int, arms: Sequence[tuple[str, int]]) -> str:
    """`arms`: (key, weight), weights of any sum. Raises ValueError when no arm has weight."""
    total = sum(weight for _, weight in arms)
    if total <= 0:
        raise ValueError("No arm of this split has any share.")
    point, upper = place(salt, lead_id) * total, 0
    for key, weight in arms:
        upper += weight
        if point < upper:
            return key
    return next(key for key, weight in reversed(arms) if weight)
