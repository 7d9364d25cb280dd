"""Forms as visitors see them: a page of its own, in a frame of another site, or posted to by any site's form.

No sign-in and no session. What a page must remember until it is sent (version, questions, key, where the visitor came
from) stands signed in the page itself, so it works in a frame and without cookies.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from typing import Any

from django.core import signing
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.addresses import client_address
from accounts.models import Organisation
from leads import shapes
from leads.form_page import KNOWN_FOR, page_context
from leads.form_questions import ORIGIN, TOPIC, Answers, Definition, is_web_address, plain
from leads.form_words import SAID, language_of
from leads.models import CaptureForm, FormVersion, Lead, Submission
from leads.services import assets, submissions
from leads.services.forms import version_in_force
from leads.services.merges import holder
from leads.services.submissions import Posted

TRAP = "contact_by_fax"  # no person sees it
QUICKEST = 2  # seconds
STALE = 86_400
OFTEN, WITHIN = 20, 600  # submissions of one address and form, seconds
SALT = "leads.forms.1"
COOKIE = "tandem_form"
SECRETS = ("password", "passwd", "card_number", "cardnumber", "cvc", "cvv")


@never_cache
@csrf_exempt  # nobody is signed in here; what is sent could as well be typed
@require_http_methods(["GET", "HEAD", "POST"])
def form_page(request: HttpRequest, slug: str) -> HttpResponse:
    form, version = _in_force(slug)
    if not form.open:
        return _closed(request, form, version)
    if request.method == "POST":
        return _sent(request, form, version)
    if "forget" in request.GET:
        response = HttpResponseRedirect(request.path)
        response.delete_cookie(COOKIE)
        return response
    return _show(request, version, _mark(request), known=_known(request))


def _in_force(slug: str) -> tuple[CaptureForm, FormVersion]:
    form = get_object_or_404(CaptureForm, slug=slug)
    version = version_in_force(form)
    if version is None:
        raise Http404
    return form, version


def _sent(request: HttpRequest, form: CaptureForm, version: FormVersion) -> HttpResponse:
    mark = _read_mark(request.POST.get("mark", ""))
    if mark is None or time.time() - mark["at"] > STALE:
        return _show(request, version, _mark(request), note="stale", status=422, known=_known(request))
    version = FormVersion.objects.filter(pk=mark["version"], form=form).first() or version
    known = _known(request)
    if time.time() - mark["at"] < QUICKEST:
        return _show(request, version, mark, note="quick", status=422, known=known)
    if _too_often(request, form):
        return _show(request, version, mark, note="often", status=429, known=known)
    posted = _posted(request, mark, known)
    if request.POST.get(TRAP):
        submissions.keep_spam(version=version, posted=posted)
        return _thanks_redirect(request, version, None)
    answers = submissions.answers_of(version, posted)
    if (
        "email" not in answers.values and not answers.errors
    ):  # they were known when the page was drawn, and are not now
        mark["shown"] = ["email", *(name for name in mark["shown"] if name != "email")]
        answers.errors["email"] = "required"
    if answers.errors:
        return _show(request, version, mark, answers=answers, status=422, known=known)
    row, _ = submissions.receive(version=version, posted=posted, answers=answers)
    return _thanks_redirect(request, version, row)


def _posted(request: HttpRequest, mark: dict[str, Any], known: Lead | None) -> Posted:
    raw = plain(
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name not in ("mark", TRAP, TOPIC)
    )
    return Posted(
        raw=raw,
        key=uuid.UUID(mark["key"]),
        shown=tuple(mark["shown"]),
        topics=_topics(request),
        context=mark["context"],
        ip=client_address(request),
        lead=known if "email" not in mark["shown"] else None,
    )


def _topics(request: HttpRequest) -> tuple[int, ...]:
    return tuple(
        int(one)
        for one in request.POST.getlist(TOPIC)[:50]
        if one.isascii() and one.isdigit() and len(one) < 10
    )


@never_cache
@csrf_exempt  # any site's form may post here; it names nobody but its sender
@require_POST
def handler(request: HttpRequest, slug: str) -> HttpResponse:
    """What a foreign form sends, read by the form's mapping. Kept as it came even where it cannot be read."""
    form, version = _in_force(slug)
    if not form.open:
        return _closed(request, form, version)
    if _too_often(request, form):
        return _foreign_answer(request, version, None, 429, {"form": SAID["en"]["often"]})
    posted = _foreign(request, form)
    if request.POST.get(TRAP):
        return _foreign_answer(request, version, submissions.keep_spam(version=version, posted=posted))
    answers = submissions.answers_of(version, posted)
    if "email" not in answers.values:
        answers.errors.setdefault("email", "required")
    if answers.errors:
        submissions.keep_refused(version=version, posted=posted, answers=answers)
        return _foreign_refusal(request, version, answers)
    row, _ = submissions.receive(version=version, posted=posted, answers=answers)
    return _foreign_answer(request, version, row)


