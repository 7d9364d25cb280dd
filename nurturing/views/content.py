"""What a mail says: blocks, edited all at once; the mail as a lead would see it; a test to oneself."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import roles
from accounts.models import Organisation
from nurturing import content_pages, letters
from nurturing.content.editing import CannotEdit
from nurturing.content_forms import ContentForm
from nurturing.models import Step
from nurturing.services import contents, editing, mails
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


@roles("marketer")
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Every button sends the whole mail: it is saved, and then does what the button says."""
    if request.method == "GET":
        chosen = _mail(found_step(request, pk))
        return (
            _fragment(request, chosen, ContentForm(chosen))
            if _wants_fragment(request)
            else _back(request, chosen)
        )
    chosen = _mail(draft_step(request, pk))
    form = ContentForm(chosen)
    try:
        form = ContentForm.typed(chosen, request.POST)
        form.do(request.POST.get("do", "save")[:100])
    except CannotEdit as error:
        return _refused(request, chosen, form, str(error))
    return _refused(request, chosen, form, "") if form.errors else _saved(request, chosen, form)


@roles("marketer")
@require_GET
@framed(FRAME_CSP)
def preview(request: HttpRequest, pk: int) -> HttpResponse:
    """The HTML part as a lead would get it, shut in: no script runs in it, and nothing of ours can be called."""
    chosen = _mail(found_step(request, pk))
    lead, _ = content_pages.preview_lead(request, chosen.version.campaign)
    sender = letters.sender_of(Organisation.current())
    letter = letters.test_letter(lead, lead.email or "", sender, timezone.now(), uuid4(), chosen)
    return HttpResponse(letters.mail_of(chosen, sender).as_html(letter))


def _saved(request: HttpRequest, chosen: Step, form: ContentForm) -> HttpResponse:
    try:
        with editing.undoable(version=chosen.version, words=f"Changed {chosen.title}", actor=request.user):
            stored = contents.save(step=chosen, seen=form.seen, **form.values())
    except contents.ChangedMeanwhile:
        form.seen = ContentForm(Step.objects.get(pk=chosen.pk)).seen
        return _refused(request, chosen, form, CHANGED, status=409)
    if request.POST.get("do") == "test":
        _send_test(request, stored)
    shown = ContentForm(stored)
    shown.opened, stored.version = form.opened, chosen.version
    stored.version = chosen.version
    return _fragment(request, stored, shown) if _wants_fragment(request) else _back(request, stored)


def _refused(
    request: HttpRequest, chosen: Step, form: ContentForm, words: str, status: int = 422
) -> HttpResponse:
    form.refusal = words
    if _wants_fragment(request):
        return _fragment(request, chosen, form, status)
    campaign = chosen.version.campaign
    return editor.show(request, campaign, chosen, form, status=status)


def _fragment(request: HttpRequest, chosen: Step, form: ContentForm, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {
        "chosen": chosen,
        "campaign": chosen.version.campaign,
        "editing": True,
        **content_pages.editor(chosen, form),
        **content_pages.seen(request, chosen),
    }
    return render(request, "nurturing/content/_answer.html", context, status=status)


def _send_test(request: HttpRequest, chosen: Step) -> None:
    lead, _ = content_pages.preview_lead(request, chosen.version.campaign)
    try:
        mails.send_test(step=chosen, lead=lead, actor=request.user)
        messages.success(request, f"Sent to {request.user}, as {lead.name[:80]} would get it.")
    except mails.CannotSend as error:
        messages.error(request, str(error)[:300])


def _back(request: HttpRequest, chosen: Step) -> HttpResponse:
    address = editor.address(chosen.version.campaign, chosen)
    lead = request.GET.get("lead", "")[:254]
    return redirect(f"{address}&{urlencode({'lead': lead})}" if lead else address)


def _wants_fragment(request: HttpRequest) -> bool:
    return bool(request.wants_fragment)  # type: ignore[attr-defined]


def _mail(chosen: Step) -> Step:
    if not chosen.is_mail:
        raise Http404
    return chosen
