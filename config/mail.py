"""EMAIL_URL for a mail service: anymail+<service>://<key>@<host>?<any other setting of django-anymail>.

    anymail+postmark://SERVER-TOKEN@              anymail+mailgun://KEY@mg.example.com?api_url=https://api.eu.mailgun.net/v3
    anymail+mailjet://KEY:SECRET@                 anymail+sendgrid://KEY@

Every setting may come as a variable of its own too, named as there with ANYMAIL_ in front.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SCHEME = "anymail+"
# Connecting and the answer, in seconds. The answer is waited for as long as a mail server's; a lease is longer.
TIMEOUTS = (10, 120)


class Service(NamedTuple):
    """Which settings the parts of the URL are."""

    user: str = "API_KEY"
    second: str = ""
    host: str = ""


SERVICES = {
    "amazon_ses": Service(user=""),
    "brevo": Service(),
    "mailersend": Service("API_TOKEN"),
    "mailgun": Service(host="SENDER_DOMAIN"),
    "mailjet": Service(second="SECRET_KEY"),
    "mailtrap": Service("API_TOKEN"),
    "mandrill": Service(),
    "postal": Service(),
    "postmark": Service("SERVER_TOKEN"),
    "resend": Service(),
    "sendgrid": Service(),
    "sparkpost": Service(),
    "unisender_go": Service(),
}


def is_service(url: str) -> bool:
    return url.startswith(SCHEME)


def backend_of(url: str) -> str:
    return f"anymail.backends.{_name(url)}.EmailBackend"


def anymail_settings(url: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """What django-anymail reads from `ANYMAIL`; `url` may be a mail server's, for webhooks need no sending."""
    found: dict[str, Any] = {
        "IGNORE_UNSUPPORTED_FEATURES": True,  # such as switching off tracking that a service does not have
        "REQUESTS_TIMEOUT": TIMEOUTS,
    }
    if is_service(url):
        found |= _of_url(url)
    for name, value in environment.items():
        if name.startswith("ANYMAIL_") and value:
            found[name.removeprefix("ANYMAIL_")] = value
    secrets = found.get("WEBHOOK_SECRET", "")
    found["WEBHOOK_SECRET"] = [secret.strip() for secret in secrets.split(",") if secret.strip()]
    return found


def _of_url(url: str) -> dict[str, str]:
    name = _name(url)
    parts = urlsplit("//" + url.partition("://")[2])
    service = SERVICES[name]
    given = {service.user: parts.username, service.second: parts.password, service.host: parts.hostname}
    known = {key: unquote(value) for key, value in given.items() if key and value}
    known |= {key.upper(): value for key, value in parse_qsl(parts.query)}
    return {f"{name.upper()}_{key}": value for key, value in known.items()}


def _name(url: str) -> str:
    name = url.removeprefix(SCHEME).partition("://")[0].replace("-", "_")
    if name not in SERVICES:
        raise ImproperlyConfigured(
            f"EMAIL_URL names no mail service known here. Known: {', '.join(SERVICES)}."
        )
    return name
