"""Calling other systems for campaigns: endpoints and their secrets, and the calls that wait.

Claimed   one call at a time, by a lease; a worker that dies leaves it to the next, under the same id
Again     an answer that is not 2xx, or none, is tried again by the schedule; 410 ends the endpoint
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from accounts import outbound, sealing
from leads.events import publish
from nurturing import hooks
from nurturing.events import WebhooksQueued
from nurturing.models import WebhookCall, WebhookEndpoint

PURPOSE = "webhook secret"
LEASE = timedelta(minutes=2)  # longer than outbound.PATIENCE
OVERLAP = timedelta(days=1)  # both secrets sign for so long after a change
RUN_SECONDS = 30
State = WebhookCall.State


@transaction.atomic
def save_endpoint(*, endpoint: WebhookEndpoint | None, name: str, url: str, actor: Any) -> WebhookEndpoint:
    """A new one gets a secret; ask `secret_of` for it. Raises outbound.NotAllowed."""
    outbound.check(url, settings.WEBHOOK_HOSTS)
    if endpoint is None:
        sealed = sealing.seal(PURPOSE, hooks.new_secret())
        return WebhookEndpoint.objects.create(name=name, url=url.strip(), sealed=sealed, created_by=actor)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        name=name, url=url.strip(), disabled_at=None, disabled_because=""
    )
    endpoint.refresh_from_db()
    return endpoint


def rotate(endpoint: WebhookEndpoint) -> None:
    """A new secret; the old one signs beside it for a day."""
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(
        sealed=sealing.seal(PURPOSE, hooks.new_secret()), sealed_before=F("sealed"), rotated_at=Now()
    )


def secret_of(endpoint: WebhookEndpoint) -> str:
    """Raises sealing.Unreadable."""
    return sealing.unseal(PURPOSE, endpoint.sealed)


def send_again(*, call_id: UUID) -> bool:
    """A call that was given up, from the start of its schedule."""
    given_up = WebhookCall.objects.filter(pk=call_id, state=State.FAILED, endpoint__disabled_at=None)
    done = given_up.update(state=State.WAITING, attempts=0, due_at=Now(), settled_at=None)
    if done:
        publish(WebhooksQueued())
    return bool(done)


def call_due(limit: int = 500) -> int:
    """Make the calls that are due, one after the other, for half a minute at most."""
    ends, made = time.monotonic() + RUN_SECONDS, 0
    while made < limit and time.monotonic() < ends:
        call = _claim()
        if call is None:
            break
        _make(call)
        made += 1
    return made


@transaction.atomic
def _claim() -> WebhookCall | None:
    due = WebhookCall.objects.filter(state__in=(State.WAITING, State.CALLING), due_at__lte=Now())
    free = due.order_by("due_at").select_for_update(of=("self",), skip_locked=True)
    call = free.select_related("endpoint").first()
    if call is not None:
        change = {"state": State.CALLING, "attempts": F("attempts") + 1, "due_at": Now() + LEASE}
        WebhookCall.objects.filter(pk=call.pk).update(**change)
        call.attempts += 1
    return call


def _make(call: WebhookCall) -> None:
    if call.endpoint.disabled_at:
        _settle(call, State.FAILED, answer="The endpoint was switched off.")
        return
    try:
        answer = _post(call)
    except (outbound.NotAllowed, sealing.Unreadable) as refusal:
        _settle(call, State.FAILED, answer=str(refusal))
    except OSError as error:
        _try_again(call, None, str(error))
    else:
        _heed(call, answer)


def _post(call: WebhookCall) -> outbound.Answer:
    body, now = orjson.dumps(call.payload), int(time.time())
    signed = hooks.headers(_live_secrets(call.endpoint), str(call.pk), now, body)
    return outbound.post(call.endpoint.url, body, settings.WEBHOOK_HOSTS, signed)


def _live_secrets(endpoint: WebhookEndpoint) -> list[str]:
    live = [endpoint.sealed]
    if endpoint.sealed_before and endpoint.rotated_at and endpoint.rotated_at + OVERLAP > timezone.now():
        live.append(endpoint.sealed_before)
    return [sealing.unseal(PURPOSE, sealed) for sealed in live]


def _heed(call: WebhookCall, answer: outbound.Answer) -> None:
    if 200 <= answer.status < 300:
        _settle(call, State.DELIVERED, answer.status, answer.text)
    elif answer.status == 410:
        gone = WebhookEndpoint.objects.filter(pk=call.endpoint_id, disabled_at=None)
        gone.update(
            disabled_at=Now(), disabled_because="The other side answered that it is gone for good (410)."
        )
        _settle(call, State.FAILED, answer.status, answer.text)
    else:
        _try_again(call, answer.status, answer.text, answer.retry_after)


def _try_again(call: WebhookCall, status: int | None, text: str, retry_after: int | None = None) -> None:
    wait = hooks.wait_after(call.attempts, retry_after)
    if wait is None:
        _settle(call, State.FAILED, status, text)
        return
    _ours(call).update(state=State.WAITING, due_at=Now() + wait, status=status, answer=_short(text))


def _settle(call: WebhookCall, state: str, status: int | None = None, answer: str = "") -> None:
    _ours(call).update(state=state, status=status, answer=_short(answer), settled_at=Now())


def _ours(call: WebhookCall) -> Any:
    """A later claim has another number of attempts; its outcome counts, not ours."""
    return WebhookCall.objects.filter(Q(pk=call.pk), state=State.CALLING, attempts=call.attempts)


def _short(text: str) -> str:
    return " ".join(text.replace("\x00", "").split())[:300]
