"""The stream of a signed-in person's own events: ids only, a page reads the rest."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views.decorators.http import require_GET

from handoff.streams import EventStream, Refused, hub


@login_required
@require_GET
def live(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    try:
        seat = hub.take_seat(request.user.pk or 0, request.session.session_key or "")
    except Refused as refused:
        return HttpResponse(status=refused.status, headers={"Retry-After": "30", "Cache-Control": "no-store"})
    return EventStream(hub, seat)
