"""What somebody was told, and how they want to be told."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from handoff import keyset
from handoff.keyset import By
from handoff.models import Notice, Notification, SlackHook
from handoff.notification_forms import Preferences, SlackForm
from handoff.services import notifications as services
from handoff.services import slack_hooks
from handoff.services.choices import choose
from handoff.services.signposts import links_for
from handoff.views import answers
from handoff.views.counts import counts_of

NEWEST = (By("created_at", descending=True), By("pk", descending=True))
ICONS = {
    Notice.OFFERED: ("inbox", "info"),
    Notice.TAKEN: ("arrow-right-left", ""),
    Notice.AT_RISK: ("hourglass", "warn"),
    Notice.BREACHED: ("alarm-clock", "bad"),
    Notice.ESCALATED: ("flag", "bad"),
    Notice.SILENCE: ("hourglass", "warn"),
    Notice.ANSWERED: ("message-square", "info"),
    Notice.UNDONE: ("undo-2", ""),
    Notice.WON: ("handshake", "good"),
    Notice.FEEDBACK: ("message-square", "info"),
    Notice.CHECK: ("triangle-alert", "bad"),
    Notice.REVIEW: ("gauge", "warn"),
    Notice.ACTION: ("flame", "good"),
    Notice.CROSSING: ("gauge", "info"),
}


@login_required
@require_GET
def notifications(request: HttpRequest) -> HttpResponse:
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    template = "handoff/_notifications.html" if fragment else "handoff/notifications.html"
    return render(request, template, _context(request))


@login_required
@require_POST
def reading(request: HttpRequest, pk: int) -> HttpResponse:
    """Marks one as read; reading it twice is no fault."""
    if not Notification.objects.visible_to(request.user).filter(pk=pk).exists():
        raise Http404
    services.read(user=request.user, pk=pk)
    return _answer(request)


@login_required
@require_POST
def reading_all(request: HttpRequest) -> HttpResponse:
    services.read(user=request.user)
    return _answer(request)


@login_required
@require_http_methods(["GET", "POST"])
def preferences(request: HttpRequest) -> HttpResponse:
    chosen = Preferences(request.user, request.POST if request.method == "POST" else None)  # type: ignore[arg-type]
    if request.method == "POST" and chosen.is_valid():
        choose(user=request.user, choices=chosen.choices())  # type: ignore[arg-type]
        return answers.go(
            request, reverse("handoff:preferences"), "Saved. It holds for everything from now on."
        )
    return _preferences(request, chosen, SlackForm(), status=422 if request.method == "POST" else 200)


@login_required
@require_POST
def slack(request: HttpRequest) -> HttpResponse:
    form = SlackForm(request.POST)
    if not form.is_valid():
        return _preferences(request, Preferences(request.user), form, status=422)  # type: ignore[arg-type]
    hook = slack_hooks.connect(user=request.user, url=form.cleaned_data["url"])
    words = f"Messages go to {hook.host}. The address is sealed and not shown again."
    return answers.go(request, reverse("handoff:preferences"), words)


@login_required
@require_POST
def slack_removal(request: HttpRequest) -> HttpResponse:
    slack_hooks.disconnect(user=request.user)
    return answers.go(
        request, reverse("handoff:preferences"), "The webhook is removed. No message goes there any more."
    )


def _preferences(request: HttpRequest, chosen: Preferences, form: SlackForm, *, status: int) -> HttpResponse:
    hook = SlackHook.objects.filter(user=request.user.pk).first()
    context = {"chosen": chosen, "form": form, "hook": hook}
    return render(request, "handoff/preferences.html", context, status=status)


def _context(request: HttpRequest) -> dict[str, Any]:
    unread = request.GET.get("tab") == "unread"
    mine = Notification.objects.visible_to(request.user)
    page = keyset.page(mine.unread() if unread else mine, NEWEST, cursor=request.GET.get("after", ""))
    links = links_for(request.user, page.rows)
    url = reverse("handoff:notifications")
    counts = counts_of(request.user)
    number = counts["counts"]["notifications"]
    tabs = (("All", url, not unread, None), ("Unread", f"{url}?tab=unread", unread, number or "0"))
    base = f"{url}?tab=unread&after=" if unread else f"{url}?after="
    return {
        **counts,
        "rows": [(row, link, *ICONS[Notice(row.kind)]) for row, link in zip(page.rows, links, strict=True)],
        "unread": unread,
        "any_unread": bool(number),
        "tabs": [
            {"label": label, "url": to, "current": current, "count": count}
            for label, to, current, count in tabs
        ],
        "next_url": f"{base}{page.next}" if page.next else "",
        "previous_url": f"{base}{page.previous}" if page.previous else "",
    }


def _answer(request: HttpRequest) -> HttpResponse:
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return redirect("handoff:notifications")
    context = _context(request)
    return answers.fragments(
        request, [("handoff/_notifications.html", context), ("handoff/_counts.html", context)]
    )
