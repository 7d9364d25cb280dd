"""Places where a mail worker may be told to die, so that crash tests can try each of them.

    TANDEM_FAIL_POINTS="after_fence:0.02,after_250:1"    name:chance, and the process raises SIGKILL on itself
    TANDEM_FAIL_LOG=/path                                where it says so first, one name a line

Read once, at import. Without the variable `reach` is an empty function. Emptying `chances` ends it.
"""

from __future__ import annotations

import os
import random
import signal

POINTS = (
    "after_claim",  # the batch is ours, nothing was said to the server
    "after_connect",
    "after_354",  # sender and recipient are taken, the body is not sent
    "after_body",
    "after_fence",  # committed "dot", and did not send it
    "after_dot",  # sent it, and did not wait for the answer
    "after_250",  # heard the answer, and did not write it down
    "after_result",
)


def _parsed(text: str) -> dict[str, float]:
    """Raises ValueError for a point that does not exist: a misspelt one would test nothing, in silence."""
    chances = {}
    for part in filter(None, text.split(",")):
        name, _, chance = part.partition(":")
        if name not in POINTS:
            raise ValueError(f"There is no fail point {name!r}. There are: {', '.join(POINTS)}.")
        chances[name] = float(chance or 1)
    return chances


chances = _parsed(os.environ.get("TANDEM_FAIL_POINTS", ""))


def _die_perhaps(name: str) -> None:
    if random.random() < chances.get(name, 0):  # noqa: S311 - dice, not secrets
        path = os.environ.get("TANDEM_FAIL_LOG")
        if path:
            with open(path, "ab", buffering=0) as log:
                log.write(f"{name}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)


def _nothing(name: str) -> None:
    pass


reach = _die_perhaps if chances else _nothing
