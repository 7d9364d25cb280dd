"""Small habits of every page: fragments for htmx, the viewer's zone, and plain words when the database is away."""

import logging
import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.cache import patch_vary_headers

logger = logging.getLogger(__name__)
Handler = Callable[[HttpRequest], HttpResponse]


class Fragments:
    """Sets `request.wants_fragment`: htmx asks, and neither boosts nor restores history."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        htmx = request.htmx  # type: ignore[attr-defined]
        request.wants_fragment = bool(htmx) and not htmx.boosted and not htmx.history_restore_request  # type: ignore[attr-defined]
        response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        return response


class Events:
    """Events pass by everything that is for people: cookies, sessions, pages, and two lines in the log for each."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith("/v1/"):
            return self.get_response(request)
        try:
            match = resolve(request.path_info)
        except Resolver404:
            return self.get_response(request)
        return match.func(request, *match.args, **match.kwargs)


class ViewersZone:
    """Times are shown in the zone of whoever looks; machines and strangers see UTC, and so does the whole API."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or request.path.startswith("/api/"):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return self.get_response(request)
        with timezone.override(zoneinfo.ZoneInfo(request.user.time_zone)):
            return self.get_response(request)


class ServerDown:
    """A lost database is a 503 that says so, not a stack trace. Nothing was saved; trying again is safe."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError | InterfaceError):
            return None
        logger.error("database unavailable: %s", exception)
        body = loader.get_template("503.html").render({})
        return HttpResponse(body, status=503, headers={"Retry-After": "10"})
