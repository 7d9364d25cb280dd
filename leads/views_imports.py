"""Imports: upload, columns, check, progress, result. One address an import; what it shows follows its state."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, cast

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.access import roles
from leads.forms import UploadForm
from leads.importing import encoding as encodings
from leads.importing import presets, reading
from leads.importing.mapping import COMPANY_TARGETS, ORIGIN_TARGETS, PERSON_TARGETS, BadMapping
from leads.importing.reading import UnreadableFile
from leads.keyset import Order, page_of
from leads.models import BadRow, Import
from leads.requests import PageRequest
from leads.services import imports
from leads.services.import_jobs import VERDICTS
from leads.services.imports import WrongState
from leads.spreadsheets import csv_lines

NEWEST = Order("newest", "Newest", ("pk",))
SAMPLES = 3  # values shown beside a column
SHOWN = 100  # bad rows on the page; the file has all
OPEN = ("draft", "checked")
SKIP, CUSTOM = "", "custom"
CHOICES = [
    ("Leave it out", [(SKIP, "Leave out")]),
    ("Own field", [(CUSTOM, "Own field of that name")]),
    ("Person", list(PERSON_TARGETS.items())),
    ("Company", list(COMPANY_TARGETS.items())),
    ("Origin and consent", list(ORIGIN_TARGETS.items())),
]
WORDS = {
    "new": ("New", ""),
    "updated": ("Updated", ""),
    "unchanged": ("Unchanged", ""),
    "duplicate": ("Duplicate in the file", "first row counts"),
    "conflict": ("Conflict", "skipped"),
    "suppressed": ("Must not be mailed", "stay so"),
    "bad": ("Unreadable", "skipped"),
}
BARS = {
    "new": "",
    "updated": "s2",
    "unchanged": "s6",
    "duplicate": "s3",
    "conflict": "s4",
    "suppressed": "s5",
}


@roles("marketer")
@require_http_methods(["GET", "POST"])
def import_list(request: PageRequest) -> HttpResponse:
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if request.method == "POST" and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            run = imports.create_import(name=upload.name, file=upload, actor=request.user)
            return redirect("leads:import", run.pk)
        except UnreadableFile as refusal:
            form.add_error("file", str(refusal))
    runs = Import.objects.visible_to(request.user).select_related("created_by")
    page = page_of(runs, NEWEST, request.GET.get("cursor", ""), size=25)
    status = 422 if form.errors else 200
    return render(request, "leads/imports.html", {"form": form, "page": page}, status=status)


def _visible(request: PageRequest, pk: int) -> Import:
    return get_object_or_404(Import.objects.visible_to(request.user).select_related("created_by"), pk=pk)


@roles("marketer")
@require_GET
def import_detail(request: PageRequest, pk: int) -> HttpResponse:
    run = _visible(request, pk)
    columns = run.state in OPEN and (run.state == "draft" or "columns" in request.GET)
    try:
        return _page(request, run, _columns(run) if columns else None)
    except UnreadableFile as refusal:  # broken further down than the upload looked
        return _page(request, run, None, str(refusal), status=422)


def _page(
    request: PageRequest,
    run: Import,
    columns: list[dict[str, Any]] | None,
    error: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {"run": run, "columns": columns, "error": error, "preset": _preset(run), **_report(run)}
    context["encoding"] = encodings.words(run.mapping["sheet"]["encoding"])
    return render(request, "leads/import.html", context, status=status)


def _preset(run: Import) -> str:
    preset = presets.PRESETS.get(run.mapping.get("preset", ""))
    return preset.label if preset and preset.key != "generic" else ""


def _columns(run: Import, chosen: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """Each column with samples and where it goes: as posted, else as kept with the import."""
    sheet = imports.sheet_of(run)
    kept = run.mapping.get("columns", {})
    with_samples = [cells for _, cells in islice(reading.rows(lambda: imports.open_file(run), sheet), 200)]
    rows = []
    for place, name in enumerate(sheet.columns):
        values = (cells[place].strip() for cells in with_samples if place < len(cells))
        samples = list(dict.fromkeys(encodings.shown(value[:60]) for value in values if value))[:SAMPLES]
        target = chosen[name] if chosen else kept.get(name, CUSTOM) or SKIP
        sure = not chosen and name in kept
        rows.append({"name": name, "place": place, "samples": samples, "target": target, "sure": sure})
    return [row | {"choices": _with_own(str(row["target"]))} for row in rows]


def _with_own(target: str) -> list[Any]:
    """A preset may name an own field by its key; it stays a choice."""
    return [*CHOICES, ("As proposed", [(target, target)])] if target.startswith("custom.") else CHOICES


def _report(run: Import) -> dict[str, Any]:
    counts = run.report.get("counts", {})
    total = sum(counts.get(name, 0) for name in WORDS)
    left = 0.0
    bars = []
    for name, css in [*BARS.items(), ("bad", "bad")]:
        width = 100 * counts.get(name, 0) / total if total else 0
        bars.append({"x": f"{left:.2f}%", "width": f"{width:.2f}%", "css": css})
        left += width
    return {
        "bars": bars,
        "stats": [
            {"name": name, "label": WORDS[name][0], "note": WORDS[name][1], "number": counts.get(name, 0)}
            for name in (*VERDICTS, "bad")
        ],
        "going_in": sum(counts.get(name, 0) for name in ("new", "updated", "suppressed")),
        "bad_rows": run.bad_rows.order_by("line")[:SHOWN],
        "bad_count": counts.get("bad", 0),
    }


@roles("marketer")
@require_POST
def mapping(request: PageRequest, pk: int) -> HttpResponse:
    """Keeps where the columns go, and checks the file. A refused mapping keeps what was chosen."""
    run = _visible(request, pk)
    names = imports.sheet_of(run).columns
    chosen = {name: request.POST.get(f"column-{place}", CUSTOM) for place, name in enumerate(names)}
    first = [name for name in run.mapping.get("columns", {}) if name in chosen]  # keeps a preset's preference
    ordered = {name: chosen[name] or None for name in dict.fromkeys([*first, *names])}
    try:
        imports.set_mapping(run=run, columns=ordered, outcome=_outcome(request, run))
    except BadMapping as refusal:
        return _page(request, run, _columns(run, chosen), str(refusal), status=422)
    except WrongState as refusal:
        return _page(request, run, None, str(refusal), status=409)
    return redirect("leads:import", pk)


def _outcome(request: PageRequest, run: Import) -> dict[str, Any] | None:
    column = request.POST.get("outcome", "")
    if not column:
        return None
    won, lost = (
        [word.strip() for word in request.POST.get(name, "").split(",") if word.strip()]
        for name in ("won", "lost")
    )
    return {"column": column, "won": won, "lost": lost}


@roles("marketer")
@require_POST
def confirmation(request: PageRequest, pk: int) -> HttpResponse:
    run = _visible(request, pk)
    try:
        imports.confirm(run=run)
    except WrongState as refusal:
        return _page(request, run, None, f"{refusal} Nothing was done twice.", status=409)
    return redirect("leads:import", pk)


@roles("marketer")
@require_POST
def removal(request: PageRequest, pk: int) -> HttpResponse:
    run = _visible(request, pk)
    try:
        imports.discard(run=run)
    except WrongState as refusal:
        return _page(request, run, None, str(refusal), status=409)
    messages.success(request, f"{run.name} was discarded. Nothing of it was imported.")
    return redirect("leads:imports")


@roles("marketer")
@require_GET
def progress(request: PageRequest, pk: int) -> HttpResponse:
    """The moving part of the page; says when to load the page anew."""
    run = _visible(request, pk)
    response = render(request, "leads/_progress.html", {"run": run})
    if run.state not in imports.WAITING:
        response["HX-Refresh"] = "true"
    return response


@roles("marketer")
@require_GET
def errors(request: PageRequest, pk: int) -> HttpResponse:
    """The rows that did not go in, as they stood in the file, with line, column and reason in front."""
    run = _visible(request, pk)
    response = StreamingHttpResponse(csv_lines(_error_rows(run)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="rows-to-correct-{run.pk}.csv"'
    return cast(HttpResponse, response)


def _error_rows(run: Import) -> Iterator[list[object]]:
    sheet = imports.sheet_of(run)
    yield ["Line", "Column", "What is wrong", *sheet.columns]
    bad = BadRow.objects.filter(run=run).order_by("line").iterator(chunk_size=2000)
    rows = reading.rows(lambda: imports.open_file(run), sheet)
    for row in bad:
        cells = next((cells for line, cells in rows if line >= row.line), [])
        yield [row.line, row.column, row.reason, *map(encodings.shown, cells)]
