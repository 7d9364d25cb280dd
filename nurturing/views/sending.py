"""One button after the cause is gone: sending goes on."""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from accounts.access import roles
from leads.events import publish
from nurturing.events import MessagesQueued
from nurturing.services import guard


@roles("marketer")
@require_POST
def resume(request: HttpRequest, kind: str) -> HttpResponse:
    """`server`: try now. `complaints`: they were looked at. `epoch`: only an admin may say so."""
    if kind == "epoch" and getattr(request.user, "role", "") != "admin":
        raise PermissionDenied
    if kind == "server":
        publish(MessagesQueued())
        messages.success(request, "The mail server is tried again now.")
    elif guard.go_on(kind):
        messages.success(request, "Sending goes on.")
    else:
        messages.info(request, "A colleague was faster: sending goes on already.")
    return redirect("nurturing:campaigns")
