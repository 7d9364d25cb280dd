"""From which address a request came, behind proxies too."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """None when it is not known: a proxy forwarded the request, and nobody said how many stand before us.

    Each proxy adds to X-Forwarded-For whom it got the request from; what stands left of those, anybody can write.
    """
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    if settings.TANDEM_PROXIES:
        found = hops[-settings.TANDEM_PROXIES] if len(hops) >= settings.TANDEM_PROXIES else ""
    else:
        found = "" if hops else request.META.get("REMOTE_ADDR", "")
    try:
        return str(ipaddress.ip_address(found.partition("%")[0]))
    except ValueError:
        return None
