"""Facts of many months, each sorted by lead, put together lead by lead: one counting pass, one moving pass.

Like the kernel it is compiled by numba and therefore imported late, and it releases the GIL.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True)
def starts_of(row: NDArray[np.int64], rows: int) -> NDArray[np.int64]:
    """Where the facts of each row begin once they lie together; one entry more than there are rows."""
    starts = np.zeros(rows + 1, np.int64)
    for i in range(len(row)):
        starts[row[i] + 1] += 1
    for i in range(rows):
        starts[i + 1] += starts[i]
    return starts


@njit(cache=True, nogil=True)
def places_of(row: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """The new place of each fact; facts of one row keep their order."""
    free = starts.copy()
    places = np.empty(len(row), np.int64)
    for i in range(len(row)):
        places[i] = free[row[i]]
        free[row[i]] += 1
    return places


@njit(cache=True, nogil=True)
def moved(values: NDArray[Any], places: NDArray[np.int64]) -> NDArray[np.int64]:
    out = np.empty(len(values), np.int64)
    for i in range(len(values)):
        out[places[i]] = values[i]
    return out
