"""Webhook steps: signed so that others can check it, tried again, never twice under another name."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.db.models.functions import Now
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from accounts.models import User
from nurturing import hooks
from nurturing.models import WebhookCall, WebhookEndpoint
from nurturing.services import advancing, webhooks
from tests.nurturing import factories
from tests.nurturing.test_steps import add, run_of, start

pytestmark = pytest.mark.django_db


class Receiver:
    """A real HTTP server: answers as told, keeps what it got."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.got: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({key.lower(): value for key, value in self.headers.items()}, body))
                status, headers = receiver.answers.pop(0) if receiver.answers else (200, {})
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args: Any) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    made = Receiver()
    settings.WEBHOOK_HOSTS = [made.host]
    yield made
    made.server.shutdown()
    made.server.server_close()


def endpoint(receiver: Receiver) -> WebhookEndpoint:
    return webhooks.save_endpoint(
        endpoint=None, name="Planning", url=f"http://{receiver.host}/hook", actor=None
    )


def asked(target: WebhookEndpoint, **lead: object) -> WebhookCall:
    campaign = factories.draft()
    add(campaign, "webhook", endpoint=target.pk, name="Sheet", fields=["title"])
    start(campaign)
    run_of(campaign, **lead)
    advancing.advance_due()
    return WebhookCall.objects.get(endpoint=target)


def make_due() -> None:
    WebhookCall.objects.update(due_at=Now())


def test_another_library_believes_the_signature(receiver: Receiver) -> None:
    target = endpoint(receiver)
    call = asked(target, title="Head of “Ops”", email="ingrid@fjord.example")

    webhooks.call_due()

    [(headers, body)] = receiver.got
    said = Webhook(webhooks.secret_of(target)).verify(body, headers)
    assert said["data"]["lead"]["fields"] == {"title": "Head of “Ops”"}
    assert headers["webhook-id"] == str(call.pk)
    with pytest.raises(WebhookVerificationError):
        Webhook(hooks.new_secret()).verify(body, headers)


def test_after_a_change_both_secrets_are_believed_for_a_day(receiver: Receiver) -> None:
    target = endpoint(receiver)
    old = webhooks.secret_of(target)
    webhooks.rotate(target)
    asked(target)

    webhooks.call_due()

    [(headers, body)] = receiver.got
    target.refresh_from_db()
    for secret in (old, webhooks.secret_of(target)):
        Webhook(secret).verify(body, headers)

    WebhookEndpoint.objects.update(rotated_at=Now() - timedelta(days=2))
    WebhookCall.objects.update(state="waiting", due_at=Now())
    webhooks.call_due()
    with pytest.raises(WebhookVerificationError):
        Webhook(old).verify(receiver.got[1][1], receiver.got[1][0])


def test_an_answer_that_is_no_yes_is_tried_again_under_the_same_id(receiver: Receiver) -> None:
    receiver.answers = [(500, {}), (302, {"Location": "http://127.0.0.1:1/"}), (204, {})]
    call = asked(endpoint(receiver))

    states = []
    for _ in range(3):
        make_due()
        webhooks.call_due(limit=1)
        call.refresh_from_db()
        states.append((call.state, call.status, call.attempts))

    assert states == [("waiting", 500, 1), ("waiting", 302, 2), ("delivered", 204, 3)]
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1


def test_gone_switches_the_endpoint_off_and_calls_no_more(receiver: Receiver) -> None:
    receiver.answers = [(410, {})]
    target = endpoint(receiver)
    call = asked(target)

    webhooks.call_due()
    make_due()
    webhooks.call_due()

    call.refresh_from_db()
    target.refresh_from_db()
    assert (call.state, len(receiver.got)) == ("failed", 1)
    assert target.disabled_at


def test_retry_after_is_obeyed(receiver: Receiver) -> None:
    receiver.answers = [(429, {"Retry-After": "7200"})]
    call = asked(endpoint(receiver))

    webhooks.call_due()

    waits = WebhookCall.objects.filter(pk=call.pk, due_at__gt=Now() + timedelta(minutes=115))
    assert waits.exists()


def test_nobody_listens_it_is_given_up_after_the_whole_schedule_and_may_be_sent_again(
    receiver: Receiver,
) -> None:
    call = asked(endpoint(receiver))
    receiver.server.server_close()

    for _ in range(len(hooks.SCHEDULE) + 1):
        make_due()
        webhooks.call_due(limit=1)

    call.refresh_from_db()
    assert (call.state, call.attempts) == ("failed", len(hooks.SCHEDULE) + 1)
    assert webhooks.send_again(call_id=call.pk)
    assert not webhooks.send_again(call_id=call.pk)


def test_a_worker_that_died_leaves_its_call_to_the_next(receiver: Receiver) -> None:
    asked(endpoint(receiver))
    first = webhooks._claim()
    assert webhooks._claim() is None

    make_due()
    webhooks.call_due()
    webhooks._make(first)  # the slept one wakes: its outcome does not count any more

    call = WebhookCall.objects.get()
    assert (call.state, call.attempts) == ("delivered", 2)


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/",
        "https://localhost/",
        "https://[::1]/",
        "ftp://x.example/",
        "https://u:p@x.example/",
    ],
)
def test_addresses_inside_are_refused_in_words(client_of: Any, mara: User, url: str) -> None:
    answer = client_of(mara).post("/webhooks/new/", {"name": "Inside", "url": url})

    assert answer.status_code == 422
    assert url.split("@")[-1][:8] in answer.content.decode() or "address" in answer.content.decode()
    assert not WebhookEndpoint.objects.exists()


def test_the_secret_is_shown_only_when_asked_for(client_of: Any, mara: User, receiver: Receiver) -> None:
    target = endpoint(receiver)
    client = client_of(mara)
    secret = webhooks.secret_of(target)

    page, shown = client.get(f"/webhooks/{target.pk}/"), client.post(f"/webhooks/{target.pk}/secret/")

    assert secret not in page.content.decode()
    assert secret in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    assert secret.encode() not in bytes(target.sealed)


@given(
    st.text(max_size=200), st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
)
def test_any_body_is_signed_as_the_other_library_does(body: str, at: datetime) -> None:
    secret = "whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

    made = hooks.headers([secret], "msg_1", int(at.timestamp()), body.encode())

    assert made["webhook-signature"] == Webhook(secret).sign("msg_1", at, body)


@pytest.mark.parametrize(("width", "theme"), [(390, "dark"), (1440, "light")])
def test_the_pages_are_whole(
    page_as: Any, axe: Any, mara: User, receiver: Receiver, width: int, theme: str
) -> None:
    receiver.answers = [(410, {})]
    target = endpoint(receiver)
    asked(target)
    webhooks.call_due()

    page = page_as(mara, "/webhooks/", width=width, theme=theme)
    axe(page)
    page.get_by_role("link", name="Planning").click()
    page.get_by_text("Switched off").wait_for()

    axe(page)
    assert page.get_by_text("Given up").first.is_visible()
