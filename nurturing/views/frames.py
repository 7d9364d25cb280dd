"""Foreign HTML inside a page of ours: in a frame, with a policy of its own."""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse

View = Callable[..., HttpResponse]


def framed(policy: Mapping[str, Sequence[str]]) -> Callable[[View], View]:
    """The answer may stand in a frame of ours, and nothing but `policy` is allowed in it."""

    def guard(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            response = view(request, *args, **kwargs)
            response._csp_replace = dict(policy)  # type: ignore[attr-defined]
            response.xframe_options_exempt = True
            response["X-Frame-Options"] = "SAMEORIGIN"
            return response

        return inner

    return guard
