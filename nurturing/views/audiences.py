"""Ad audiences: who is in them, and the files for the networks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.text import slugify
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from nurturing import audiences
from nurturing.ad_formats import FORMATS
from nurturing.models import Audience
from nurturing.services import audiences as verbs

SHOWN = 100


class AudienceForm(forms.Form):
    name = forms.CharField(max_length=100)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def audience_list(request: HttpRequest) -> HttpResponse:
    form = AudienceForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            made = verbs.create_audience(name=form.cleaned_data["name"], actor=request.user)
            return redirect("nurturing:audience", made.pk)
        except verbs.NameTaken as refusal:
            form.add_error("name", str(refusal))
    found: Any = Audience.objects.visible_to(request.user)
    rows = list(found.order_by("name")[:SHOWN])
    counts = audiences.counts(rows)
    context = {"form": form, "rows": [(row, *counts[row.pk]) for row in rows]}
    return render(request, "nurturing/audiences.html", context, status=422 if form.is_bound else 200)


@roles("marketer")
@require_GET
def audience(request: HttpRequest, pk: int) -> HttpResponse:
    found = _audience(request, pk)
    members, allowed = audiences.counts([found])[found.pk]
    context = {
        "audience": found,
        "members": members,
        "allowed": allowed,
        "formats": [(kind, audiences.gone(found, kind.key).count()) for kind in FORMATS.values()],
        "people": audiences.inside(found).select_related("lead__company").order_by("-pk")[:SHOWN],
        "exports": found.exports.select_related("by").order_by("-at", "-pk")[:20],
        "shown": SHOWN,
    }
    return render(request, "nurturing/audience.html", context)


@roles("marketer")
@require_POST
def export(request: HttpRequest, pk: int, network: str) -> Any:
    """The file for one network; with `removal`, of those to be taken off. Each is noted with who fetched it."""
    found, kind = _audience(request, pk), FORMATS.get(network)
    if kind is None:
        raise Http404
    removal = request.POST.get("removal") == "1"
    note = verbs.note_removal if removal else verbs.note_upload
    if not note(audience=found, network=network, actor=request.user):
        messages.error(request, "There is nobody to export, so no file was made.")
        return redirect("nurturing:audience", pk)
    if removal:
        lines = audiences.removal_lines(kind, audiences.gone(found, network))
    else:
        lines = audiences.lines(kind, audiences.uploaded(found, network))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = f"{slugify(found.name) or 'audience'}-{network}{'-removal' if removal else ''}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "no-store"
    return answer


def _audience(request: HttpRequest, pk: int) -> Audience:
    rows: Any = Audience.objects.visible_to(request.user)
    return get_object_or_404(rows, pk=pk)
