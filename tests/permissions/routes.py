"""Every address of the product, read from the resolver, so that a new one cannot be forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, get_resolver

OPEN = ("api:schema", "api:docs", "api:nothing_here")  # below /api/ without a scope


@dataclass(frozen=True)
class Route:
    name: str  # namespace:name, or the path of a route without one
    params: tuple[str, ...]

    @property
    def is_api(self) -> bool:
        return self.name.startswith("api:") and self.name not in OPEN


def all_routes() -> list[Route]:
    return sorted(dict.fromkeys(_walk(get_resolver().url_patterns, ())), key=lambda route: route.name)


# The admin names its routes by model; they are asked for in a test of their own.


def _walk(patterns: list, spaces: tuple[str, ...]) -> Iterator[Route]:
    for entry in patterns:
        if isinstance(entry, URLPattern) and "admin" not in spaces:
            name = ":".join([*spaces, entry.name]) if entry.name else f"/{entry.pattern}"
            yield Route(name, tuple(entry.pattern.regex.groupindex))
        elif not isinstance(entry, URLPattern):
            inside = (*spaces, entry.namespace) if entry.namespace else spaces
            yield from _walk(entry.url_patterns, inside)
