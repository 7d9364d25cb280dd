"""What pages are made of: `{% load ui %}`. Formatting only: no query, every value is escaped.

Clock   `when` reads the time once per tag; everything else is a pure function of its arguments
Missing a value nobody knows is "not known", never a dash or a zero
"""

import datetime as dt
import unicodedata
from functools import cache
from typing import Any

from django import template
from django.template.defaultfilters import stringfilter
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator

from accounts.words import (
    NOT_KNOWN,
    absolute_words,
    grouped,
    hue_of,
    initials_of,
    relative_words,
)

register = template.Library()

TONES = frozenset({"", "info", "good", "warn", "bad", "violet", "outline"})
RING_STATES = frozenset({"ok", "soon", "over"})
TONE_OF_LEVEL = {"success": "good", "warning": "warn", "error": "bad", "info": "", "debug": ""}
STATE_ICONS = {"paused": "pause", "met": "check", "missed": "x"}
USUAL_MQL_LINE = 65  # points; the MQL line of the first model, used when a page does not say


@cache
def _sprite() -> str:
    return static("icons.svg")


@register.simple_tag
def icon(name: str, size: str = "", label: str = "") -> SafeString:
    """A picture from the sprite. Silent unless it has a label. Sizes: "", "s", "l", "xl"."""
    css = f"icon {size}" if size else "icon"
    href = f"{_sprite()}#{name}"
    if label:
        return format_html(
            '<svg class="{}" role="img" aria-label="{}"><use href="{}"/></svg>', css, label, href
        )
    return format_html('<svg class="{}" aria-hidden="true"><use href="{}"/></svg>', css, href)


@register.simple_tag
def score(
    subject: Any, band: str = "", level: int | None = None, threshold: int | None = None, size: str = ""
) -> SafeString:
    """The score pill. `subject` is a number, or anything with `total`, `band` and perhaps `level`.

    level 4, 3, 2, 1 = 80 and more, 70 and more, from the MQL line on, below it.
    """
    if subject is None or subject == "":
        return format_html('<span class="score" data-level="1"><b>{}</b></span>', "not scored")
    if isinstance(subject, int | float):
        total = round(subject)
    else:
        total = _read(subject, "total", 0)
        band = band or _read(subject, "band", "")
        level = level if level is not None else _read(subject, "level", None)
    level = level if level is not None else _level(total, threshold)
    css = f"score {size}" if size else "score"
    fit = format_html('<i><span class="sr">fit and engagement </span>{}</i>', band) if band else ""
    return format_html(
        '<span class="{}" data-level="{}"><span class="sr">Score </span><b>{}</b>{}</span>',
        css,
        level,
        grouped(total),
        fit,
    )


def _level(total: int, threshold: int | None) -> int:
    line = USUAL_MQL_LINE if threshold is None else threshold
    return 4 if total >= 80 else 3 if total >= 70 else 2 if total >= line else 1


def _read(subject: Any, name: str, default: Any) -> Any:
    return subject.get(name, default) if isinstance(subject, dict) else getattr(subject, name, default)


@register.simple_tag
def sla(clock: Any) -> SafeString:
    """Ring and words of one promise. `clock` is an object or a dict.

    state ok | soon | over | paused | met | missed; words; percent left (0-100); due_at (aware) or None;
    left (seconds of working time) and running, when the browser shall count on from what the server said;
    hours_a_day, when a day of its words is not 24 hours.
    """
    if not clock:
        return mark_safe("")
    state = _read(clock, "state", "ok")
    due_at = _read(clock, "due_at", None)
    return format_html(
        '<span class="sla" data-state="{}"{}{}>{}<span data-words>{}</span></span>',
        state,
        _due(due_at),
        _countdown(clock) if state in RING_STATES else "",
        _ring(_percent(clock, state)) if state in RING_STATES else icon(STATE_ICONS.get(state, "clock")),
        _read(clock, "words", ""),
    )


def _due(due_at: dt.datetime | None) -> SafeString | str:
    if due_at is None:
        return ""
    return format_html(' data-due="{}" title="Due {}"', _utc(due_at), absolute_words(due_at))


