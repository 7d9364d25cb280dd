"""One run of a worker: several mails under way at once, so that a slow domain holds nobody up.

    claim a batch -> throttles let some through -> for each: body, fence, dot, result

Lanes     threads that only talk to the mail server. The rest happens in the thread that called `go`: composing,
          the fence, every change of the ledger
Lines     the mails of one domain in this run. It has as many lanes as slots; one while it is slow, and all slow ones
          together at most half of the lanes
Failures  a refusal settles one mail and slows its domain; a server that is away gives back whatever was not begun
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nurturing import citations, ledger, throttles
from nurturing.ledger import UNCITED, Cited, Claim
from nurturing.models import Message
from nurturing.pool import Crowded, Pool
from nurturing.transports import Channel, LineBroke, Parcel, Refused, ServerAway, Transport

logger = logging.getLogger(__name__)

BATCH = 50  # mails
BATCH_SECONDS = ledger.LEASE.total_seconds() / 2  # what is not begun by then is given back
RUN_SECONDS = 60  # one task; the next bell or sweep goes on
PATIENCE = 180  # seconds after that; then lines are cut, to end before the task is killed
LOOK_AGAIN = 1  # seconds until the ledger is asked anew while mails are under way
SLOW_ANSWER = 10  # seconds for one mail; from then on its domain counts as slow

Compose = Callable[[Claim, Message], Parcel | None]


@dataclass
class Line:
    """The mails of one domain."""

    domain: str
    claims: deque[Claim] = field(default_factory=deque)
    slots: list[int] = field(default_factory=list)
    slow: bool = False
    flying: int = 0
    ends: float = 0  # nothing of it is begun later

    @property
    def ready(self) -> bool:
        return bool(self.claims) and self.flying < (1 if self.slow else len(self.slots))


class Flight(NamedTuple):
    line: Line
    held: Claim
    begun: float
    cited: Cited = UNCITED
    after_fence: bool = False


class Run:
    """`go` sends until nothing is due, `limit` is reached or the time is over. Afterwards `tried` and `trouble`."""

    def __init__(self, transport: Transport, compose: Compose, *, sender: str, lanes: int) -> None:
        self.compose, self.sender, self.most = compose, sender, max(1, lanes)
        self.pool = Pool(transport)
        self.threads = ThreadPoolExecutor(self.most, thread_name_prefix="mail")
        self.lines: dict[str, Line] = {}
        self.flights: dict[Future[Any], Flight] = {}
        self.messages: dict[int, Message] = {}
        self.tried, self.trouble = 0, ""
        self._head: int | None = None
        self._drained = False
        self._look_at = self._tidy_at = 0.0

    def go(self, limit: int) -> None:
        self.limit, self.ends = limit, time.monotonic() + RUN_SECONDS
        try:
            while self.flights or not self._over():
                self._fill()
                self._launch()
                self._wait()
            self._give_back()
        finally:
            self.pool.cut()
            self.threads.shutdown(cancel_futures=True)
            self.pool.close_idle(0)

    def _over(self) -> bool:
        waiting = any(line.claims for line in self.lines.values())
        return bool(self.trouble) or time.monotonic() > self.ends or (self._drained and not waiting)

    def _fill(self) -> None:
        """Claim more when a lane has nothing to do, but nothing for domains that have their lanes full."""
        now = time.monotonic()
        idle = len(self.flights) < self.most and self._next_line() is None
        if self.trouble or not idle or now < self._look_at or now > self.ends:
            return
        busy = [line.domain for line in self.lines.values() if line.claims]
        number = min(BATCH, self.limit - self.tried)
        claims = ledger.claim(number, avoid=busy) if number else []
        self.tried += len(claims)
        if claims:
            self._drained = False
            self._admit(claims)
        else:
            self._look_for_more(busy)

    def _look_for_more(self, busy: list[str]) -> None:
        """Nothing was claimed. Whether the ledger only turned some away shows by its head."""
        head = (
            Message.objects.due().not_to(busy).order_by("due_at", "id").values_list("pk", flat=True).first()
        )
        self._drained = head is None or head == self._head or self.tried >= self.limit
        self._head = head
        self._look_at = time.monotonic() + LOOK_AGAIN if self._drained else 0

    def _admit(self, claims: Sequence[Claim]) -> None:
        rows = Message.objects.select_related(
            "enrolment__lead__company", "enrolment__lead__score", "step__version"
        )
        found = rows.in_bulk([held.message_id for held in claims])
        citations.cite(found)
        self.messages |= found
        by_domain: dict[str, list[Claim]] = defaultdict(list)
        for held in claims:
            if message := found.get(held.message_id):
                by_domain[throttles.domain_of(message.to_address)].append(held)
        wanted = {domain: len(group) for domain, group in by_domain.items()}
        room = {domain: min(number, max(1, self.most - 1)) for domain, number in wanted.items()}
        for domain, grant in throttles.admit(wanted, sender=self.sender, room=room).items():
            self._queue(domain, by_domain[domain], grant)

    def _queue(self, domain: str, claims: list[Claim], grant: throttles.Grant) -> None:
        line = self.lines.get(domain)
        if line is None:
            line = self.lines[domain] = Line(domain)
        line.claims += claims[: grant.number]
        line.slots += grant.slots
        line.slow, line.ends = grant.slow, time.monotonic() + BATCH_SECONDS
        ledger.defer(list(zip(claims[grant.number :], grant.turns, strict=True)), grant.why)
        self._forget_if_done(line)

    def _launch(self) -> None:
        while not self.trouble and len(self.flights) < self.most and (line := self._next_line()):
            if time.monotonic() > line.ends:
                ledger.give_back([*line.claims])
                line.claims.clear()
            else:
                self._start(line, line.claims.popleft())
            self._forget_if_done(line)

    def _next_line(self) -> Line | None:
        """The one with the fewest mails under way; slow ones leave half of the lanes to the others."""
        slow = sum(line.flying for line in self.lines.values() if line.slow)
        ready = [
            line
            for line in self.lines.values()
            if line.ready and not (line.slow and slow >= max(1, self.most // 2))
        ]
        return min(ready, key=lambda line: line.flying, default=None)

    def _start(self, line: Line, held: Claim) -> None:
        message = self.messages.pop(held.message_id)
        parcel = self.compose(held, message)
        if parcel is not None:
            flight = Flight(line, held, time.monotonic(), Cited(message.consent_id, message.basis))
            self._fly(flight, self.pool.send_body, parcel)

    def _fly(self, flight: Flight, work: Callable[..., Any], *args: Any) -> None:
        flight.line.flying += 1
        self.flights[self.threads.submit(work, *args)] = flight

    def _wait(self) -> None:
        if not self.flights:
            return
        done, _ = wait(self.flights, timeout=LOOK_AGAIN, return_when=FIRST_COMPLETED)
        for future in done:
            flight = self.flights.pop(future)
            flight.line.flying -= 1
            self._landed(flight, future)
            self._forget_if_done(flight.line)
        self._look_after_lines()

    def _look_after_lines(self) -> None:
        now = time.monotonic()
        if now > self.ends + PATIENCE:
            self.pool.cut()
        elif now > self._tidy_at:
            self._tidy_at = now + 5
            self.threads.submit(self.pool.close_idle)

    def _landed(self, flight: Flight, future: Future[Any]) -> None:
        try:
            result = future.result()
        except Crowded:
            self.most = max(1, min(self.most - 1, self.pool.count))
            ledger.give_back([flight.held])
        except ServerAway as error:
            self.trouble = str(error)
            ledger.give_back([flight.held])
        except Refused as no:
            self._refused(flight, no)
        except LineBroke as error:
            self._broke(flight, str(error))
        else:
            self._went_well(flight, result)

    def _went_well(self, flight: Flight, result: Any) -> None:
        if not flight.after_fence:
            self._fence(flight, result)
            return
        ledger.accept(flight.held, result)
        line, seconds = flight.line, time.monotonic() - flight.begun
        if seconds > SLOW_ANSWER:
            self._slow_down(line, f"It took {seconds:.0f} seconds to take one mail.", hangs_up=False)
        elif line.slow:
            line.slow = not throttles.carried(line.domain)

    def _fence(self, flight: Flight, channel: Channel) -> None:
        if _passes(flight):
            self._fly(flight._replace(after_fence=True), self.pool.commit, channel)
        else:
            self.pool.drop(channel)
            ledger.turn_away(flight.held)

    def _refused(self, flight: Flight, no: Refused) -> None:
        if no.for_good:
            ledger.reject(flight.held, str(no), bounced=no.no_such_address)
            return
        ledger.put_off(flight.held, str(no))
        if not no.blames_the_mailbox:
            self._slow_down(flight.line, str(no), hangs_up=no.code == 421)

    def _broke(self, flight: Flight, why: str) -> None:
        if flight.after_fence:
            ledger.doubt(flight.held, f"The line broke after the mail was handed over: {why}")
        else:
            ledger.put_off(flight.held, why)

    def _slow_down(self, line: Line, why: str, *, hangs_up: bool) -> None:
        line.slow = True
        if throttles.refused(line.domain, why, hangs_up=hangs_up) and line.claims:
            later = throttles.turns(line.domain, len(line.claims))
            ledger.defer(
                list(zip(line.claims, later, strict=True)), f"{line.domain} asked for a pause: {why}"
            )
            line.claims.clear()

    def _forget_if_done(self, line: Line) -> None:
        if not line.claims and not line.flying and line.domain in self.lines:
            del self.lines[line.domain]
            throttles.free(line.slots)

    def _give_back(self) -> None:
        for line in list(self.lines.values()):
            ledger.give_back([*line.claims])
            line.claims.clear()
            self._forget_if_done(line)


def _passes(flight: Flight) -> bool:
    """A fence that cannot be read is a closed one."""
    try:
        return ledger.pass_fence(flight.held, flight.cited)
    except Exception:
        logger.exception("the fence of message %s could not be read", flight.held.message_id)
        return False
