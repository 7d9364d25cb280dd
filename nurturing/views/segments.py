"""Segments and lists: who is meant, in conditions or by hand; who is in, since when; who came and went."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from leads.models import Lead
from nurturing import gates, segment_figures
from nurturing.models import Campaign, Segment, SegmentChange, SegmentMember
from nurturing.pages import page
from nurturing.segment_forms import (
    COMPARES,
    HOWS,
    UNITS,
    ListForm,
    NameForm,
    SegmentForm,
    activities,
)
from nurturing.segments import sentence, vocabulary
from nurturing.segments.preview import preview
from nurturing.segments.wording import words
from nurturing.services import segments as writing

MOST_AT_ONCE = 1_000
TITLES = {
    "score": "Score and stage",
    "consent": "Consent",
    "person": "Person",
    "company": "Company",
    "origin": "Origin",
    "custom": "Your own",
}
MATCHES = (
    ("all", "All of these hold"),
    ("any", "At least one of these holds"),
    ("none", "None of these holds"),
)


@roles("marketer")
@require_GET
def segment_list(request: HttpRequest) -> HttpResponse:
    q = request.GET.get("q", "").strip()[:150].replace("\x00", "")
    rows = Segment.objects.visible_to(request.user).annotate(used=Count("campaigns"))
    if q:
        rows = rows.filter(name__icontains=q)
    shown, names = page(request, rows), segment_figures.names()
    sizes = segment_figures.sizes(segment.pk for segment in shown.rows)
    context = {
        "page": shown,
        "rows": [(segment, _words(segment, names), sizes[segment.pk]) for segment in shown.rows],
        "q": q,
        "check": segment_figures.last_check(),
    }
    return render(request, "nurturing/segments.html", context)


def _words(segment: Segment, names: Any) -> str:
    return "Put together by hand" if segment.is_list else sentence(segment.conditions, names)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def segment_new(request: HttpRequest) -> HttpResponse:
    return _edit(request, None)


@roles("marketer")
@require_http_methods(["GET", "POST"])
def segment_edit(request: HttpRequest, pk: int) -> HttpResponse:
    segment = _mine(request, pk)
    return _rename(request, segment) if segment.is_list else _edit(request, segment)


def _mine(request: HttpRequest, pk: int) -> Segment:
    return get_object_or_404(Segment.objects.visible_to(request.user), pk=pk)


def _edit(request: HttpRequest, segment: Segment | None) -> HttpResponse:
    """Add, remove, look or save; all are submits of one form, so none needs JavaScript."""
    if request.method == "GET":
        return _builder(request, SegmentForm(segment=segment), segment)
    form, do = SegmentForm(request.POST, segment=segment), request.POST.get("do", "save")
    if do == "save":
        return _saved(request, form, segment)
    form.change(do)
    return _builder(request, form, segment, only_look=do == "look")


def _saved(request: HttpRequest, form: SegmentForm, segment: Segment | None) -> HttpResponse:
    if not form.is_valid():
        return _builder(request, form, segment, saving=True)
    try:
        saved = writing.save_segment(
            segment=segment, name=form.cleaned_data["name"], conditions=form.conditions, actor=request.user
        )
    except writing.BadDefinition as error:  # a colleague changed what it asks about in this very moment
        form.add_error(None, str(error))
        return _builder(request, form, segment, saving=True)
    messages.success(request, f"Saved {saved.name[:80]}.")
    return redirect("nurturing:segment", saved.pk)


def _builder(
    request: HttpRequest,
    form: SegmentForm,
    segment: Segment | None,
    *,
    saving: bool = False,
    only_look: bool = False,
) -> HttpResponse:
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    context = {"form": form, "saving": saving, "segment": segment, **_look(form)}
    if fragment and only_look:
        return render(request, "nurturing/_segment_live.html", context)
    template = "nurturing/_segment_form.html" if fragment else "nurturing/segment_edit.html"
    return render(request, template, context | _choices(form), status=422 if saving else 200)


def _look(form: SegmentForm) -> dict[str, Any]:
    """How many match, ten of them, and what it says; nothing while a condition is not understood."""
    if not form.understood() or form.definition is None or not form.definition.items:
        wrong = next((node for node in form.root.all() if node.error), None)
        return {"count": None, "wrong": wrong}
    seen = preview(form.definition)
    people = gates.with_blocker(Lead.objects.filter(pk__in=seen.shown))
    return {
        "count": seen.count,
        "people": people.select_related("company").order_by("-pk"),
        "says": words(form.definition, segment_figures.names()),
    }


def _choices(form: SegmentForm) -> dict[str, Any]:
    groups = {group: [each for each in form.known.values() if each.group == group] for group in TITLES}
    others = Segment.objects.exclude(pk=form.segment.pk) if form.segment else Segment.objects.all()
    return {
        "fields": [(TITLES[group], fields) for group, fields in groups.items() if fields],
        "ops": vocabulary.OP_WORDS.items(),
        "matches": MATCHES,
        "activities": activities(),
        "compares": COMPARES.items(),
        "hows": HOWS.items(),
        "units": UNITS,
        "segments": others.order_by("name").values_list("pk", "name", "kind"),
        "campaigns": Campaign.objects.order_by("name").values_list("pk", "name"),
        "suggestions": vocabulary.CHOICES.items(),
    }


def _rename(request: HttpRequest, segment: Segment) -> HttpResponse:
    form = NameForm(request.POST if request.method == "POST" else None, segment=segment)
    if request.method == "POST" and form.is_valid():
        writing.rename(segment=segment, name=form.cleaned_data["name"])
        return redirect("nurturing:segment", segment.pk)
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "segment": segment}
    return render(request, "nurturing/list_edit.html", context, status=status)


@roles("marketer")
@require_GET
def segment_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Who is in, or (`?show=history`) who came and went."""
    segment = _mine(request, pk)
    history = request.GET.get("show") == "history"
    size = segment_figures.sizes([pk])[pk]
    context = {
        "segment": segment,
        "says": _words(segment, segment_figures.names()),
        "size": size,
        "page": page(request, _history(request, segment) if history else _members(request, segment)),
        "history": history,
        "tabs": _tabs(segment, history, size.inside),
        "used_by": Campaign.objects.filter(segment=segment).order_by("name"),
        "users": writing.users(segment),
        "days": segment_figures.days(segment) if history else [],
    }
    return render(request, "nurturing/segment.html", context)


