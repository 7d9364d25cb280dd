"""Group commit: what comes while something is being saved is saved together, by one thread for all of them.

Nobody waits on purpose: a request that comes alone is saved at once. Every caller goes on only when its own part
is on disk, or learns why it is not.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Generic, TypeVar

from django.db import InterfaceError, OperationalError

MOST = 500  # parts in one transaction
LONGEST = 60.0  # seconds; by then gunicorn has given up the process

Part = TypeVar("Part")
Result = TypeVar("Result")


@dataclass(eq=False)
class _Ticket(Generic[Part, Result]):
    part: Part
    group: str
    woken: Event = field(default_factory=Event)
    leads: bool = False
    results: list[Result] = field(default_factory=list)  # one, once it is saved
    error: Exception | None = None


class Together(Generic[Part, Result]):
    """`save_all` saves parts of one group in one transaction and answers for each, in order."""

    def __init__(self, save_all: Callable[[Sequence[Part], str], Sequence[Result]]) -> None:
        self.save_all = save_all
        self.lock, self.busy = Lock(), False
        self.waiting: list[_Ticket[Part, Result]] = []

    def save(self, part: Part, group: str) -> Result:
        """Raises what saving this part raised."""
        ticket: _Ticket[Part, Result] = _Ticket(part, group)
        with self.lock:
            self.waiting.append(ticket)
            ticket.leads, self.busy = not self.busy, True
        if not ticket.leads and not ticket.woken.wait(LONGEST):
            self._give_up(ticket)
        if ticket.leads:
            self._lead(ticket)
        if ticket.error:
            raise ticket.error
        return ticket.results[0]

    def _give_up(self, ticket: _Ticket[Part, Result]) -> None:
        """Unless its turn has come just now: nobody else would take it."""
        with self.lock:
            if ticket.leads:
                return
            self.waiting = [other for other in self.waiting if other is not ticket]
        raise OperationalError("Saving took too long.")

    def _lead(self, mine: _Ticket[Part, Result]) -> None:
        with self.lock:
            chosen = [ticket for ticket in self.waiting if ticket.group == mine.group][:MOST]
            if mine not in chosen:
                chosen[-1] = mine
            taken = set(chosen)
            self.waiting = [ticket for ticket in self.waiting if ticket not in taken]
        try:
            self._save(chosen)
        finally:
            self._hand_over()
            for ticket in chosen:
                ticket.woken.set()

    def _save(self, tickets: Sequence[_Ticket[Part, Result]]) -> None:
        """What spoils the saving of many is found by saving each alone; a server that is away is away for all."""
        try:
            results = self.save_all([ticket.part for ticket in tickets], tickets[0].group)
        except Exception as error:
            if len(tickets) > 1 and not isinstance(error, OperationalError | InterfaceError):
                for ticket in tickets:
                    self._save([ticket])
                return
            for ticket in tickets:
                ticket.error = error
            return
        for ticket, result in zip(tickets, results, strict=True):
            ticket.results.append(result)

    def _hand_over(self) -> None:
        """Whoever waits longest saves next."""
        with self.lock:
            self.busy = bool(self.waiting)
            if self.waiting:
                self.waiting[0].leads = True
                self.waiting[0].woken.set()
