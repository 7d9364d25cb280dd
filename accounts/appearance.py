"""Theme and row height: a cookie, so that the server renders the right one and nothing flashes."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

CHOICES = {"theme": {"", "light", "dark"}, "density": {"", "compact", "roomy"}}
YEAR = 365 * 24 * 3600  # seconds


@require_POST
def appearance(request: HttpRequest) -> HttpResponse:
    """Keeps what was chosen and goes back. Without script this is the whole switch."""
    response = redirect(_way_back(request))
    for name, allowed in CHOICES.items():
        value = request.POST.get(name)
        if value in allowed:
            response.set_cookie(name, value, max_age=YEAR, samesite="Lax", secure=request.is_secure())
    return response


def _way_back(request: HttpRequest) -> str:
    wanted = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if ours else "/"
