"""Which web sites may send events from browsers: those that an admin lists, and our own pages."""

import time

from django.http import HttpRequest

from accounts.models import Organisation

REMEMBER = 5.0  # seconds

_listed: list[tuple[float, frozenset[str]]] = []


def may_send(request: HttpRequest) -> bool:
    """Servers send no Origin and are asked for their key alone."""
    origin = request.headers.get("Origin", "").lower()
    if not origin:
        return True
    scheme, _, host = origin.partition("://")
    if host and host == request.get_host().lower():
        return True
    listed = _sites()
    above = host.partition(".")[2]
    while above:
        if f"{scheme}://*.{above}" in listed:
            return True
        above = above.partition(".")[2]
    return origin in listed


def _sites() -> frozenset[str]:
    if not _listed or _listed[-1][0] < time.monotonic():
        _listed[:] = [(time.monotonic() + REMEMBER, frozenset(Organisation.current().origins))]
    return _listed[-1][1]


def forget_sites() -> None:
    """For tests that list one and look at once."""
    _listed.clear()
