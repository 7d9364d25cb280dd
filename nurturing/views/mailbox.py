"""`/mail/`: what a development server would have sent to the world. There is no such page anywhere else."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import roles
from accounts.models import User
from leads.requests import PageRequest
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


@roles("marketer")
@require_GET
def box(request: PageRequest) -> HttpResponse:
    mails = mailbox.newest(_folder(), all_mails=_is_admin(request))
    return render(request, "nurturing/mailbox.html", {"mails": mails})


@roles("marketer")
@require_GET
def mail(request: PageRequest, name: str) -> HttpResponse:
    return render(request, "nurturing/mail.html", {"mail": _caught(request, name)})


@roles("marketer")
@require_GET
@framed(FRAME_CSP)
def html(request: PageRequest, name: str) -> HttpResponse:
    """The HTML part, shut in: no script runs, links open outside."""
    return HttpResponse('<base target="_blank">' + _caught(request, name).html)


def _folder() -> Path:
    if settings.TANDEM_SHOW_MAIL is None:
        raise Http404
    return Path(settings.TANDEM_SHOW_MAIL)


def _is_admin(request: PageRequest) -> bool:
    return request.user.role == User.Role.ADMIN


def _caught(request: PageRequest, name: str) -> Caught:
    """An account's mail holds the key to that account, so it is for admins only."""
    found = mailbox.one(_folder(), name)
    if found is None or not (found.of_campaign or _is_admin(request)):
        raise Http404
    return found