def _countdown(clock: Any) -> SafeString | str:
    left = _read(clock, "left", None)
    if left is None:
        return ""
    running = mark_safe(" data-running") if _read(clock, "running", True) else ""
    hours = _read(clock, "hours_a_day", None)
    day = format_html(' data-day-hours="{}"', hours) if hours else ""
    return format_html(' data-left="{}"{}{}', round(left), day, running)


def _percent(clock: Any, state: str) -> int:
    """A promise that is overdue shows a full ring."""
    return 100 if state == "over" else min(100, max(0, round(_read(clock, "percent", 0))))


@cache  # a hundred rings at most, drawn fifty times a page
def _ring(percent: int) -> SafeString:
    return format_html(
        '<svg viewBox="0 0 20 20" aria-hidden="true"><circle class="t" cx="10" cy="10" r="7"/>'
        '<circle class="p" cx="10" cy="10" r="7" pathLength="100" stroke-dasharray="{} 100"/></svg>',
        percent,
    )


def _utc(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@register.simple_tag
def avatar(name: str | None, key: Any = None, size: str = "", company: bool = False) -> SafeString:
    """Initials on a colour that stays with `key` (a primary key). Sizes: "xs", "", "lg", "xl"."""
    css = " ".join(filter(None, ("av", size, "co" if company else "")))
    letters = initials_of(name or "")
    content = letters or icon("building-2" if company else "user", "s")
    return format_html(
        '<span class="{}" data-hue="{}" aria-hidden="true">{}</span>',
        css,
        hue_of(key if key is not None else name or ""),
        content,
    )


@register.simple_tag
def pill(text: Any, tone: str = "", icon_name: str = "") -> SafeString:
    """A state in a word. Tones: info, good, warn, bad, violet, outline; anything else is neutral."""
    attribute = format_html(' data-tone="{}"', tone) if tone in TONES and tone else ""
    picture = icon(icon_name) if icon_name else ""
    return format_html('<span class="pill"{}>{}{}</span>', attribute, picture, text)


@register.simple_tag
def tag(text: Any) -> SafeString:
    """A neutral fact, such as why somebody is worth a call."""
    return format_html('<span class="tag">{}</span>', text)


@register.simple_tag
def when(moment: dt.datetime | dt.date | None, missing: str = NOT_KNOWN) -> SafeString:
    """Relative words, the absolute instant in `datetime` (UTC) and `title` (the reader's zone)."""
    if moment is None or moment == "":
        return format_html('<span class="muted">{}</span>', missing)
    words = relative_words(moment, timezone.now())
    stamp = _utc(moment) if isinstance(moment, dt.datetime) else moment.isoformat()
    return format_html('<time datetime="{}" title="{}">{}</time>', stamp, absolute_words(moment), words)


@register.simple_tag
def number(value: Any, places: int = 0, signed: bool = False, unit: str = "") -> SafeString:
    """1,204 or −5.0 or +24.4 or 18.9%. A real minus sign; None is "not known"."""
    if value is None or value == "":
        return format_html('<span class="muted">{}</span>', NOT_KNOWN)
    space = "" if unit in {"", "%"} else "\u00a0"
    return format_html('<span class="num">{}{}{}</span>', grouped(value, places, signed), space, unit)


@register.simple_tag
def plural(count: int | None, one: str, many: str = "") -> SafeString:
    """1 lead, 38 leads, 1,204 companies."""
    count = count or 0
    return format_html("{} {}", grouped(count), one if count == 1 else many or f"{one}s")


@register.filter(is_safe=True)
@stringfilter
def clipped(text: str, length: int) -> str:
    """What Django's `truncatechars` says, without looking at every sign of a text that is short enough."""
    if len(text) <= length and unicodedata.is_normalized("NFC", text):
        return text
    return Truncator(text).chars(length)


@register.filter
def tone(level_tag: str) -> str:
    """Django's message level as one of our tones."""
    return TONE_OF_LEVEL.get(level_tag, "")


@register.simple_tag
def qr(svg: str) -> SafeString:
    """A QR code drawn by our own server, without the XML prolog, so that no data: image is needed."""
    return mark_safe(svg[svg.index("<svg") :])  # noqa: S308  only paths, made by the qrcode package
