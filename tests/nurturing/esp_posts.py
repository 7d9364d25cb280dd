"""Posts as mail services make them, each with its own proof of who it is."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from django.test import Client
from django.urls import reverse

SECRET = "hooks:very-secret"
SETTINGS = {
    "WEBHOOK_SECRET": [SECRET],
    "MAILGUN_WEBHOOK_SIGNING_KEY": "mg-key",
    "MANDRILL_WEBHOOK_KEY": "md-key",
}
BASIC = "Basic " + base64.b64encode(SECRET.encode()).decode()


def post(
    client: Client, service: str, payload: Any, *, event_id: str = "", at: str = "", proof: bool = True
) -> Any:
    """`event_id`, `at`: of Amazon's envelope. Without `proof` secret and signature are wrong."""
    url = reverse("nurturing:mail_hook", args=[service])
    headers = {"Authorization": BASIC if proof else "Basic d3Jvbmc6b25l"}
    if service == "amazon_ses":
        return _sns(client, url, payload, headers, event_id or "sns-1", at or "2018-03-26T17:58:59.675Z")
    if service == "mandrill":
        return _mandrill(client, url, payload, headers, proof)
    if service == "mailgun":
        return _mailgun(client, url, payload, headers, "mg-key" if proof else "wrong")
    return client.post(url, json.dumps(payload), content_type="application/json", headers=headers)


def _sns(client: Client, url: str, payload: Any, headers: dict[str, str], event_id: str, at: str) -> Any:
    body = {"Type": "Notification", "MessageId": event_id, "Message": json.dumps(payload), "Timestamp": at}
    headers |= {"X-Amz-Sns-Message-Type": "Notification", "X-Amz-Sns-Message-Id": event_id}
    return client.post(url, json.dumps(body), content_type="text/plain; charset=UTF-8", headers=headers)


def _mandrill(client: Client, url: str, payload: Any, headers: dict[str, str], proof: bool) -> Any:
    events = json.dumps(payload)
    name = (
        "hooks:very-secret@" if proof else "wrong:one@"
    )  # it signs the address, and the secret stands in it
    signed = f"http://{name}testserver{url}mandrill_events{events}".encode()
    sign = base64.b64encode(hmac.digest(b"md-key" if proof else b"wrong", signed, "sha1")).decode()
    return client.post(url, {"mandrill_events": events}, headers=headers | {"X-Mandrill-Signature": sign})


def _mailgun(client: Client, url: str, payload: Any, headers: dict[str, str], key: str) -> Any:
    """A token is new at each try, as with the service itself, unless the payload has one."""
    old = payload.get("signature", {}) if "event-data" in payload else payload
    token, stamp = old.get("token", f"t{time.monotonic_ns()}"), old.get("timestamp", "1534108637")
    sign = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256).hexdigest()
    proof = {"token": token, "timestamp": stamp, "signature": sign}
    if "event-data" in payload:
        body = json.dumps(payload | {"signature": proof})
        return client.post(url, body, content_type="application/json", headers=headers)
    return client.post(url, payload | proof, headers=headers)
