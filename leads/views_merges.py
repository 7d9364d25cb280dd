"""Two leads that are one person: choosing the other, the preview, the merge, and taking it apart."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from accounts.access import roles
from leads.joining import MINE, THEIRS
from leads.merge_preview import parting, preview, stamp
from leads.models import Lead, LeadMerge
from leads.requests import PageRequest
from leads.services import merges
from leads.views_lead import visible_lead

FOUND = 20
CHANGED = "One of the two was changed meanwhile. This is how they are now; look again, then merge."


@roles("marketer")
@require_http_methods(["GET", "POST"])
def merge(request: PageRequest, pk: int) -> HttpResponse:
    """Without `with` a search for the other lead; with it the preview. 409 when either was changed meanwhile."""
    winner = visible_lead(request, pk)
    named = request.POST.get("with") or request.GET.get("with", "")
    if not named:
        return _choose(request, winner)
    loser = _other(request, winner, named)
    if request.method == "GET":
        return _preview(request, winner, loser)
    if request.POST.get("seen") != stamp(winner, loser):
        return _preview(request, winner, loser, error=CHANGED, status=409)
    try:
        merges.merge_leads(
            winner=winner, loser=loser, by=request.user, cause="Merged by a colleague.", sides=_sides(request)
        )
    except merges.MergeRefused as refusal:
        return _preview(request, winner, loser, error=str(refusal), status=409)
    messages.success(request, f"{loser} is part of {winner} now. You can take it apart on this page.")
    return redirect("leads:detail", winner.pk)


def _other(request: PageRequest, winner: Lead, named: str) -> Lead:
    if not named.isdecimal() or len(named) > 18 or int(named) == winner.pk:
        raise Http404
    return visible_lead(request, int(named))


def _sides(request: PageRequest) -> dict[str, str]:
    """{field: side}; a word that is no side is left to the rule."""
    told = {
        key.removeprefix("side."): value for key, value in request.POST.items() if key.startswith("side.")
    }
    return {name: side for name, side in told.items() if side in (MINE, THEIRS)}


def _choose(request: PageRequest, winner: Lead) -> HttpResponse:
    words = request.GET.get("q", winner.last_name).strip()[:100]
    found = Lead.objects.visible_to(request.user).matching(words).exclude(pk=winner.pk)
    leads = list(found.select_related("company").order_by("-pk")[:FOUND])
    return render(request, "leads/merge_choose.html", {"lead": winner, "leads": leads, "q": words})


def _preview(
    request: PageRequest, winner: Lead, loser: Lead, *, error: str = "", status: int = 200
) -> HttpResponse:
    shown = preview(winner, loser, request.user, _sides(request))
    context: dict[str, Any] = {"lead": winner, "other": loser, "preview": shown, "error": error}
    return render(request, "leads/merge.html", context, status=status)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def parted(request: PageRequest, pk: int) -> HttpResponse:
    """What taking this merge apart would bring back, and the button that does it."""
    merge = get_object_or_404(LeadMerge.objects.select_related("winner", "loser", "by"), pk=pk)
    kept_by = merges.holder(merge.winner)
    error = ""
    if request.method == "POST":
        try:
            loser = merges.unmerge(merge=merge)
        except merges.MergeRefused as refusal:
            error = str(refusal)
        else:
            messages.success(request, f"{loser} is a lead of its own again.")
            return redirect("leads:detail", kept_by.pk)
    context = {"merge": merge, "lead": kept_by, "parting": parting(merge), "error": error}
    return render(request, "leads/unmerge.html", context, status=409 if error else 200)
