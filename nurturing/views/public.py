"""What a mail links to. No sign-in, no cookie: the signed address is the key.

A GET never unsubscribes, because scanners follow every link. Mail programs send RFC 8058's POST without a
cookie, so there is no CSRF check; a forged POST would need the signature.
"""

from __future__ import annotations

import base64

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.addresses import client_address
from accounts.models import Organisation
from leads.machines.headers import signs_of
from leads.models import Consent
from leads.services.consent import is_suppressed
from leads.services.consents import Origin
from nurturing import languages, tokens
from nurturing.models import Message, TrackedLink
from nurturing.services import mails, tracking

PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    mark = read(tokens.UNSUBSCRIBE, token)
    if mark.key == tokens.TEST:
        return _unsubscribe_page(request, None, state="test")
    message = message_of(mark)
    if how := _wish(request):
        mails.unsubscribe(message=message, how=how, origin=_origin(request, message, how))
        return _unsubscribe_page(request, message, state="done")
    tracking.record_foot(message=message, visit=_visit(request))
    already = is_suppressed(message.to_address)
    return _unsubscribe_page(request, message, state="already" if already else "ask")


@never_cache
@require_safe
def click(request: HttpRequest, token: str) -> HttpResponse:
    """Only ever to the stored target; the address holds none. Nobody sees the hidden link, so it leads nowhere."""
    mark = read(tokens.CLICK, token)
    message = message_of(mark)
    if mark.link_id == tokens.TRAP:
        tracking.record_trap(message=message, visit=_visit(request))
        return HttpResponse(status=204)
    link = TrackedLink.objects.filter(pk=mark.link_id, step=message.step_id).first()
    if link is None or not link.url.startswith(("https://", "http://")):
        raise Http404
    tracking.record_click(message=message, link=link, visit=_visit(request))
    return HttpResponseRedirect(link.url)


@never_cache
@require_safe
def opened(request: HttpRequest, token: str) -> HttpResponse:
    """The picture comes whatever happens: a mail must not show a broken one."""
    message = mails.message_of(read(tokens.OPEN, token).key)
    if message is not None:
        tracking.record_open(message=message, visit=_visit(request, picture=True))
    return HttpResponse(PIXEL, content_type="image/gif")


def _visit(request: HttpRequest, *, picture: bool = False) -> tracking.Visit:
    signs = signs_of(request.headers, secure=request.is_secure(), picture=picture)
    return tracking.Visit(
        timezone.now(), _agent(request), request.method or "", client_address(request), signs
    )


def _wish(request: HttpRequest) -> str:
    """RFC 8058's own body, or our form. Some scanners post to whatever they find; they mean nothing by it."""
    if request.POST.get("List-Unsubscribe") == "One-Click":
        return "one_click"
    return "page" if request.POST.get("from") == "page" else ""


def _origin(request: HttpRequest, message: Message, how: str) -> Origin:
    source = Consent.Source.MAIL if how == "one_click" else Consent.Source.PREFERENCES
    evidence = {"mail": message.key.hex, "program": _agent(request)[:200]}
    return Origin(source, ip=client_address(request), evidence=evidence)


def read(purpose: str, token: str) -> tokens.Mark:
    try:
        return tokens.read(purpose, token)
    except tokens.BadToken as error:
        raise Http404 from error


def message_of(mark: tokens.Mark) -> Message:
    message = mails.message_of(mark.key)
    if message is None:
        raise Http404
    return message


def _agent(request: HttpRequest) -> str:
    return request.headers.get("User-Agent", "")[:500]


def _unsubscribe_page(request: HttpRequest, message: Message | None, *, state: str) -> HttpResponse:
    context = {
        "state": state,
        "address": message.to_address if message else "",
        "organisation": Organisation.current(),
        "preferences": tokens.sign(tokens.PREFERENCES, message.key) if message else "",
    }
    with translation.override(_locale(request, message)):
        return render(request, "nurturing/unsubscribe.html", context)


def _locale(request: HttpRequest, message: Message | None) -> str:
    """The reader's language if we know it, else what their browser asks for."""
    theirs = languages.known(message.enrolment.lead.language) if message else ""
    return languages.spoken_by(theirs or languages.asked_for(request.headers.get("Accept-Language", "")))
