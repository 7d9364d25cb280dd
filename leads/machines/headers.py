"""What the headers of one request give away, as keys of `seen.WORDS`."""

from __future__ import annotations

from collections.abc import Mapping

from leads.machines import agents

AHEAD = ("Purpose", "Sec-Purpose", "X-Purpose", "X-Moz")
AHEAD_WORDS = ("prefetch", "preview", "prerender")


def signs_of(headers: Mapping[str, str], *, secure: bool, picture: bool = False) -> tuple[str, ...]:
    """`secure`: over https; only there browsers tell how they came. Mail programs send what they like."""
    signs = ["prefetch"] if _is_ahead(headers) else []
    if picture:
        return tuple(signs)
    if not headers.get("Accept-Language", "").strip():
        signs.append("no_language")
    if headers.get("Accept", "").strip() in ("", "*/*"):
        signs.append("bare")
    signs += _arrival(headers) if secure else []
    return tuple(signs)


def _is_ahead(headers: Mapping[str, str]) -> bool:
    said = " ".join(headers.get(name, "").lower() for name in AHEAD)
    return any(word in said for word in AHEAD_WORDS)


def _arrival(headers: Mapping[str, str]) -> list[str]:
    mode = headers.get("Sec-Fetch-Mode", "")
    if mode:
        return [] if mode == "navigate" else ["not_navigated"]
    return ["no_fetch"] if agents.is_modern(headers.get("User-Agent", "")) else []
