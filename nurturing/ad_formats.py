"""Rows of the files that ad networks take, hashed so that they learn nobody they do not know. Pure.

Hashed   SHA-256 in hex of the value written as each network asks: trimmed, lower case, a phone as E.164
Google   Email, Phone and names hashed; Country and Zip plain (support.google.com, answer 7476159)
Meta     all hashed; a phone without plus; names and cities as letters alone, of any script; the country as two small
         letters (developers.facebook.com, "customer information parameters")
LinkedIn the address alone
Removal  the address alone, for each of them: it is enough to find somebody, and all that is kept of an upload
Unicode  composed (NFC) before hashing: the same name must not have two hashes
An empty value stays empty: the hash of nothing would match everybody who has nothing.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable
from typing import NamedTuple

import phonenumbers

from leads import normalise

GOOGLE_MAIL = ("gmail.com", "googlemail.com")
OF_WORDS = ("L", "M")  # letters, and the marks that are written with them: vowels of Hindi, accents


class Person(NamedTuple):
    email: str
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    country: str = ""
    city: str = ""


class Format(NamedTuple):
    key: str
    label: str
    header: tuple[str, ...]
    row: Callable[[Person], tuple[str, ...]]


def hashed(value: str) -> str:
    return hashlib.sha256(composed(value).encode()).hexdigest() if value else ""


def composed(value: str) -> str:
    return unicodedata.normalize("NFC", value)


def address(value: str, *, google: bool = False) -> str:
    """As networks hash it. For Google, dots before gmail.com mean nothing."""
    local, at, domain = value.strip().lower().rpartition("@")
    if not at or not local or not domain:
        return ""
    return f"{local.replace('.', '') if google and domain in GOOGLE_MAIL else local}@{domain}"


def e164(phone: str, country: str = "") -> str:
    """With plus and country; empty when it cannot be a number."""
    code = normalise.country_code(country) if country else None
    try:
        number = phonenumbers.parse(phone, None if phone.strip().startswith("+") else code)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(number):
        return ""
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def name(value: str) -> str:
    return " ".join(value.lower().split())


def letters(value: str) -> str:
    """In lower case, without punctuation, figures and spaces."""
    return "".join(sign for sign in composed(value).lower() if unicodedata.category(sign)[0] in OF_WORDS)


def _google(person: Person) -> tuple[str, ...]:
    country = (normalise.country_code(person.country) or "") if person.country else ""
    return (
        hashed(address(person.email, google=True)),
        hashed(e164(person.phone, person.country)),
        hashed(name(person.first_name)),
        hashed(name(person.last_name)),
        country,
        "",  # a postcode is not among what we keep
    )


def _meta(person: Person) -> tuple[str, ...]:
    country = (normalise.country_code(person.country) or "").lower() if person.country else ""
    return (
        hashed(address(person.email)),
        hashed(e164(person.phone, person.country).removeprefix("+")),
        hashed(letters(person.first_name)),
        hashed(letters(person.last_name)),
        hashed(letters(person.city)),
        hashed(country),
    )


def _linkedin(person: Person) -> tuple[str, ...]:
    return (hashed(address(person.email)),)


FORMATS = {
    found.key: found
    for found in (
        Format(
            "google",
            "Google Customer Match",
            ("Email", "Phone", "First Name", "Last Name", "Country", "Zip"),
            _google,
        ),
        Format("meta", "Meta customer list", ("email", "phone", "fn", "ln", "ct", "country"), _meta),
        Format("linkedin", "LinkedIn contact list", ("email",), _linkedin),
    )
}
