"""Pictures in mails: read by mail programs, so without sign-in; the address is long and cannot be guessed."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from nurturing.models import Picture

FOR_EVER = "public, max-age=31536000, immutable"
SHUT = {"default-src": ["'none'"], "sandbox": []}


@require_safe
def picture(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Only ever as a picture, whatever else the file might also be."""
    found = get_object_or_404(Picture, pk=pk)
    response = HttpResponse(bytes(found.data), content_type=found.kind)
    response["Cache-Control"] = FOR_EVER
    response["X-Content-Type-Options"] = "nosniff"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    response._csp_replace = SHUT  # type: ignore[attr-defined]
    return response
