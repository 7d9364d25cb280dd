"""How Python becomes machine code here: without the GIL, kept on disk, and without counting references.

Numba counts the owners of every array that it hands from function to function, with atomic operations; for functions as
small and as often called as these that is half of the time. Nothing compiled here makes an array or keeps one: the
caller, which is Python, holds all of them until the call returns. Anything that asks for memory fails to compile.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])

OPTIONS: dict[str, Any] = {"nogil": True, "cache": True, "_nrt": False}


def compiled(function: Function) -> Function:
    return njit(**OPTIONS)(function)
