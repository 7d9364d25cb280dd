"""Where mail services post their events. No sign-in: each shows its secret or its signature."""

from __future__ import annotations

import logging

from django.core.exceptions import RequestDataTooBig
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.request import UnreadablePostError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from nurturing.esp import hooks
from nurturing.services import mail_events

logger = logging.getLogger(__name__)


@never_cache
@csrf_exempt
@require_http_methods(["HEAD", "POST"])
def mail_service(request: HttpRequest, service: str) -> HttpResponse:
    """An answer but 200 makes the service try again: only when that can help."""
    if service not in hooks.VIEWS:
        raise Http404
    if request.method == "HEAD":  # some look whether anybody is here when the address is set up
        return HttpResponse()
    try:
        batch = hooks.read(service, request)
        taken = mail_events.take_in(batch.events)
    except hooks.HookRefused as no:
        return _refusal(no.status, str(no))
    except (hooks.BadHook, UnreadablePostError) as error:
        return _refusal(400, str(error))
    except RequestDataTooBig:
        return _refusal(413, "This is more than 2 MB. Send smaller batches.")
    except (OperationalError, InterfaceError):
        logger.exception("events of %s could not be kept", service)
        return _refusal(503, "The database does not answer. Nothing was lost if you try again.")
    return JsonResponse({"new": taken.new, "known": taken.known, "bad": taken.bad + batch.bad})


def _refusal(status: int, words: str) -> HttpResponse:
    answer = JsonResponse({"detail": words}, status=status)
    if status == 401:
        answer["WWW-Authenticate"] = 'Basic realm="Mail events"'
    return answer
