"""Who may open a page: decorators for views, one line each."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def roles(*allowed: str) -> Callable[[View], View]:
    """Signed in, and in one of these roles; admins always may. Anybody else gets 403 and nothing changes."""

    def guard(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.role not in {*allowed, "admin"}:  # type: ignore[union-attr]
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return login_required(inner)

    return guard
