"""What reps are asked about a lead: read by whoever sees it, answered once, changed by its author for a week."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from handoff.errors import HandoffError
from handoff.feedback_cards import card
from handoff.models import FeedbackRequest
from handoff.services.feedback import change_feedback, give_feedback
from handoff.views import answers


@login_required
@require_http_methods(["GET", "POST"])
def feedback(request: HttpRequest, pk: int) -> HttpResponse:
    row = _find(request, pk)
    if request.method == "POST":
        return _say(request, row)
    return _show(request, card(row, request.user, changing="change" in request.GET))


def _say(request: HttpRequest, row: FeedbackRequest) -> HttpResponse:
    if not row.handoff.answerable_by(request.user):
        raise PermissionDenied
    shown = card(row, request.user, data=request.POST)
    if shown["asks"] and not shown["form"].is_valid():
        return _show(request, shown, status=answers.REFUSED)
    values = shown["form"].values if shown["asks"] else {}
    save = change_feedback if row.answered_at else give_feedback
    try:
        save(row=row, values=values, actor=request.user)
    except HandoffError as error:
        refused = card(_find(request, row.pk), request.user) | {"refusal": str(error)}
        return _show(request, refused, status=answers.CONFLICT)
    return _thank(request, row)


def _thank(request: HttpRequest, row: FeedbackRequest) -> HttpResponse:
    words = f"Thank you. What you say about {row.handoff.lead.name} is kept; you can change it for a week."
    if not request.wants_fragment:  # type: ignore[attr-defined]
        return answers.go(request, request.path, words)
    shown = ("handoff/_feedback.html", {"card": card(_find(request, row.pk), request.user), "focus": True})
    return answers.fragments(request, [shown, answers.toast(words)])


def _show(request: HttpRequest, shown: dict[str, Any], status: int = 200) -> HttpResponse:
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    template = "handoff/_feedback.html" if fragment else "handoff/feedback.html"
    return render(request, template, {"card": shown, "lead": shown["row"].handoff.lead}, status=status)


def _find(request: HttpRequest, pk: int) -> FeedbackRequest:
    """Also before it is due: an opinion that comes early is welcome."""
    rows = FeedbackRequest.objects.visible_to(request.user)
    rows = rows.select_related("handoff__lead", "handoff__rep", "form", "answered_by")
    row = rows.prefetch_related("form__questions", "answers__question").filter(pk=pk).first()
    if row is None:
        raise Http404
    return row
