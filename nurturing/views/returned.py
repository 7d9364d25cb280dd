"""What came back: bounces, complaints, replies and what was no mail of ours."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from accounts.access import roles
from nurturing.models import MailboxTrouble, ReturnedMail
from nurturing.pages import page

OURS = Q(message__isnull=False)
VIEWS: dict[str, tuple[str, Q]] = {
    "": ("About our mails", OURS),
    "bounces": ("Bounces", OURS & Q(kind__in=("hard", "soft"))),
    "complaints": ("Complaints", OURS & Q(kind="complaint")),
    "replies": ("Replies", OURS & Q(kind="reply")),
    "unsubscribes": ("Unsubscribes", OURS & Q(kind="unsubscribe")),
    "machines": ("Answering machines", OURS & Q(kind="auto_reply")),
    "foreign": ("Not ours", ~OURS),
}
TONES = {"hard": "bad", "soft": "warn", "complaint": "bad", "unsubscribe": "warn", "reply": "good"}


@roles("marketer")
@require_GET
def returned(request: HttpRequest) -> HttpResponse:
    show, q = request.GET.get("show", ""), request.GET.get("q", "").replace("\x00", "").strip()[:150]
    show = show if show in VIEWS else ""
    rows = ReturnedMail.objects.visible_to(request.user).filter(VIEWS[show][1])
    if q:
        rows = rows.filter(Q(message__to_address__icontains=q) | Q(sender__icontains=q))
    found = page(
        request,
        rows.select_related("message__enrolment__lead", "message__enrolment__campaign", "message__step"),
    )
    for row in found.rows:
        row.tone = TONES.get(row.kind, "")
    context = {
        "page": found,
        "tabs": [_tab(name, show, q) for name in VIEWS],
        "q": q,
        "show": show,
        "kept": [{"name": "show", "value": show}] if show else [],
        "trouble": MailboxTrouble.objects.first(),
    }
    return render(request, "nurturing/returned.html", context)


def _tab(name: str, current: str, q: str) -> dict[str, Any]:
    kept = urlencode({key: value for key, value in (("show", name), ("q", q)) if value})
    return {"url": f"?{kept}", "label": VIEWS[name][0], "current": name == current, "count": None}
