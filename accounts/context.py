"""What every page of the shell needs: navigation, theme, organisation."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from accounts.navigation import SECTIONS, Item


def shell(request: HttpRequest) -> dict[str, Any]:
    """Cheap on purpose: no query here. Counts are fetched by the page as one fragment."""
    user = getattr(request, "user", None)
    return {
        "nav": _sections(request) if user is not None and user.is_authenticated else [],
        "theme": _choice(request, "theme", {"light", "dark"}),
        "density": _choice(request, "density", {"compact", "roomy"}),
    }


def _choice(request: HttpRequest, cookie: str, allowed: set[str]) -> str:
    value = request.COOKIES.get(cookie, "")
    return value if value in allowed else ""


def _sections(request: HttpRequest) -> list[dict[str, Any]]:
    role = request.user.role  # type: ignore[union-attr]
    sections = [
        {"title": title, "items": [_entry(request, item) for item in items if role in item.roles]}
        for title, items in SECTIONS
    ]
    return [section for section in sections if section["items"]]


def _entry(request: HttpRequest, item: Item) -> dict[str, Any]:
    try:
        url = reverse(item.url_name)
    except NoReverseMatch:  # an app of a later floor is not installed
        url = "/"
    here = request.path == url or (url != "/" and request.path.startswith(url))
    return {
        "url": url,
        "icon": item.icon,
        "label": item.label,
        "key": item.key,
        "count": item.count,
        "current": here,
    }
