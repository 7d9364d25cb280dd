"""The model card of the predictive score, and what people may ask of it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from accounts.access import roles
from scoring import model_card
from scoring.services import predictions

teach = roles("marketer", "manager")


@login_required
@require_GET
def card(request: HttpRequest) -> HttpResponse:
    """How good the predictive score is, and what it learnt from."""
    model = predictions.current()
    context = {
        "card": model_card.card_of(model) if model else None,
        "waiting": None if model else model_card.waiting(),
        "training": model_card.last_training(),
        "unlearnt": model_card.unlearnt(),
        "teaches": request.user.role in {"marketer", "manager", "admin"},  # type: ignore[union-attr]
    }
    return render(request, "scoring/prediction.html", context)


@teach
@require_POST
def train(request: HttpRequest) -> HttpResponse:
    try:
        predictions.ask(actor=request.user)
    except predictions.AlreadyAsked as error:
        messages.warning(request, str(error))
    else:
        messages.success(request, "Training is asked for. Its figures appear here when it is done.")
    return redirect("scoring:prediction")


@teach
@require_POST
def leave_out(request: HttpRequest) -> HttpResponse:
    key = request.POST.get("key", "")
    model = predictions.current()
    if model is None or key not in {feature.binning.key for feature in model.card.features}:
        raise Http404
    predictions.leave_out(key=key, actor=request.user)
    messages.success(request, "Left out from the next training on. Train again to see what it changes.")
    return redirect("scoring:prediction")


@teach
@require_POST
def use_again(request: HttpRequest) -> HttpResponse:
    predictions.use_again(key=request.POST.get("key", ""))
    messages.success(request, "Used again from the next training on.")
    return redirect("scoring:prediction")
