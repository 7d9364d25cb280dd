"""What a mail says: blocks, edited all at once; the mail as a lead would see it; a test to oneself."""

from __future__ import annotations

from html import escape
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import roles
from accounts.models import Organisation
from nurturing import content_checks, content_pages, letters
from nurturing.content.editing import CannotEdit
from nurturing.content_forms import ContentForm
from nurturing.models import Step
from nurturing.services import contents, editing, links, mails
from nurturing.views import editor
from nurturing.views.finding import draft_step, found_step
from nurturing.views.frames import framed

FRAME_CSP = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],  # mail programs know no other way
    "img-src": ["'self'", "https:"],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}
CHANGED = (
    "This mail was changed in another window since you opened it. Nothing was saved, and what you typed is still here. "
    "Save again to replace the other version, or reload the page to see it."
)
DARK = "@media (prefers-color-scheme: dark)"
MOST_LOOKS = 20  # times that the panel asks again whether links have been looked at


@roles("marketer")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Every button sends the whole mail: it does what it says, and all of it is saved."""
    if request.method == "GET":
        return _shown(request, _mail(found_step(request, pk)))
    chosen = _mail(draft_step(request, pk))
    form = ContentForm(chosen)
    try:
        form = ContentForm.typed(chosen, request.POST, request.FILES)
        form.do(_verb(request))
    except CannotEdit as error:
        return _refused(request, chosen, form, str(error))
    if not form.errors:
        _keep_pictures(request, form)
    return _refused(request, chosen, form, "") if form.errors else _saved(request, chosen, form)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def checks(request: HttpRequest, pk: int) -> HttpResponse:
    """The panel beside the mail; a POST has its links looked at anew, in the background."""
    chosen = _mail(found_step(request, pk))
    if request.method == "POST":
        links.ask(content_checks.watched(chosen))
    if not _wants_fragment(request):
        return _back(request, chosen)
    tried = request.GET.get("tried", "0")
    tries = int(tried) + 1 if tried.isdecimal() and len(tried) < 3 else 1
    context = _seen(request, chosen) | {"tries": tries if tries < MOST_LOOKS else 0}
    return render(request, "nurturing/content/_checks.html", context)


@roles("marketer")
@require_GET
@framed(FRAME_CSP)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The mail as a lead would get it, shut in: no script runs in it, and nothing of ours can be called."""
    chosen = _mail(found_step(request, pk))
    lead, _ = content_pages.preview_lead(request, chosen.version.campaign)
    sender = letters.sender_of(Organisation.current())
    letter = letters.test_letter(lead, lead.email or "", sender, timezone.now(), uuid4(), chosen)
    mail, dark = letters.mail_of(chosen, sender), request.GET.get("scheme") == "dark"
    if request.GET.get("part") == "text":
        return HttpResponse(_as_page(mail.as_text(letter), dark=dark))
    html = mail.as_html(letter).replace(DARK, "@media all" if dark else "@media not all")
    here = html.replace(f'src="{settings.BASE_URL}/', 'src="/')  # from wherever we are reached now
    return HttpResponse(here)


def _as_page(text: str, *, dark: bool) -> str:
    colours = "#14181f;color:#e8ebf1" if dark else "#ffffff;color:#1b2130"
    return (
        '<!doctype html><html lang="en"><title>Mail</title>'
        f'<body style="margin:16px;background:{colours}"><pre style="white-space:pre-wrap;overflow-wrap:anywhere;'
        f'font:13px/1.5 monospace">{escape(text)}</pre></body></html>'
    )


def _keep_pictures(request: HttpRequest, form: ContentForm) -> None:
    for block_id, upload in form.uploads.items():
        try:
            data = upload.read(contents.LARGEST + 1)
            form.uploaded(block_id, contents.keep_picture(data=data, actor=request.user))
        except contents.BadPicture as error:
            form.errors[f"{block_id}-upload"] = str(error)


def _saved(request: HttpRequest, chosen: Step, form: ContentForm) -> HttpResponse:
    try:
        with editing.undoable(version=chosen.version, words=f"Changed {chosen.title}", actor=request.user):
            stored = contents.save(step=chosen, seen=form.seen, **form.values())
    except contents.ChangedMeanwhile:
        return _conflict(request, chosen, form)
    stored.version = chosen.version
    if _verb(request) == "autosave":
        return JsonResponse({"seen": ContentForm(stored).seen, "words": f"Draft saved {_clock()}."})
    links.ask(content_checks.watched(stored))
    if _verb(request) == "test":
        _send_test(request, stored)
    shown = ContentForm(stored)
    shown.opened = form.opened
    return _fragment(request, stored, shown) if _wants_fragment(request) else _back(request, stored)


def _conflict(request: HttpRequest, chosen: Step, form: ContentForm) -> HttpResponse:
    """Saving again is a decision then: the form comes back with the token of what would be replaced."""
    if _verb(request) == "autosave":
        return JsonResponse({"words": CHANGED}, status=409)
    form.seen = ContentForm(Step.objects.get(pk=chosen.pk)).seen
    return _refused(request, chosen, form, CHANGED, status=409)


def _refused(
    request: HttpRequest, chosen: Step, form: ContentForm, words: str, status: int = 422
) -> HttpResponse:
    if _verb(request) == "autosave":
        return JsonResponse({"words": words or f"Not saved. {' '.join(form.errors.values())}"}, status=status)
    form.refusal = words
    if _wants_fragment(request):
        return _fragment(request, chosen, form, status)
    campaign = chosen.version.campaign
    return editor.show(request, campaign, chosen, form, status=status)


def _shown(request: HttpRequest, chosen: Step) -> HttpResponse:
    """The preview alone, after another lead or another view was chosen."""
    if not _wants_fragment(request):
        return _back(request, chosen)
    return render(request, "nurturing/content/_preview.html", _seen(request, chosen))


def _fragment(request: HttpRequest, chosen: Step, form: ContentForm, status: int = 200) -> HttpResponse:
    context = _seen(request, chosen) | content_pages.editor(chosen, form)
    return render(request, "nurturing/content/_answer.html", context, status=status)


def _seen(request: HttpRequest, chosen: Step) -> dict[str, Any]:
    campaign = chosen.version.campaign
    editing = chosen.version.frozen_at is None
    shown = content_pages.seen(request, chosen)
    return {"chosen": chosen, "campaign": campaign, "editing": editing, "tries": 1, **shown}


def _send_test(request: HttpRequest, chosen: Step) -> None:
    lead, _ = content_pages.preview_lead(request, chosen.version.campaign)
    try:
        mails.send_test(step=chosen, lead=lead, actor=request.user)
        messages.success(request, f"Sent to {request.user}, as {lead.name[:80]} would get it.")
    except mails.CannotSend as error:
        messages.error(request, str(error)[:300])


def _back(request: HttpRequest, chosen: Step) -> HttpResponse:
    query = content_pages.preview_query(request)
    address = editor.address(chosen.version.campaign, chosen)
    return redirect(f"{address}&{query}" if query else address)


def _verb(request: HttpRequest) -> str:
    return request.POST.get("do", "save")[:100]


def _clock() -> str:
    return f"{timezone.localtime():%H:%M}"


def _wants_fragment(request: HttpRequest) -> bool:
    return bool(request.wants_fragment)  # type: ignore[attr-defined]


def _mail(chosen: Step) -> Step:
    if not chosen.is_mail:
        raise Http404
    return chosen
