"""Numbers, instants and names as a colleague would write them.

Units   counts are plain numbers; instants are aware datetimes or plain dates
Clock   callers pass `now`; the zone is the active one (the reader's)
Errors  none: what cannot be read comes back as text, because a page must not fail over a label
"""

import datetime as dt
import unicodedata
import zlib
from decimal import Decimal
from typing import Any

from django.utils import timezone

NOT_KNOWN = "not known"
MINUS = "\u2212"
HUES = 8
JOINERS = {"\u200d", "\ufe0f", "\u20e3"}  # what glues several code points into one picture
CURSIVE = ("ARABIC", "SYRIAC", "MANDAIC", "NKO")  # scripts whose neighbouring letters would join


def grouped(value: Any, places: int = 0, signed: bool = False) -> str:
    """1204 -> "1,204"; -5 with one place -> "−5.0"; with `signed`, +24.4."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return str(value)
    text = f"{abs(value):,.{places}f}"
    if not any(digit in text for digit in "123456789"):
        return text  # nothing is left after rounding: no sign either
    return f"{MINUS}{text}" if value < 0 else f"+{text}" if signed else text


def relative_words(moment: dt.datetime | dt.date, now: dt.datetime) -> str:
    """ "18 min ago", "in 3 h", "yesterday", "14 Nov", "14 Nov 2025"."""
    if not isinstance(moment, dt.datetime):
        return _day_words(moment, timezone.localdate(now))
    seconds = (now - moment).total_seconds()
    minutes = int(abs(seconds) // 60)
    if minutes < 1:
        return "just now" if seconds >= 0 else "in under a minute"
    if minutes < 60:
        return f"{minutes} min ago" if seconds > 0 else f"in {minutes} min"
    local, today = timezone.localtime(moment), timezone.localdate(now)
    if local.date() == today:
        return f"{minutes // 60} h ago" if seconds > 0 else f"in {minutes // 60} h"
    return _day_words(local.date(), today)


def _day_words(day: dt.date, today: dt.date) -> str:
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((day - today).days)
    return near or _date_words(day, with_year=day.year != today.year)


def _date_words(day: dt.date, with_year: bool = True) -> str:
    return f"{day.day} {day:%b %Y}" if with_year else f"{day.day} {day:%b}"


def absolute_words(moment: dt.datetime | dt.date) -> str:
    """ "Tue 17 Nov 2026, 14:44 CET", in the active zone."""
    if not isinstance(moment, dt.datetime):
        return f"{moment:%a} {_date_words(moment)}"
    local = timezone.localtime(moment)
    return f"{local:%a} {local.day} {local:%b %Y, %H:%M %Z}"


def initials_of(name: str) -> str:
    """First letters of the first and the last word, upper case; else an emoji; empty if there is neither."""
    signs = [sign for sign in map(_first_sign, name.split()) if sign]
    letters = [sign for sign in signs if unicodedata.category(sign[0]) != "So"]
    chosen = letters[:1] + letters[1:][-1:] or signs[:1]
    glue = "\u200c" if any(_is_cursive(sign) for sign in chosen) else ""
    return glue.join(chosen)


def _first_sign(word: str) -> str:
    """The first letter or digit with its marks; an emoji whole; nothing for bare punctuation."""
    for start, sign in enumerate(word):
        if unicodedata.category(sign)[0] in "LN" or unicodedata.category(sign) == "So":
            return _whole_sign(word, start).upper()
    return ""


def _whole_sign(word: str, start: int) -> str:
    end = start + 1
    while end < len(word) and (_extends(word[end]) or word[end - 1] == "\u200d"):
        end += 1
    if _is_flag_half(word[start]) and end < len(word) and _is_flag_half(word[end]):
        end += 1
    return word[start:end]


def _extends(sign: str) -> bool:
    return sign in JOINERS or unicodedata.category(sign) == "Mn" or "\U0001f3fb" <= sign <= "\U0001f3ff"


def _is_flag_half(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"


def _is_cursive(sign: str) -> bool:
    return unicodedata.name(sign[0], "").startswith(CURSIVE)


def hue_of(key: Any) -> int:
    """1 to 8, the same for the same key on every machine and in every process."""
    if isinstance(key, int):
        return key % HUES + 1
    return zlib.crc32(str(key).encode()) % HUES + 1
