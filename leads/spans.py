"""Asking for many leads at once without naming each of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def is_dense(lead_ids: Sequence[int] | NDArray[np.int64], part: int = 2) -> bool:
    """Whether most ids between the first and the last of these (ascending) are among them: one in `part`."""
    return len(lead_ids) > 0 and len(lead_ids) * part > lead_ids[-1] - lead_ids[0]


def among(column: str, lead_ids: Sequence[int] | NDArray[np.int64]) -> tuple[str, list[Any]]:
    """An SQL condition with its parameters for these ascending ids. Dense ids are asked for as a range, so that the
    answer may hold a few more: a list of 100,000 parameters takes longer to read than what it asks for.
    """
    if is_dense(lead_ids):
        return f"{column} BETWEEN %s AND %s", [int(lead_ids[0]), int(lead_ids[-1])]
    return f"{column} = ANY(%s::bigint[])", [list(map(int, lead_ids))]
