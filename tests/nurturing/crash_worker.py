"""A mail worker that dies by SIGKILL at a named point, for test_crashes.

Run     python -m tests.nurturing.crash_worker POINT
Points  never, after_claim, before_dot, after_fence, after_250, or storm:SEED (children killed at random moments).
"""

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

import django


def die_after(owner: Any, name: str) -> None:
    original = getattr(owner, name)

    def last_words(*args: Any, **kwargs: Any) -> Any:
        result = original(*args, **kwargs)
        if result or result is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, last_words)


def arm(point: str) -> None:
    from nurturing import ledger, smtp

    places = {
        "after_claim": (ledger, "claim"),
        "before_dot": (smtp.Connection, "send_body"),
        "after_fence": (ledger, "pass_fence"),
        "after_250": (smtp.Connection, "commit"),
    }
    if point in places:
        die_after(*places[point])


def storm(seed: int) -> None:
    """Fork, let some mails through, kill, expire the dead one's leases, again, until nothing is under way.

    Prints the number of kills.
    """
    from django.db import connection
    from django.db.models.functions import Now

    from nurturing import delivery, ledger
    from nurturing.models import Message

    chance, kills = random.Random(seed), 0
    while Message.objects.filter(state__in=("queued", "claimed", "dot")).exists():
        enough = handed_over() + chance.randint(1, 8)
        connection.close()
        child = in_a_child(delivery.send_due)
        while handed_over() < enough and not os.waitpid(child, os.WNOHANG)[0]:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.03))  # between any two lines
        kills += kill(child)
        Message.objects.filter(lease_until__isnull=False).update(lease_until=Now())
        ledger.settle_expired()
        Message.objects.filter(state="queued").update(due_at=Now())
    print(kills)


def handed_over() -> int:
    from nurturing.models import Message

    return Message.objects.filter(state__in=("dot", "accepted", "unknown")).count()


def kill(child: int) -> bool:
    """False when it had ended by itself."""
    try:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    except (ProcessLookupError, ChildProcessError):
        return False
    return True


def in_a_child(work: Callable[[], Any]) -> int:
    child = os.fork()
    if child == 0:
        work()
        os._exit(0)
    return child


if __name__ == "__main__":
    django.setup()
    from nurturing import delivery

    what = sys.argv[1]
    if what.startswith("storm:"):
        storm(int(what.removeprefix("storm:")))
    else:
        arm(what)
        delivery.send_due()
