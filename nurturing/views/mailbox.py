"""`/mail/`: what a development server would have sent to the world. There is no such page anywhere else."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from nurturing import mailbox
from nurturing.mailbox import Caught
from nurturing.views.frames import framed

# Pictures of ours are let in: this page is the reader's mail program, so looking is opening.
FRAME_CSP = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],
    "img-src": ["'self'", "http:", "https:"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


@login_required
@require_GET
def box(request: HttpRequest) -> HttpResponse:
    return render(request, "nurturing/mailbox.html", {"mails": mailbox.newest(_folder())})


@login_required
@require_GET
def mail(request: HttpRequest, name: str) -> HttpResponse:
    return render(request, "nurturing/mail.html", {"mail": _caught(name)})


@login_required
@require_GET
@framed(FRAME_CSP)
def html(request: HttpRequest, name: str) -> HttpResponse:
    """The HTML part, shut in: no script runs, links open outside."""
    return HttpResponse('<base target="_blank">' + _caught(name).html)


def _folder() -> Path:
    if settings.TANDEM_SHOW_MAIL is None:
        raise Http404
    return Path(settings.TANDEM_SHOW_MAIL)


def _caught(name: str) -> Caught:
    found = mailbox.one(_folder(), name)
    if found is None:
        raise Http404
    return found
