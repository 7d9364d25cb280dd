"""Mails that only a person can settle: perhaps sent and nobody reported it, or given up by us. Of all campaigns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, ExpressionWrapper, F, Q, QuerySet
from django.db.models.fields import BooleanField
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import roles
from nurturing.ledger import Verdict
from nurturing.models import Campaign, Message
from nurturing.pages import page
from nurturing.services import mails

SIZE = 50
KINDS = (("", "All"), ("unknown", "Perhaps sent"), ("parked", "Not sent"))
DONE: dict[str, Callable[[int], str]] = {
    Verdict.SENT: lambda number: f"{_mails(number)} noted as sent.",
    Verdict.AGAIN: lambda number: f"{_mails(number)} will be sent again.",
    Verdict.GIVEN_UP: lambda number: f"{_mails(number)} given up. Their people go on to the next step.",
}


@roles("marketer")
@require_http_methods(["GET", "POST"])
def decisions(request: HttpRequest) -> HttpResponse:
    kind, campaign = _kind(request), _campaign(request)
    rows = Message.objects.visible_to(request.user).in_doubt()
    if campaign:
        rows = rows.filter(enrolment__campaign=campaign)
    counts = dict(rows.order_by().values_list("state").annotate(Count("pk")))
    if kind:
        rows = rows.filter(state=kind)
    if request.method == "POST":
        say_verdict(request, rows if request.POST.get("all") else rows.filter(pk__in=_chosen(request)))
        return redirect(_address(kind, campaign))
    context = {
        "page": page(request, _told(rows), SIZE),
        "matching": counts.get(kind, 0) if kind else sum(counts.values()),
        "tabs": _tabs(kind, campaign, counts),
        "campaign": campaign,
        "kind": kind,
        "verdicts": Verdict,
        "grace": int(settings.MAIL_PROOF_GRACE.total_seconds() // 60),
    }
    return render(request, "nurturing/decisions.html", context)


@roles("marketer")
@require_POST
def resolution(request: HttpRequest, pk: int) -> HttpResponse:
    """One mail, on its campaign's report."""
    mail = Message.objects.visible_to(request.user).filter(pk=pk)
    message = get_object_or_404(mail.select_related("enrolment"))
    say_verdict(request, mail)
    return redirect("nurturing:report", message.enrolment.campaign_id)


def say_verdict(request: HttpRequest, chosen: QuerySet[Message]) -> None:
    verdict = request.POST.get("verdict", "")
    if verdict not in Verdict.values:
        messages.error(request, "Nothing was changed. Say whether it was sent, is sent again, or given up.")
        return
    if not chosen.exists():
        messages.error(request, "Nothing was changed. Choose a mail that nobody has settled yet.")
        return
    done = mails.resolve(messages=chosen, verdict=verdict, actor=request.user)
    if done:
        messages.success(request, DONE[verdict](done))
    else:
        messages.error(request, "A colleague or the server's answer settled this mail first.")


def _told(rows: QuerySet[Message]) -> QuerySet[Any]:
    """With `early`: a report about it may still come."""
    young = Q(state="unknown", dot_at__gt=Now() - settings.MAIL_PROOF_GRACE)
    told = rows.select_related("enrolment__lead", "enrolment__campaign", "step")
    return told.annotate(
        early=ExpressionWrapper(young, output_field=BooleanField()),
        report_until=ExpressionWrapper(
            F("dot_at") + settings.MAIL_PROOF_GRACE, output_field=Message._meta.get_field("dot_at")
        ),
    )


def _kind(request: HttpRequest) -> str:
    wanted = request.GET.get("kind", "")
    return wanted if wanted in dict(KINDS) else ""


def _campaign(request: HttpRequest) -> Campaign | None:
    wanted = request.GET.get("campaign", "")
    known = wanted.isdecimal() and len(wanted) < 19
    return Campaign.objects.visible_to(request.user).filter(pk=int(wanted)).first() if known else None


def _chosen(request: HttpRequest) -> list[int]:
    return [int(pk) for pk in request.POST.getlist("mail")[:SIZE] if pk.isdecimal() and len(pk) < 19]


def _tabs(current: str, campaign: Campaign | None, counts: dict[str, int]) -> list[dict[str, Any]]:
    numbers = {"": sum(counts.values()), **counts}
    return [
        {
            "url": _address(kind, campaign),
            "label": label,
            "count": numbers.get(kind, 0),
            "current": kind == current,
        }
        for kind, label in KINDS
    ]


def _address(kind: str, campaign: Campaign | None) -> str:
    asked = {"kind": kind, "campaign": campaign.pk if campaign else ""}
    query = urlencode({name: value for name, value in asked.items() if value})
    return reverse("nurturing:decisions") + (f"?{query}" if query else "")


def _mails(number: int) -> str:
    return "1 mail is" if number == 1 else f"{number:,} mails are"
