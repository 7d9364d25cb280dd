"""Answers of a decision: fragments for htmx, a redirect with a message without it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string

REFUSED = 422
CONFLICT = 409


def fragments(
    request: HttpRequest, parts: Sequence[tuple[str, dict[str, Any]]], status: int = 200
) -> HttpResponse:
    """Several templates in one answer; those after the first name their own target out of band."""
    return HttpResponse(
        "\n".join(render_to_string(name, context, request) for name, context in parts), status=status
    )


def toast(
    text: str, *, tone: str = "", undo_url: str = "", undo_target: str = ""
) -> tuple[str, dict[str, Any]]:
    return "handoff/_toast.html", {
        "text": text,
        "tone": tone,
        "undo_url": undo_url,
        "undo_target": undo_target,
    }


def dialog(
    request: HttpRequest, template: str, heading: str, context: dict[str, Any], form: Form
) -> HttpResponse:
    """A form as a dialog, or as a page of its own without script; with errors it stays open, values kept."""
    status = REFUSED if form.is_bound else 200
    fragment = request.wants_fragment  # type: ignore[attr-defined]
    context = {**context, "form": form, "fragment": template, "heading": heading}
    response = render(request, template if fragment else "handoff/decision.html", context, status=status)
    if form.is_bound and fragment:
        response["HX-Retarget"], response["HX-Reswap"] = "#dialog", "innerHTML"
    return response


def go(
    request: HttpRequest, url: str, text: str, *, problem: bool = False, undo_url: str = ""
) -> HttpResponse:
    """Without script: say it on the next page, with a button that takes it back."""
    (messages.error if problem else messages.success)(request, text, extra_tags=undo_url)
    return redirect(url)
