"""The languages that we speak to readers: on public pages, and in what we add to each mail."""

from __future__ import annotations

NAMES = {"en": "English", "de": "Deutsch"}
LOCALES = {"en": "en-gb", "de": "de"}
DEFAULT = "en"


def known(language: str) -> str:
    """ "de" of "de-AT"; empty when we do not speak it."""
    code = language.strip().lower().replace("_", "-").partition("-")[0]
    return code if code in NAMES else ""


def spoken_by(language: str) -> str:
    """The locale for somebody whose language is this, or is not known."""
    return LOCALES[known(language) or DEFAULT]


def asked_for(accept_language: str) -> str:
    """The first language of a browser that we speak, or empty."""
    wanted = accept_language.replace(" ", "").split(",")
    return next((code for part in wanted if (code := known(part.partition(";")[0]))), "")
