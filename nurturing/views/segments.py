"""Segments: who is meant, in conditions, with a live count and ten people to look at."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import roles
from leads.models import Lead
from nurturing import gates, segments
from nurturing.forms import SegmentForm
from nurturing.models import Segment
from nurturing.pages import page
from nurturing.segments import vocabulary
from nurturing.segments.language import parse
from nurturing.segments.preview import preview
from nurturing.services.segments import save_segment


@roles("marketer")
@require_GET
def segment_list(request: HttpRequest) -> HttpResponse:
    q = request.GET.get("q", "").strip()[:150].replace("\x00", "")
    rows = Segment.objects.visible_to(request.user).annotate(used=Count("campaigns"))
    if q:
        rows = rows.filter(name__icontains=q)
    shown, known = page(request, rows.select_related("created_by")), segments.registry()
    context = {
        "page": shown,
        "rows": [(segment, segments.sentence(segment.conditions, known)) for segment in shown.rows],
        "q": q,
    }
    return render(request, "nurturing/segments.html", context)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def segment_new(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def segment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _edit(request, get_object_or_404(Segment.objects.visible_to(request.user), pk=pk))


def _edit(request: HttpRequest, segment: Segment | None) -> HttpResponse:
    """Add and remove a row, look, or save; all are submits of one form, so none needs JavaScript."""
    if request.method == "GET":
        return _page(request, SegmentForm(segment=segment), segment)
    form, do = SegmentForm(request.POST, segment=segment), request.POST.get("do", "save")
    if do == "save" and form.is_valid():
        saved = save_segment(
            segment=segment, name=form.cleaned_data["name"], conditions=form.conditions, actor=request.user
        )
        messages.success(request, f"Saved {saved.name}.")
        return redirect("nurturing:segments")
    if do == "add":
        form.add_row()
    elif do.startswith("remove-") and do[7:].isdecimal():
        form.remove_row(int(do[7:8] + do[8:9]))
    return _page(request, form, segment, saving=do == "save")


def _page(
    request: HttpRequest, form: SegmentForm, segment: Segment | None, *, saving: bool = False
) -> HttpResponse:
    context = {
        "form": form,
        "saving": saving,
        "segment": segment,
        "fields": _choices(form),
        "ops": vocabulary.OP_WORDS.items(),
        **_look(form),
    }
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    template = "nurturing/_segment_form.html" if fragment else "nurturing/segment.html"
    return render(request, template, context, status=422 if saving else 200)


def _look(form: SegmentForm) -> dict[str, Any]:
    """How many match, and ten of them; nothing while a condition is not understood."""
    if not form.read_rows() or not form.conditions:
        return {"count": None}
    seen = preview(parse(form.conditions))
    found = Lead.objects.filter(pk__in=seen.shown)
    people = gates.with_blocker(found).select_related("company").order_by("-pk")
    return {"count": seen.count.hits, "people": people}


def _choices(form: SegmentForm) -> list[tuple[str, list[Any]]]:
    titles = {
        "score": "Score and stage",
        "person": "Person",
        "company": "Company",
        "origin": "Origin",
        "custom": "Your own",
    }
    groups = {group: [field for field in form.known.values() if field.group == group] for group in titles}
    return [(titles[group], fields) for group, fields in groups.items() if fields]
