"""The processes that are killed: forked from a warm one, each doing what Tandem's workers do, round and round."""

from __future__ import annotations

import faulthandler
import os
import random
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from config.embedded.process import die_with_parent

REPORTS = Path(os.environ.get("TANDEM_CRASH_REPORTS", "."))


def fork(work: Callable[[random.Random], Any], *, seed: str, log: Path) -> int:
    """The child's id. It dies with us, has its own dice, and never returns from here."""
    parent = os.getpid()
    child = os.fork()
    if child:
        return child
    try:
        die_with_parent(parent, signal.SIGKILL)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(output, 1)
        os.dup2(output, 2)
        faulthandler.register(signal.SIGUSR1)
        random.seed(seed)
        work(random.Random(seed))
    finally:
        os._exit(1)


def send(dice: random.Random) -> None:
    """What beat would start: each task in turn. One that fails is tried again, as a sweep would."""
    from nurturing import tasks

    while True:
        for task in (tasks.advance_due, tasks.send_due):
            _try(task)
        if dice.random() < 0.3:
            _try(read_reports_then_sweep)
        time.sleep(dice.uniform(0.03, 0.12))


def listen(_dice: random.Random) -> None:
    """A Celery worker, which hears the bells as long as there is a broker."""
    from config.celery import app

    app.Worker(
        pool="solo", queues=["nurture"], loglevel="ERROR", without_gossip=True, without_mingle=True
    ).start()


def unsubscribe(dice: random.Random) -> None:
    """People who opt out while their mails are under way, by a link or because a colleague says so."""
    while True:
        _try(lambda: _opt_out(dice))
        time.sleep(dice.expovariate(1 / float(os.environ["TANDEM_CRASH_OPT_OUT_SECONDS"])))


def read_reports_then_sweep() -> None:
    """In this order: that nobody reported a mail means something only once all reports were read."""
    from nurturing import tasks

    tasks.take_in_returned()
    if not any((REPORTS / "new").iterdir()):
        tasks.sweep_stops()


def _opt_out(dice: random.Random) -> None:
    from leads.services.consent import suppress
    from nurturing.models import Enrolment, Message
    from nurturing.services import mails

    runs = list(Enrolment.objects.active().order_by("pk").values_list("pk", "lead__email"))
    if not runs:
        return
    run, address = dice.choice(runs)
    message = Message.objects.filter(enrolment=run).order_by("-pk").first()
    if message and dice.random() < 0.7:
        mails.unsubscribe(message=message, how="one_click")
    else:
        suppress(address=address, reason="manual")


def _try(task: Callable[[], Any]) -> None:
    from django.db import connections

    try:
        task()
    except Exception as problem:  # the database or the broker is away; the next round finds what is left
        print(f"{os.getpid()} {type(problem).__name__}: {str(problem)[:200]}", flush=True)
        for connection in connections.all():
            connection.close()
        time.sleep(0.05)
