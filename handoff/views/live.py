"""The stream of a signed-in person's own events: ids only, a page reads the rest."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from handoff.streams import NOBODY_HEARS, EventStream, Refused, hub


@require_GET
def live(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """A stranger is not sent to sign in: a stream cannot go there, and the page's own requests lead the way."""
    try:
        if not request.user.is_authenticated:
            raise Refused(NOBODY_HEARS)
        seat = hub.take_seat(request.user.pk, request.session.session_key or "")
    except Refused as refused:
        return HttpResponse(status=refused.status, headers={"Retry-After": "30", "Cache-Control": "no-store"})
    return EventStream(hub, seat)
