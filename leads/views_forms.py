"""Forms for marketers: the list, the builder, what was sent."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, cast

from django.contrib import messages
from django.db.models import Count, Max, Q
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from leads.form_builder import (
    AssetForm,
    DraftForm,
    NewForm,
    Questions,
    definition_of,
    initial,
    initial_questions,
)
from leads.form_page import page_context
from leads.form_questions import Definition
from leads.keyset import Order, page_of
from leads.models import Asset, CaptureForm, FormVersion, Submission
from leads.requests import PageRequest
from leads.services import forms, submissions
from leads.spreadsheets import Line, guarded

NEWEST = Order("newest", "Newest", ("pk",))
TABS = [("", "All"), *Submission.State.choices]


@roles("marketer")
@require_http_methods(["GET", "POST"])
def form_list(request: PageRequest) -> HttpResponse:
    new = NewForm(request.POST) if request.method == "POST" else NewForm()
    if request.method == "POST" and new.is_valid():
        try:
            form = forms.create_form(**new.cleaned_data, actor=request.user)
            return redirect("leads:form_edit", form.pk)
        except forms.AddressTaken as refusal:
            new.add_error("slug", str(refusal))
    page = page_of(CaptureForm.objects.all(), NEWEST, request.GET.get("cursor", ""), size=25)
    counts = _counts(page.rows)
    context = {"form": new, "page": page, "rows": [(row, counts.get(row.pk, {})) for row in page.rows]}
    return render(request, "leads/forms/list.html", context, status=422 if new.errors else 200)


def _counts(rows: list[CaptureForm]) -> dict[int, dict[str, Any]]:
    """{form: how many were taken in, and when the last came}; one query."""
    taken = Count("pk", filter=Q(state=Submission.State.TAKEN))
    found: Any = Submission.objects.filter(form__in=rows).values("form").annotate(taken=taken, last=Max("at"))
    return {row["form"]: row for row in found}


@roles("marketer")
@require_http_methods(["GET", "POST"])
def form_edit(request: PageRequest, pk: int) -> HttpResponse:
    form = get_object_or_404(CaptureForm, pk=pk)
    definition = Definition.from_data(form.draft)
    fields: dict[str, Any] = {"form_kwargs": {"fields": forms.known_fields()}, "prefix": "q"}
    if request.method != "POST":
        draft = DraftForm(initial=initial(form.name, definition))
        return _editor(request, form, draft, Questions(initial=initial_questions(definition), **fields))
    draft = DraftForm(request.POST)
    questions = Questions(request.POST, initial=initial_questions(definition), **fields)
    if not (draft.is_valid() & questions.is_valid()):
        return _editor(request, form, draft, questions, status=422)
    forms.save_draft(form=form, name=draft.cleaned_data["name"], definition=definition_of(draft, questions))
    if request.POST.get("do") == "publish":
        return _publish(request, form)
    messages.success(request, "The draft is saved. Visitors see it once you publish.")
    return redirect("leads:form_edit", pk)


def _publish(request: PageRequest, form: CaptureForm) -> HttpResponse:
    try:
        version = forms.publish_form(form=form, actor=request.user)
        messages.success(request, f"Version {version.number} is what visitors see now.")
    except forms.CannotPublish:
        messages.error(
            request, "Not published, but the draft is saved. What must be mended stands at the top."
        )
    return redirect("leads:form_edit", form.pk)


def _editor(
    request: PageRequest, form: CaptureForm, draft: DraftForm, questions: Any, status: int = 200
) -> HttpResponse:
    kept = Definition.from_data(form.draft)
    address = request.build_absolute_uri(reverse("leads:form_page", args=[form.slug]))
    version = forms.version_in_force(form)
    context = {
        "capture": form,
        "form": draft,
        "questions": questions,
        "problems": forms.draft_problems(kept) if status == 200 else [],
        "address": address,
        "script": request.build_absolute_uri("/static/tandem-form.js"),
        "handler": request.build_absolute_uri(reverse("leads:form_handler", args=[form.slug])),
        "changed": version is None or version.definition != kept.to_data(),
    }
    return render(request, "leads/forms/edit.html", context, status=status)


@roles("marketer")
@require_GET
def form_preview(request: PageRequest, pk: int) -> HttpResponse:
    """The draft as visitors would see it; nothing can be sent from it."""
    form = get_object_or_404(CaptureForm, pk=pk)
    draft = FormVersion(form=form, number=0, definition=form.draft)
    language = "de" if request.GET.get("lang") == "de" else "en"
    context = page_context(request, draft, language)
    context["preview"] = "This is the draft. Nothing can be sent from here."
    return render(request, "leads/forms/public.html", context)


@roles("marketer")
@require_POST
def form_open(request: PageRequest, pk: int) -> HttpResponse:
    form = get_object_or_404(CaptureForm, pk=pk)
    is_open = request.POST.get("open") == "yes"
    forms.set_open(form=form, is_open=is_open)
    messages.success(
        request, "The form takes answers again." if is_open else "The form is closed, and says so."
    )
    return redirect("leads:form_edit", pk)


@roles("marketer")
@require_GET
def form_submissions(request: PageRequest, pk: int) -> HttpResponse:
    form = get_object_or_404(CaptureForm, pk=pk)
    rows = _chosen(request, form).select_related("lead", "version")
    context = {
        "capture": form,
        "page": page_of(rows, NEWEST, request.GET.get("cursor", "")),
        "tabs": TABS,
        "state": request.GET.get("state", ""),
    }
    return render(request, "leads/forms/submissions.html", context)


def _chosen(request: PageRequest, form: CaptureForm) -> Any:
    state = request.GET.get("state", "")
    rows = Submission.objects.filter(form=form)
    return rows.filter(state=state) if state in Submission.State.values else rows


@roles("marketer")
@require_POST
def form_replay(request: PageRequest, pk: int) -> HttpResponse:
    """Reads one submission anew, with the version in force."""
    row = get_object_or_404(Submission.objects.select_related("form", "lead"), pk=pk)
    after = submissions.replay(submission=row)
    if after.state == Submission.State.TAKEN:
        messages.success(request, f"Read again: {len(after.taken)} fields, {len(after.dropped)} left out.")
    else:
        messages.error(
            request, "It still cannot be read. What was sent is kept; mend the mapping and try again."
        )
    return redirect("leads:form_submissions", row.form_id)


@roles("marketer")
@require_GET
def form_export(request: PageRequest, pk: int) -> HttpResponse:
    form = get_object_or_404(CaptureForm, pk=pk)
    response = StreamingHttpResponse(_lines(_chosen(request, form)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{form.slug}-submissions.csv"'
    return cast(HttpResponse, response)


def _lines(rows: Any) -> Iterator[str]:
    writer = csv.writer(Line())
    yield "\ufeff" + writer.writerow(
        ["Sent", "State", "Version", "E-mail", "Page", "Campaign", "Answers", "Left out"]
    )
    for row in rows.select_related("version").order_by("-pk").iterator(chunk_size=500):
        given = "; ".join(f"{name}: {value}" for name, value in row.raw.items())
        cells = [
            row.at.isoformat(), row.get_state_display(), str(row.version.number), str(row.taken.get("email", "")),
            row.context.get("page", ""), row.context.get("utm_campaign", ""), given, "; ".join(row.dropped),
        ]  # fmt: skip
        yield writer.writerow([guarded(cell) for cell in cells])


@roles("marketer")
@require_http_methods(["GET", "POST"])
def asset_list(request: PageRequest) -> HttpResponse:
    form = AssetForm(request.POST, request.FILES) if request.method == "POST" else AssetForm()
    if request.method == "POST" and form.is_valid():
        asset = forms.create_asset(values=form.cleaned_data)
        messages.success(request, f"{asset.name} can be chosen in forms now.")
        return redirect("leads:assets")
    page = page_of(Asset.objects.all(), NEWEST, request.GET.get("cursor", ""), size=25)
    return render(
        request, "leads/forms/assets.html", {"form": form, "page": page}, status=422 if form.errors else 200
    )
