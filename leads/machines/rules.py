"""What people decided about agents, networks and recipients' domains."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from leads.machines.seen import Seen

NETWORK, AGENT, DOMAIN = "network", "agent", "domain"
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class BadPattern(ValueError):
    """Says in words what is wrong with it."""


class Rule(NamedTuple):
    """`seconds`: of a domain, how long its gateway takes to look at a mail; 0 elsewhere."""

    kind: str
    pattern: str
    people: bool
    seconds: int = 0


def clean(kind: str, pattern: str) -> str:
    """The pattern as it is kept. Raises BadPattern."""
    text = " ".join(pattern.replace("\x00", "").split())
    if kind == NETWORK:
        try:
            return str(ipaddress.ip_network(text, strict=False))
        except ValueError as error:
            raise BadPattern("Write an address or a range, such as 203.0.113.7 or 203.0.113.0/24.") from error
    if len(text) < 4:
        raise BadPattern("Write at least 4 characters, so that it does not meet nearly everybody.")
    return text.lower().removeprefix("@") if kind == DOMAIN else text


@dataclass(frozen=True)
class Rules:
    networks: tuple[tuple[Network, bool], ...] = ()  # the narrowest first
    agents: tuple[tuple[str, bool], ...] = ()  # the longest first
    domains: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[Rule]) -> Rules:
        """Where two rules speak of the same, the narrower one holds; of two alike, the one for people."""
        found = list(rows)
        networks = [
            (ipaddress.ip_network(r.pattern, strict=False), r.people) for r in found if r.kind == NETWORK
        ]
        agents = [(r.pattern.lower(), r.people) for r in found if r.kind == AGENT]
        return cls(
            tuple(sorted(networks, key=lambda row: (-row[0].prefixlen, not row[1]))),
            tuple(sorted(agents, key=lambda row: (-len(row[0]), not row[1]))),
            {r.pattern: r.seconds for r in found if r.kind == DOMAIN},
        )

    def says(self, agent: str, address: str) -> bool | None:
        """True for people, False for machines, None for nothing. One for people beats one for machines."""
        said = [word for word in (self._of_agent(agent), self._of_address(address)) if word is not None]
        return any(said) if said else None

    def grace(self, seen: Seen) -> int:
        """Seconds after sending in which this recipient's gateway looks at mails."""
        return self.domains.get(seen.recipient.rpartition("@")[2].lower(), 0) if self.domains else 0

    def _of_agent(self, agent: str) -> bool | None:
        lower = agent.lower()
        return next((people for pattern, people in self.agents if pattern in lower), None)

    def _of_address(self, address: str) -> bool | None:
        found = parsed(address) if self.networks and address else None
        return next(
            (people for network, people in self.networks if found is not None and found in network), None
        )


NONE = Rules()


@lru_cache(maxsize=8192)
def parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


@lru_cache(maxsize=8192)
def neighbourhood(address: str) -> str:
    """Addresses that are one place: a /24, or the /64 of one IPv6 line."""
    found = parsed(address)
    if found is None:
        return ""
    return str(ipaddress.ip_network((found, 24 if found.version == 4 else 64), strict=False))
