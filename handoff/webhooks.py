"""A POST to an address that somebody typed, without being led into our own network.

Guard    https on a public address. The name is looked up once, every answer must be public, and the connection goes
         to the very address that was checked, so a name that changes its mind gains nothing. No redirect is followed.
         Hosts that an admin listed may be private or plain http
Clock    none; PATIENCE bounds each step of a call
Errors   NotAllowed for an address that may not be called; Unreachable when nothing was sent, so trying again is safe;
         Unsure when the line broke afterwards
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

PATIENCE = 5.0  # seconds
LONGEST_ANSWER = 1_000  # bytes that are read
TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowed(ValueError):
    """The words are for whoever typed the address."""


class Unreachable(OSError):
    """Nothing was sent."""


class Unsure(OSError):
    """Sent, and no answer came."""


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    retry_after: int | None = None  # seconds


def check(url: str, inside: Collection[str] = ()) -> SplitResult:
    """The parts of an address that may be called, as far as its spelling tells. Raises NotAllowed."""
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise NotAllowed("This is not a web address.") from error
    if not host or parts.scheme not in {"https", "http"} or not url.strip().isascii() or " " in url.strip():
        raise NotAllowed("This is not a web address. Paste the whole address, beginning with https://.")
    if parts.username or parts.password:
        raise NotAllowed("An address with a user name or password in it is not taken.")
    if parts.scheme == "http" and not _listed(host, port, inside):
        raise NotAllowed("The address must begin with https://, so that nobody on the way reads the message.")
    return parts


def post(url: str, body: bytes, inside: Collection[str] = ()) -> Answer:
    """Sends JSON. Raises NotAllowed, Unreachable, Unsure."""
    parts = check(url, inside)
    host, secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    address = _resolve(host, port, free=_listed(host, parts.port, inside))
    line = _connect(host, port, address, secure)
    try:
        return _talk(line, parts, body)
    except (OSError, http.client.HTTPException) as error:
        raise Unsure(f"{host} did not answer: {type(error).__name__}.") from error
    finally:
        line.close()


def is_public(address: Address) -> bool:
    """Also behind the ways in which one kind of address is written as another."""
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in TRANSLATED):
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def _listed(host: str, port: int | None, inside: Collection[str]) -> bool:
    return host.lower() in inside or f"{host.lower()}:{port}" in inside


def _resolve(host: str, port: int, *, free: bool) -> str:
    """One address to call; all that the name stands for must be allowed."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} is not known.") from error
    addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
    if not free and not all(is_public(ipaddress.ip_address(address)) for address in addresses):
        raise NotAllowed(f"{host} leads to a private address, which only an admin may allow.")
    return addresses[0]


def _connect(host: str, port: int, address: str, secure: bool) -> http.client.HTTPConnection:
    """A connection to that address, which still asks for, and proves, the name."""
    line = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        plain = socket.create_connection((address, port), timeout=PATIENCE)
        context = ssl.create_default_context()
        line.sock = context.wrap_socket(plain, server_hostname=host) if secure else plain
    except OSError as error:
        raise Unreachable(f"{host} cannot be reached: {type(error).__name__}.") from error
    return line


def _talk(line: http.client.HTTPConnection, parts: SplitResult, body: bytes) -> Answer:
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    line.request("POST", path, body, {"Content-Type": "application/json", "User-Agent": "Tandem"})
    response = line.getresponse()
    text = response.read(LONGEST_ANSWER).decode("utf-8", "replace").strip()
    later = response.headers.get("Retry-After", "")
    return Answer(response.status, text, int(later) if later.isdecimal() and len(later) < 7 else None)
