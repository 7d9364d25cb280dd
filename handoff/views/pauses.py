"""Stop the clocks of a lead for a reason, and let them run on."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from handoff.pause_forms import PauseForm
from handoff.services import pauses
from handoff.views import answers
from handoff.views.inbox import find
from handoff.views.inbox_decisions import decide, dialog_context, may


@login_required
@require_http_methods(["GET", "POST"])
def pause(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = find(request, pk)
    may(handoff, request)
    form = PauseForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = dialog_context(request, handoff)
        return answers.dialog(request, "handoff/_pause.html", "Pause the clocks", context, form)
    return decide(
        request,
        handoff,
        lambda: pauses.pause(handoff=handoff, actor=request.user, **form.cleaned_data),
        f"The clocks of {handoff.lead.name} are paused.",
        stay=True,
    )


@login_required
@require_POST
def resumption(request: HttpRequest, pk: int) -> HttpResponse:
    handoff = find(request, pk)
    may(handoff, request)
    return decide(
        request,
        handoff,
        lambda: pauses.resume(handoff=handoff, actor=request.user),
        f"The clocks of {handoff.lead.name} run again.",
        stay=True,
    )