def _members(request: HttpRequest, segment: Segment) -> Any:
    rows = SegmentMember.objects.filter(segment=segment, lead__in=Lead.objects.visible_to(request.user))
    return rows.select_related("lead__company", "lead__score")


def _history(request: HttpRequest, segment: Segment) -> Any:
    rows = SegmentChange.objects.filter(segment=segment, lead__in=Lead.objects.visible_to(request.user))
    return rows.select_related("lead", "by")


def _tabs(segment: Segment, history: bool, inside: int) -> list[dict[str, Any]]:
    address = reverse("nurturing:segment", args=(segment.pk,))
    return [
        {"url": address, "label": "Who is in it", "count": inside, "current": not history},
        {"url": f"{address}?show=history", "label": "Who came and went", "count": None, "current": history},
    ]


@roles("marketer")
@require_POST
def segment_removal(request: HttpRequest, pk: int) -> HttpResponse:
    segment = _mine(request, pk)
    try:
        writing.delete_segment(segment=segment)
    except writing.CannotDelete as refusal:
        messages.error(request, str(refusal)[:500])
        return redirect("nurturing:segment", pk)
    messages.success(request, f"Deleted {segment.name[:80]}.")
    return redirect("nurturing:segments")


@roles("marketer")
@require_POST
def listing(request: HttpRequest) -> HttpResponse:
    """Puts the selected leads on a list, once one is chosen or named; nothing is typed twice."""
    ids = _ids(request)
    leads = Lead.objects.visible_to(request.user).filter(pk__in=ids)
    form = ListForm(request.POST if "choose" in request.POST else None)
    if not form.is_bound or not form.is_valid() or not leads.exists():
        context = {"form": form, "leads": leads, "next": _next(request)}
        return render(request, "nurturing/listing.html", context, status=422 if form.is_bound else 200)
    chosen = form.cleaned_data["segment"] or writing.make_list(
        name=form.cleaned_data["name"], actor=request.user
    )
    number = writing.put_on_list(segment=chosen, leads=leads.values_list("pk", flat=True), actor=request.user)
    there = len(ids) - number
    already = f" {there} were on it already." if there else ""
    messages.success(request, f"{_leads(number)} put on {chosen.name[:80]}.{already}")
    return redirect(_next(request) or reverse("nurturing:segment", args=(chosen.pk,)))


@roles("marketer")
@require_POST
def list_removal(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes leads off a list."""
    segment = _mine(request, pk)
    try:
        number = writing.take_off_list(segment=segment, leads=_ids(request), actor=request.user)
    except writing.NotAList as refusal:
        messages.error(request, str(refusal)[:300])
    else:
        messages.success(request, f"{_leads(number)} taken off {segment.name[:80]}.")
    return redirect("nurturing:segment", pk)


def _ids(request: HttpRequest) -> list[int]:
    values = request.POST.getlist("lead")[:MOST_AT_ONCE]
    return sorted({int(value) for value in values if value.isdecimal() and len(value) < 19})


def _leads(number: int) -> str:
    return "1 lead" if number == 1 else f"{number} leads"


def _next(request: HttpRequest) -> str:
    address = request.POST.get("next", "")
    return address if url_has_allowed_host_and_scheme(address, {request.get_host()}) else ""
