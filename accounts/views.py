"""Pages about yourself, and the refusals every page shares."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET


def csrf_failure(request: HttpRequest, reason: str = "", **_kwargs: Any) -> HttpResponse:
    """A forged or stale form token: nothing was saved, and the words say how to go on."""
    return render(request, "403_csrf.html", {"reason": reason}, status=403)


@login_required
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Where each role's day begins: reps at their inbox, everybody else at the queue."""
    return redirect("handoff:inbox" if request.user.is_rep else "handoff:queue")  # type: ignore[union-attr]
