"""A call to an address that somebody typed, without being led into our own network.

Guard    https on a public address. The name is looked up once, every answer must be public, and the connection goes
         to the very address that was checked, so a name that changes its mind gains nothing. `post` follows no
         redirect; `look` follows a few, and each is checked like the first. Hosts that an admin listed may be private
         or plain http
Clock    none; PATIENCE bounds a whole call, from the name's look-up to the last byte of the answer
Errors   NotAllowed for an address that may not be called; Unreachable when nothing was sent, so trying again is safe;
         Unsure when the line broke afterwards
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import string
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urljoin, urlsplit

from accounts.deadlines import Deadline, Line, look_up

PATIENCE = 8.0  # seconds
LONGEST_ANSWER = 1_000  # bytes of it that are kept
REDIRECTS = {301, 302, 303, 307, 308}
MOST_HOPS = 5  # redirects of one look
TRANSLATED = tuple(  # ways in which one kind of address stands for another, and old local ones
    map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96", "::ffff:0:0:0/96", "fec0::/10"))
)
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
    location: str = ""  # of a redirect, as it was written


def check(url: str, inside: Collection[str] = (), *, plain: bool = False) -> SplitResult:
    """The parts of an address that may be called, as far as its spelling tells. Raises NotAllowed.

    `plain` allows http, for what is public anyway.
    """
    try:
        parts = urlsplit(url.strip())
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise NotAllowed("This is not a web address.") from error
    if not host or parts.scheme not in {"https", "http"} or not url.strip().isascii() or " " in url.strip():
        raise NotAllowed("This is not a web address. Paste the whole address, beginning with https://.")
    if parts.username or parts.password:
        raise NotAllowed("An address with a user name or password in it is not taken.")
    if parts.scheme == "http" and not plain and not _listed(host, port, inside):
        raise NotAllowed("The address must begin with https://, so that nobody on the way reads the message.")
    if _is_inside(host) and not _listed(host, port, inside):
        raise NotAllowed(f"{host} is a private address. Only hosts that an admin listed may be one.")
    return parts


def post(
    url: str, body: bytes, inside: Collection[str] = (), headers: Mapping[str, str] | None = None
) -> Answer:
    """Sends JSON. Raises NotAllowed, Unreachable, Unsure."""
    said = {"Content-Type": "application/json", **(headers or {})}
    return _call(_Call("POST", check(url, inside), body, said), inside, Deadline(PATIENCE))


def look(url: str, inside: Collection[str] = (), *, method: str = "HEAD") -> Answer:
    """What stands at a page's address, http or https; redirects are followed, all within one PATIENCE.

    Raises NotAllowed, Unreachable, Unsure.
    """
    deadline = Deadline(PATIENCE)
    for _ in range(1 + MOST_HOPS):
        answer = _call(_Call(method, check(_in_ascii(url), inside, plain=True)), inside, deadline)
        if answer.status not in REDIRECTS or not answer.location:
            return answer
        url = urljoin(url, answer.location)
    raise Unreachable("It leads from one address to the next without end.")


def _in_ascii(url: str) -> str:
    """As a browser would send what a person typed: the host in its ASCII form, other letters as %C3%A9."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").encode("idna").decode()
    except (ValueError, UnicodeError):
        return url
    if parts.hostname and not parts.hostname.isascii():
        parts = parts._replace(netloc=parts.netloc.replace(parts.hostname, host))
    return quote(parts._replace(fragment="").geturl(), safe=string.punctuation)


def is_public(address: Address) -> bool:
    """Also behind the ways in which one kind of address is written as another."""
    if isinstance(address, ipaddress.IPv6Address):
        if any(address in network for network in TRANSLATED):
            return False
        inner = address.ipv4_mapped or address.sixtofour
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


@dataclass(frozen=True)
class _Call:
    method: str
    parts: SplitResult
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def _call(call: _Call, inside: Collection[str], deadline: Deadline) -> Answer:
    parts = call.parts
    host, port, secure = parts.hostname or "", _port(parts), parts.scheme == "https"
    address = _resolve(host, port, deadline, free=_listed(host, parts.port, inside))
    line = _connect(host, port, address, secure, deadline)
    try:
        return _talk(line, call)
    except (OSError, http.client.HTTPException) as error:
        raise Unsure(f"{host} did not answer: {type(error).__name__}.") from error
    finally:
        line.hang_up()


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _listed(host: str, port: int | None, inside: Collection[str]) -> bool:
    return host.lower() in inside or f"{host.lower()}:{port}" in inside


def _is_inside(host: str) -> bool:
    """Whether the name alone says so; also in spellings that only old resolvers read, such as 0x7f.1."""
    name = host.lower().rstrip(".").partition("%")[0]
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return not is_public(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        return not is_public(ipaddress.IPv4Address(socket.inet_aton(name)))
    except OSError:
        return False  # a name, which is looked up when something is sent


def _resolve(host: str, port: int, deadline: Deadline, *, free: bool) -> str:
    """One address to call; all that the name stands for must be allowed."""
    try:
        addresses = look_up(host, port, deadline)
    except (OSError, UnicodeError) as error:
        raise Unreachable(f"{host} is not known.") from error
    if not free and not all(is_public(ipaddress.ip_address(address)) for address in addresses):
        raise NotAllowed(f"{host} leads to a private address, which only an admin may allow.")
    return addresses[0]


def _connect(host: str, port: int, address: str, secure: bool, deadline: Deadline) -> Line:
    """A connection to that address, which still asks for, and proves, the name."""
    try:
        plain = socket.create_connection((address, port), timeout=deadline.left())
        return Line(_proven(plain, host, deadline) if secure else plain, deadline)
    except OSError as error:
        raise Unreachable(f"{host} cannot be reached: {type(error).__name__}.") from error


def _proven(plain: socket.socket, host: str, deadline: Deadline) -> ssl.SSLSocket:
    plain.settimeout(deadline.left())
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except OSError:
        plain.close()
        raise


def _talk(line: Line, call: _Call) -> Answer:
    parts = call.parts
    connection = http.client.HTTPConnection(parts.hostname or "", _port(parts))
    connection.sock = line
    path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
    connection.request(call.method, path, call.body, {"User-Agent": "Tandem", **call.headers})
    response = connection.getresponse()
    later = response.headers.get("Retry-After", "")
    return Answer(
        response.status,
        _words(response),
        int(later) if later.isdecimal() and len(later) < 7 else None,
        response.headers.get("Location", "")[:2_000],
    )


def _words(response: http.client.HTTPResponse) -> str:
    """The status has answered already; words that never come change nothing."""
    try:
        return response.read(LONGEST_ANSWER).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        return ""
