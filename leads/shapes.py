"""What many activities have in common: the shape that rules read, parted from what only one activity has.

Source  rules ask about page, asset, topic, form, campaign …; such values repeat, so 20 million activities
        have some thousands of shapes
Units   shape properties are text, 200 characters at most; everything else stays with the activity
Clock   none; nothing here reads the time, the database or a setting
"""

import hashlib
import re
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import orjson

LONGEST = 200  # characters of one value in a shape; the activity keeps the whole
COMMON = frozenset(
    {
        *("host", "path", "asset", "asset_type", "topic", "form", "webinar", "product", "category", "plan"),
        *("campaign", "utm_source", "utm_medium", "utm_campaign", "source", "medium", "channel", "direction"),
        *("type", "status", "outcome", "feature", "content", "name", "label", "step"),
    }
)
WITH_LINK = frozenset({"email_click", "ad_click"})  # these lead elsewhere, so the address itself tells
OTHER = {"other": "true"}  # the shape of what came after the dictionary was full
NUL = "\x00"

_ID = re.compile(
    r"[0-9]{5,}"
    r"|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|(?=[^/]*[0-9])[0-9a-z_-]{20,}"
    r"|[^/]*@[^/]*",
    re.IGNORECASE,
)


class Parts(NamedTuple):
    """The properties of one activity, parted: `shape` for the dictionary, `rest` for the activity."""

    shape: dict[str, str]
    rest: dict[str, Any]


def part(kind: str, props: dict[str, Any]) -> Parts:
    """Whatever the shape does not hold in full stays in `rest`, so nothing is lost."""
    shape: dict[str, str] = {}
    rest: dict[str, Any] = {}
    for name, value in props.items():
        text = _text(value) if name in COMMON else None
        if text is None:
            rest[name] = value
        elif text:
            shape[name] = text
            if len(text) < len(str(value)):
                rest[name] = value
    if "url" in rest and isinstance(rest["url"], str):
        _add_address(kind, rest["url"], shape)
    if "path" in shape:
        _shorten_path(shape, rest)
    return Parts(shape, rest)


def canonical(kind: str, shape: dict[str, str], machine: bool) -> bytes:
    """The same bytes for the same shape, whatever the order of its properties."""
    return orjson.dumps([kind, machine, shape], option=orjson.OPT_SORT_KEYS)


def digest(canonical_shape: bytes) -> bytes:
    return hashlib.blake2b(canonical_shape, digest_size=16).digest()


@lru_cache(maxsize=8192)
def plain_path(path: str) -> str:
    """No query, no fragment, no trailing slash; ids, long numbers and addresses become `:id`."""
    bare = path.partition("#")[0].partition("?")[0]
    parts = [":id" if _ID.fullmatch(part) else part for part in bare.split("/") if part]
    return ("/" + "/".join(parts))[:LONGEST]


def storable(value: Any) -> Any:
    """The same value without what neither JSON nor PostgreSQL can hold."""
    if isinstance(value, str):
        return value.replace(NUL, "").encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {storable(str(key)): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    return str(value) if isinstance(value, int) and abs(value) >= 2**63 else value


def _text(value: Any) -> str | None:
    """Words for the dictionary; None for what is not one word: lists, objects, nothing."""
    if isinstance(value, str):
        return value.replace(NUL, "").strip()[:LONGEST]
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:LONGEST] if isinstance(value, int | float) else None


def _add_address(kind: str, url: str, shape: dict[str, str]) -> None:
    host, path = _address(url)
    if host:
        shape.setdefault("host", host)
        shape.setdefault("path", path)
    if kind in WITH_LINK:
        shape["url"] = (host + plain_path(path))[:LONGEST]


@lru_cache(maxsize=8192)
def _address(url: str) -> tuple[str, str]:
    try:
        parts = urlsplit(url.replace(NUL, ""))
        return (parts.hostname or "")[:LONGEST], parts.path[: 4 * LONGEST] or "/"
    except ValueError:  # a broken IPv6 host, for one
        return "", ""


def _shorten_path(shape: dict[str, str], rest: dict[str, Any]) -> None:
    path = plain_path(shape["path"])
    if path != shape["path"] and "url" not in rest:
        rest.setdefault("path", shape["path"])
    shape["path"] = path
