"""What a mail service posts: checked for who sent it, then read event by event.

Each service signs in its own way, or is given a secret in the address we tell it; django-anymail knows how. A
service for which neither is set up is refused: anybody could write such events.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from anymail.exceptions import AnymailConfigurationError, AnymailError, AnymailWebhookValidationFailure
from anymail.webhooks.base import AnymailBaseWebhookView
from django.http import HttpRequest, QueryDict

from nurturing.esp.events import Event, event_of

logger = logging.getLogger(__name__)

VIEWS = {
    "amazon_ses": "AmazonSESTrackingWebhookView",
    "brevo": "BrevoTrackingWebhookView",
    "mailersend": "MailerSendTrackingWebhookView",
    "mailgun": "MailgunTrackingWebhookView",
    "mailjet": "MailjetTrackingWebhookView",
    "mailtrap": "MailtrapTrackingWebhookView",
    "mandrill": "MandrillCombinedWebhookView",
    "postal": "PostalTrackingWebhookView",
    "postmark": "PostmarkTrackingWebhookView",
    "resend": "ResendTrackingWebhookView",
    "sendgrid": "SendGridTrackingWebhookView",
    "sparkpost": "SparkPostTrackingWebhookView",
    "unisender_go": "UnisenderGoTrackingWebhookView",
}
IN_LIST = "events"  # where Mailtrap puts its batch
IN_FORM = "mandrill_events"


class HookRefused(Exception):
    """`status` 401: show your secret; 403: wrong signature, or nothing is set up for this service."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class BadHook(Exception):
    """What was posted is not what this service posts."""


class Batch(NamedTuple):
    events: list[Event]
    bad: int


def read(service: str, request: HttpRequest) -> Batch:
    """Raises HookRefused or BadHook. One event that cannot be read does not cost the others of its batch."""
    view = _checked(service, request)
    events, bad = [], 0
    for piece in _pieces(request):
        try:
            events += [event_of(service, told) for told in view.parse_events(piece)]
        except Exception:  # services change their events without notice
            logger.exception("an event of %s could not be read", service)
            bad += 1
    return Batch(events, bad)


def _checked(service: str, request: HttpRequest) -> Any:
    try:
        view = _view_class(service)()
        # Such a view warns when nothing guards it, and stops doing so once a signing key is set.
        if view.warn_if_no_basic_auth and not view.basic_auth:
            raise HookRefused(403, "No secret is set up for this service.")
        view.run_validators(request)
    except AnymailWebhookValidationFailure as error:
        basic = bool(view.basic_auth) and "basic auth" in str(error)
        raise HookRefused(401 if basic else 403, "The secret or the signature is wrong.") from error
    except (AnymailConfigurationError, ImportError) as error:
        raise HookRefused(403, "No secret is set up for this service.") from error
    except (AnymailError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadHook("This is not what the service posts.") from error
    return view


@cache
def _view_class(service: str) -> Any:
    found: Any = getattr(import_module(f"anymail.webhooks.{service}"), VIEWS[service])
    return _without_boto(found) if service == "amazon_ses" else found


def _without_boto(view: Any) -> Any:
    """Amazon's library is needed to confirm a subscription by itself only; here a person opens the link once."""

    class AmazonView(view):
        auto_confirm_enabled = False

        def __init__(self, **values: Any) -> None:
            AnymailBaseWebhookView.__init__(self, **values)

        def auto_confirm_sns_subscription(self, sns_message: dict[str, Any]) -> None:
            logger.warning("Amazon asks to confirm a subscription: open %s", sns_message.get("SubscribeURL"))

    return AmazonView


class _Piece:
    """The request as if it had brought one event only."""

    def __init__(self, request: HttpRequest, body: bytes = b"", form: QueryDict | None = None) -> None:
        self._request, self.body, self.POST = request, body, form

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)


def _pieces(request: HttpRequest) -> Iterator[Any]:
    """Raises BadHook when it is neither a form nor JSON."""
    if IN_FORM in request.POST:
        for item in _listed(request.POST[IN_FORM]):
            form = QueryDict(mutable=True)
            form[IN_FORM] = json.dumps([item])
            yield _Piece(request, form=form)
        return
    if request.POST:
        yield request
        return
    data = _parsed(request.body)
    if isinstance(data, list):
        yield from (_Piece(request, json.dumps([item]).encode()) for item in data)
    elif isinstance(data, dict) and isinstance(data.get(IN_LIST), list):
        yield from (_Piece(request, json.dumps({IN_LIST: [item]}).encode()) for item in data[IN_LIST])
    elif isinstance(data, dict):
        yield request
    else:
        raise BadHook("This is not what the service posts.")


def _listed(text: str) -> list[Any]:
    data = _parsed(text)
    if not isinstance(data, list):
        raise BadHook("This is not what the service posts.")
    return data


def _parsed(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadHook("This is not JSON.") from error
