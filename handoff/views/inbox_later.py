"""Not now: snooze a lead, bring it back, give it back to nurture."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from handoff.clock import database_now
from handoff.errors import CannotSnooze
from handoff.forms import SnoozeForm
from handoff.models import Handoff, RejectReason
from handoff.services import returns, snoozing
from handoff.views import answers
from handoff.views.inbox import find, kept_query
from handoff.views.inbox_decisions import decide, dialog_context, may, reject_dialog, reject_form


@login_required
@require_http_methods(["GET", "POST"])
def snooze(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = find(request, pk)
    may(handoff, request)
    now = database_now()
    morning = snoozing.next_morning(handoff, now, timezone.get_current_timezone_name())
    form = SnoozeForm(request.POST if request.method == "POST" else None, now=now, morning=morning)
    if not (form.is_valid() and _fits(form, handoff)):
        context = dialog_context(request, handoff) | _room(handoff, now)
        return answers.dialog(request, "handoff/_snooze.html", "Snooze", context, form)
    return decide(
        request,
        handoff,
        lambda: snoozing.snooze(handoff=handoff, actor=request.user, until=form.until),
        lambda: _until_words(handoff),
        undo_url=reverse("handoff:wake", args=[pk]),
    )


@login_required
@require_POST
def wake(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = find(request, pk)
    return decide(
        request,
        handoff,
        lambda: snoozing.wake(handoff=handoff, actor=request.user),
        f"{handoff.lead.name} is back in the list.",
        stay=True,
    )


@login_required
@require_http_methods(["GET", "POST"])
def recycle(request: HttpRequest, pk: int) -> HttpResponse:
    """With one of the reasons that send a lead back to nurture; an offer is rejected with it."""
    handoff = find(request, pk)
    may(handoff, request)
    sent = request.POST if request.method == "POST" else None
    if handoff.is_open and sent is None:
        query = urlencode(kept_query(request) | {"follows": RejectReason.Consequence.RECYCLE.value})
        action = f"{reverse('handoff:reject', args=[pk])}?{query}"
        return reject_dialog(request, handoff, reject_form(recycles=True), recycles=True, action=action)
    form = reject_form(sent, recycles=True)
    if not form.is_valid():
        return reject_dialog(request, handoff, form, recycles=True)
    return decide(
        request,
        handoff,
        lambda: returns.recycle(handoff=handoff, actor=request.user, **form.cleaned_data),
        f"{handoff.lead.name} is back in nurture.",
    )


def _room(handoff: Handoff, now: datetime) -> dict[str, Any]:
    """Until when at most, or why not at all."""
    try:
        return {"latest": snoozing.latest_return(snoozing.running_clock(handoff), now)}
    except CannotSnooze as error:
        return {"refusal": str(error)}


def _fits(form: SnoozeForm, handoff: Handoff) -> bool:
    """Whether the promise leaves room; if not, the form says why and keeps what was chosen."""
    try:
        snoozing.check(handoff, form.until)
    except CannotSnooze as error:
        form.add_error(None, str(error))
    return form.is_valid()


def _until_words(handoff: Handoff) -> str:
    until = timezone.localtime(handoff.snoozed_until)
    return f"{handoff.lead.name} is snoozed until {until:%a} {until.day} {until:%b, %H:%M}."
