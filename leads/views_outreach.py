"""Tasks for personal outreach: what to say to whom, by when, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from leads.keyset import Order, page_of
from leads.models import OutreachTask
from leads.requests import PageRequest
from leads.services.outreach import NotOpen, settle_outreach, snooze_outreach

DUE = Order("due", "Due", ("due_at", "pk"), descending=False)
SETTLED = Order("settled", "Settled", ("settled_at", "pk"))
TABS = (("", "To do"), ("later", "Later"), ("settled", "Settled"))
MORNING = 8  # o'clock, of the reader's day


class SettleForm(forms.Form):
    outcome = forms.ChoiceField(choices=[("done", "Done"), ("not_done", "Not done")])
    note = forms.CharField(max_length=500, required=False)


@login_required
@require_GET
def task_list(request: PageRequest) -> HttpResponse:
    show = request.GET.get("show", "")
    show = show if show in dict(TABS) else ""
    tasks: Any = OutreachTask.objects.visible_to(request.user)
    rows = {"": tasks.now, "later": tasks.later, "settled": lambda: tasks.exclude(settled_at=None)}[show]()
    rows = rows.select_related("lead__company", "lead__owner", "lead__merged_into", "settled_by")
    page = page_of(rows, SETTLED if show == "settled" else DUE, request.GET.get("cursor", ""), size=25)
    context = {"page": page, "show": show, "tabs": TABS, "now": timezone.now()}
    return render(request, "leads/outreach.html", context)


@login_required
@require_POST
def settle(request: PageRequest, pk: int) -> HttpResponse:
    task = _task(request, pk)
    form = SettleForm(request.POST)
    if not form.is_valid():
        return _back(request, "Nothing was changed: a note has at most 500 characters.", error=True)
    done = form.cleaned_data["outcome"] == "done"
    try:
        settle_outreach(task=task, actor=request.user, done=done, note=form.cleaned_data["note"])
    except NotOpen as refusal:
        return _back(request, str(refusal), error=True)
    return _back(request, f"{task.title}: {'done' if done else 'not done'}.")


@login_required
@require_POST
def snooze(request: PageRequest, pk: int) -> HttpResponse:
    """Until tomorrow morning of the reader."""
    task = _task(request, pk)
    try:
        snooze_outreach(task=task, until=_tomorrow())
    except NotOpen as refusal:
        return _back(request, str(refusal), error=True)
    return _back(request, "It is back tomorrow morning.")


def _task(request: PageRequest, pk: int) -> OutreachTask:
    tasks: Any = OutreachTask.objects.visible_to(request.user)
    return get_object_or_404(tasks.select_related("lead"), pk=pk)


def _tomorrow() -> datetime:
    now = timezone.localtime()
    return (now + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)


def _back(request: PageRequest, words: str, *, error: bool = False) -> HttpResponse:
    (messages.error if error else messages.success)(request, words)
    target = request.POST.get("back", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if ours and target.startswith("/") else reverse("leads:outreach"))
