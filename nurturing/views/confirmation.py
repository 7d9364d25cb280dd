"""Where the link of a mail that asks to confirm leads. No sign-in: the signed address is the key.

A GET shows and changes nothing, because scanners follow every link; only our own button confirms.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.addresses import client_address
from accounts.models import Organisation
from leads.models import Confirmation, Consent
from leads.services import confirmations
from leads.services.confirmations import Outcome, Standing
from leads.services.consents import Origin
from nurturing import languages, tokens
from nurturing.views.public import read


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    asked = _request_of(token)
    with translation.override(_locale(request, asked)):
        if request.method != "POST":
            return _page(request, asked)
        if request.POST.get("do") == "confirm":
            where = confirmations.confirm(confirmation=asked, origin=_origin(request))
            return redirect(request.path) if where == Standing.CONFIRMED else _page(request, asked, 409)
        if request.POST.get("do") == "again":
            return redirect(f"{request.path}?sent={confirmations.ask_again(confirmation=asked).outcome}")
        return _page(request, asked)


def _request_of(token: str) -> Confirmation:
    found = Confirmation.objects.select_related("lead").filter(key=read(tokens.CONFIRM, token).key).first()
    if found is None:
        raise Http404
    return found


def _page(request: HttpRequest, asked: Confirmation, status: int = 200) -> HttpResponse:
    asked.refresh_from_db()
    state = confirmations.standing(asked)
    shown = confirmations.open_wishes(asked) if state in (Standing.OPEN, Standing.EXPIRED) else ()
    if state == Standing.CONFIRMED:
        shown = asked.consents.filter(state=Consent.State.GIVEN).select_related("topic").order_by("pk")
    context = {
        "state": state.value,
        "address": asked.address,
        "expires_at": asked.expires_at,
        "wishes": shown,
        "note": _note(request.GET.get("sent", "")),
        "organisation": Organisation.current(),
        "language": (translation.get_language() or "en")[:2],
    }
    return render(request, "nurturing/confirmation.html", context, status=status)


def _note(sent: str) -> str:
    if sent == Outcome.ASKED:
        return _("A new mail is on its way. Its link counts, this one does not.")
    if sent == Outcome.ENOUGH:
        return _("We have sent as many mails as we may. The newest of them counts.")
    return ""


def _locale(request: HttpRequest, asked: Confirmation) -> str:
    known = languages.known(asked.lead.language)
    return languages.spoken_by(known or languages.asked_for(request.headers.get("Accept-Language", "")))


def _origin(request: HttpRequest) -> Origin:
    program = request.headers.get("User-Agent", "")[:200]
    ip = client_address(request)
    return Origin(Consent.Source.FORM, ip=ip, evidence={"program": program} if program else {})