def _foreign(request: HttpRequest, form: CaptureForm) -> Posted:
    """Twice the same within ten minutes is a second press of the button."""
    raw = plain(
        (name, value)
        for name, values in request.POST.lists()
        for value in values
        if name.lower() not in SECRETS and name not in (TRAP, TOPIC)
    )
    ip = client_address(request)
    said = repr((form.pk, sorted(raw.items()), ip, int(time.time() // WITHIN)))
    key = uuid.UUID(bytes=hashlib.blake2b(said.encode("utf-8", "replace"), digest_size=16).digest())
    context = {name: raw[name][:300] for name in ORIGIN if raw.get(name)}
    if page := request.headers.get("Referer", ""):
        context["page"] = page[:500]
    return Posted(raw=raw, key=key, topics=_topics(request), context=context, ip=ip)


def _foreign_answer(
    request: HttpRequest,
    version: FormVersion,
    row: Submission | None,
    status: int = 200,
    errors: dict[str, str] | None = None,
) -> HttpResponse:
    if request.accepts("text/html"):
        return (
            _thanks_redirect(request, version, row)
            if status == 200
            else _show(request, version, _mark(request), note="often", status=status)
        )
    body = {"success": not errors, "errors": errors or {}}
    return JsonResponse(body, status=status, headers={"Access-Control-Allow-Origin": "*"})


def _foreign_refusal(request: HttpRequest, version: FormVersion, answers: Answers) -> HttpResponse:
    if request.accepts("text/html"):  # our own page takes over, with what was typed
        values = {**Definition.from_data(version.definition).mapping}
        typed = {values.get(name, name): str(value) for name, value in request.POST.items()}
        return _show(request, version, _mark(request), answers=answers, status=422, typed=typed)
    return _foreign_answer(
        request, version, None, 422, {name: SAID["en"][why] for name, why in answers.errors.items()}
    )


@never_cache
@require_http_methods(["GET", "HEAD"])
def thanks(request: HttpRequest, slug: str) -> HttpResponse:
    form, version = _in_force(slug)
    try:
        key = signing.loads(request.GET.get("s", ""), salt=SALT + ".thanks", max_age=STALE)
    except signing.BadSignature:
        key = ""
    row = Submission.objects.filter(key=key, form=form).select_related("version").first() if key else None
    context = page_context(
        request, row.version if row else version, _language(request, version), embedded=_embedded(request)
    )
    link = assets.link_for(row) if row else None
    asked = bool(row and row.context.get("consented") == "asked")
    return _framed(
        request,
        render(request, "leads/forms/thanks.html", {**context, "row": row, "download": link, "asked": asked}),
        context["definition"],
    )


@never_cache
@require_http_methods(["GET", "HEAD"])
def download(request: HttpRequest, token: str) -> HttpResponse:
    """The asset behind a signed link that expires; fetched by a person it is a download."""
    granted = assets.read_link(token)
    if granted is None:
        organisation = Organisation.current()
        return render(request, "leads/forms/expired.html", {"organisation": organisation}, status=410)
    if request.method == "GET":
        assets.record_download(granted=granted, agent=request.headers.get("User-Agent", ""))
    return assets.response_for(granted.asset)


def _closed(request: HttpRequest, form: CaptureForm, version: FormVersion) -> HttpResponse:
    context = page_context(request, version, _language(request, version), embedded=_embedded(request))
    response = render(request, "leads/forms/closed.html", context, status=410)
    return _framed(request, response, context["definition"])


def _show(
    request: HttpRequest,
    version: FormVersion,
    mark: dict[str, Any],
    *,
    answers: Answers | None = None,
    note: str = "",
    status: int = 200,
    known: Lead | None = None,
    typed: dict[str, str] | None = None,
) -> HttpResponse:
    """The page, with everything that was typed. A new page decides what to ask; a refused one asks the same again."""
    values = typed if typed is not None else request.POST.dict() if request.method == "POST" else {}
    ticked = set(_topics(request)) if request.method == "POST" else set()
    context = page_context(
        request, version, _language(request, version), embedded=_embedded(request), known=known,
        shown=mark.get("shown"), typed=values, errors=answers.errors if answers else {}, ticked=ticked,
    )  # fmt: skip
    mark = {**mark, "version": version.pk, "shown": [one["name"] for one in context["questions"]]}
    context |= {"mark": signing.dumps(mark, salt=SALT), "note": note, "trap": TRAP}
    context["action"] = reverse("leads:form_page", args=[version.form.slug]) + (
        "?embed=1" if context["embedded"] else ""
    )
    response = render(request, "leads/forms/public.html", context, status=status)
    return _framed(request, response, context["definition"])


def _framed(request: HttpRequest, response: HttpResponse, definition: Definition) -> HttpResponse:
    """Who may show it in a frame, and where its button may lead."""
    policy: dict[str, list[str]] = {}
    if definition.redirect:
        policy["form-action"] = ["'self'", definition.redirect.split("?")[0].split("#")[0]]
    if definition.origins and _embedded(request):
        policy["frame-ancestors"] = list(definition.origins)
        response.xframe_options_exempt = True
    if policy:
        response._csp_replace = policy  # type: ignore[attr-defined]
    return response


def _embedded(request: HttpRequest) -> bool:
    return "embed" in request.GET


def _language(request: HttpRequest, version: FormVersion) -> str:
    offered = {code for code, text in version.definition.get("title", {}).items() if text}
    return language_of(request.GET.get("lang", ""), request.headers.get("Accept-Language", ""), offered)


def _mark(request: HttpRequest) -> dict[str, Any]:
    """What the page remembers of the visit that led to it."""
    asked = request.GET
    context = {name: asked[name][:300] for name in ORIGIN if asked.get(name)}
    page = asked.get("page") or request.build_absolute_uri(request.path)
    context |= {
        "page": page[:500] if is_web_address(page) else "",
        "referrer": request.headers.get("Referer", "")[:500],
    }
    visitor = asked.get("visitor") or request.COOKIES.get("tandem_id", "").removesuffix(".y")
    if visitor and visitor != "no" and len(visitor) <= 100 and visitor.replace("-", "").isalnum():
        context["visitor"] = visitor
    context["language"] = (asked.get("lang") or request.headers.get("Accept-Language", ""))[:2].lower()
    return {"key": uuid.uuid4().hex, "at": int(time.time()), "context": shapes.storable(context)}


def _read_mark(text: str) -> dict[str, Any] | None:
    try:
        return signing.loads(text, salt=SALT)
    except signing.BadSignature:
        return None


def _known(request: HttpRequest) -> Lead | None:
    """Whom a signed cookie of ours names: they sent a form from this browser before."""
    try:
        pk = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT + ".known", max_age=KNOWN_FOR)
    except signing.BadSignature:
        return None
    lead = Lead.objects.filter(pk=pk).first()
    return holder(lead) if lead else None


def _too_often(request: HttpRequest, form: CaptureForm) -> bool:
    """Without its memory the form stays open: a lost lead is worse than a machine's."""
    address = client_address(request)
    if address is None:  # behind a proxy that is not told of, everybody would share one limit
        return False
    key = f"form:{form.pk}:{address}"
    try:
        cache.add(key, 0, WITHIN)
        return cache.incr(key) > OFTEN
    except Exception:
        return False


def _thanks_redirect(request: HttpRequest, version: FormVersion, row: Submission | None) -> HttpResponse:
    target = Definition.from_data(version.definition).redirect
    if not target or _embedded(request):
        sign = signing.dumps(row.key.hex, salt=SALT + ".thanks") if row else ""
        query = f"?s={sign}" + ("&embed=1" if _embedded(request) else "")
        target = reverse("leads:form_thanks", args=[version.form.slug]) + query
    response = HttpResponse(status=303, headers={"Location": target})
    if row and row.lead_id and row.shown is not None:
        value = signing.dumps(row.lead_id, salt=SALT + ".known")
        response.set_cookie(
            COOKIE, value, max_age=KNOWN_FOR, httponly=True, samesite="Lax", secure=request.is_secure()
        )
    return response
