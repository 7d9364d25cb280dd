"""What mail services tell is heeded once, in whatever order it comes, and only from them."""

import gzip
import json
import os
import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from leads.models import Activity, Suppression
from nurturing.models import MailEvent, Message, Unsubscribe
from nurturing.services import mail_events
from tests.nurturing import factories
from tests.nurturing.esp_posts import BASIC, SETTINGS, post

pytestmark = [pytest.mark.django_db, pytest.mark.filterwarnings("ignore:django-anymail has dropped")]
SHARED = Path(os.environ.get("TANDEM_SHARED") or Path(__file__).resolve().parents[3] / "shared")
CORPUS = SHARED / "data" / "webhooks" / "events_dev.jsonl.gz"
needs_corpus = pytest.mark.skipif(not CORPUS.exists(), reason="the collection of webhooks is not here")


@pytest.fixture(autouse=True)
def secrets(settings: Any) -> None:
    settings.ANYMAIL = settings.ANYMAIL | SETTINGS


@pytest.fixture
def message() -> Message:
    sent = factories.queued()
    Message.objects.filter(pk=sent.pk).update(
        state="accepted", told_at=sent.queued_at, sent_at=datetime(2026, 1, 1, tzinfo=UTC)
    )
    sent.refresh_from_db()
    return sent


def event(message: Message, kind: str, number: int = 1, **values: Any) -> dict[str, Any]:
    """As SendGrid tells it, an hour after the mail was sent and later."""
    at = datetime(2026, 1, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
    return {
        "event": kind,
        "email": message.to_address,
        "sg_event_id": f"{kind}-{number}-{message.pk}",
        "timestamp": int(at.timestamp()),
        "tandem_message": message.key.hex,
        **values,
    }


def kinds_of(message: Message) -> list[str]:
    rows = Activity.objects.filter(lead=message.enrolment.lead_id).order_by("shape__kind")
    return list(rows.values_list("shape__kind", flat=True))


def end_of(message: Message) -> tuple[Any, ...]:
    message.refresh_from_db()
    reason = Suppression.objects.get(address=message.to_address).reason
    seen = (message.opened_at, message.clicked_at, bool(message.complained_at))
    return (message.state, message.sent_at, *seen, tuple(kinds_of(message)), reason)


def reasons() -> list[str]:
    return list(Suppression.objects.values_list("reason", flat=True))


def test_a_life_of_a_mail_ends_the_same_in_any_order_and_however_often_it_is_told(client: Client) -> None:
    ends = []
    for turn in range(4):
        message = factories.queued()
        Message.objects.filter(pk=message.pk).update(
            state="unknown", dot_at=datetime(2026, 1, 1, tzinfo=UTC), told_at=message.queued_at
        )
        told = [
            event(message, "processed"),
            event(message, "delivered", 2),
            event(message, "open", 4, useragent="Mozilla/5.0 (X11) Firefox"),
            event(message, "open", 3, useragent="Mozilla/5.0 (X11) Firefox"),
            event(message, "open", 2, useragent="Mozilla/5.0", sg_machine_open=True),
            event(message, "click", 5, url="https://quillstone.example/guide", useragent="Mozilla/5.0 (X11)"),
            event(message, "spamreport", 6),
            event(message, "unsubscribe", 7),
        ]
        random.Random(turn).shuffle(told)
        for one in told:
            post(client, "sendgrid", [one])
        post(client, "sendgrid", told)
        message.refresh_from_db()
        ends.append(end_of(message))

    assert len(set(ends)) == 1
    assert ends[0][0] == "accepted"
    assert ends[0][2] == datetime(2026, 1, 1, 1, 3, tzinfo=UTC)
    assert ends[0][-1] == "complained"
    assert MailEvent.objects.count() == 4 * 8


@pytest.mark.parametrize(
    ("told", "reason", "bounced"),
    [
        (
            {"event": "bounce", "type": "bounce", "status": "5.1.1", "reason": "550 5.1.1 unknown"},
            ["bounced"],
            True,
        ),
        ({"event": "bounce", "type": "blocked", "reason": "550 5.7.1 blocked"}, [], False),
        ({"event": "dropped", "reason": "Bounced Address"}, ["bounced"], True),
        ({"event": "dropped", "reason": "Unsubscribed Address"}, ["unsubscribed"], False),
        ({"event": "deferred", "response": "450 later"}, [], False),
        ({"event": "group_resubscribe"}, [], False),
    ],
)
def test_what_is_told_of_a_mail_has_the_effect_of_a_returned_one(
    client: Client, message: Message, told: dict[str, Any], reason: list[str], bounced: bool
) -> None:
    answer = post(client, "sendgrid", [event(message, "x") | told])

    message.refresh_from_db()
    assert answer.json() == {"new": 1, "known": 0, "bad": 0}
    assert (reasons(), message.bounced) == (reason, bounced)


def test_a_hand_over_nobody_was_sure_about_is_settled(client: Client) -> None:
    message = factories.queued()
    Message.objects.filter(pk=message.pk).update(state="unknown")

    post(client, "sendgrid", [event(message, "processed")])

    message.refresh_from_db()
    assert (message.state, message.reply) == ("accepted", "The mail service reports: queued.")


def test_an_opening_by_a_machine_is_kept_apart(client: Client, message: Message) -> None:
    post(client, "sendgrid", [event(message, "open", sg_machine_open=True, useragent="Mozilla/5.0 (X11)")])

    message.refresh_from_db()
    assert message.opened_at is None
    assert Activity.objects.get().shape.machine


def test_a_click_on_our_own_link_is_not_counted_twice(
    client: Client, message: Message, settings: Any
) -> None:
    post(client, "sendgrid", [event(message, "click", url=f"{settings.BASE_URL}/c/token/")])

    assert kinds_of(message) == []


def test_an_address_the_service_gave_up_is_heeded_without_a_mail_of_ours(client: Client) -> None:
    lead = factories.lead(email="Ida@Buyer.example")
    told = {"email": "ida@buyer.example", "timestamp": 1_700_000_000}

    post(client, "sendgrid", [told | {"event": "bounce", "type": "blocked", "sg_event_id": "a"}])
    before = reasons()
    post(client, "sendgrid", [told | {"event": "bounce", "type": "bounce", "sg_event_id": "b"}])
    post(client, "sendgrid", [told | {"event": "spamreport", "sg_event_id": "c"}])

    assert before == []
    assert Suppression.objects.get().lead == lead
    assert reasons() == ["complained"]


def test_one_bad_event_does_not_cost_the_others(client: Client, message: Message) -> None:
    told = [{"no": "event"}, event(message, "delivered"), "text", event(message, "spamreport", 2), None]

    answer = post(client, "sendgrid", told)

    assert (answer.status_code, answer.json()) == (200, {"new": 2, "known": 0, "bad": 3})
    assert reasons() == ["complained"]


@pytest.mark.parametrize("service", ["sendgrid", "postmark", "mailgun", "mandrill", "amazon_ses"])
def test_without_the_secret_or_signature_nothing_changes(client: Client, service: str) -> None:
    payload: Any = (
        {"event-data": {"event": "complained", "recipient": "a@b.example"}} if service == "mailgun" else {}
    )

    answer = post(client, service, [{}] if service in ("sendgrid", "mandrill") else payload, proof=False)

    assert answer.status_code in (401, 403)
    assert not MailEvent.objects.exists()


@pytest.mark.parametrize(
    "service", ["sendgrid", "postmark", "brevo", "sparkpost", "mailjet", "resend", "mailgun"]
)
def test_a_service_nobody_set_up_is_refused(client: Client, settings: Any, service: str) -> None:
    settings.ANYMAIL = {"WEBHOOK_SECRET": []}

    assert post(client, service, {}).status_code == 403


def test_what_is_no_event_at_all_is_named(client: Client) -> None:
    assert client.post("/webhooks/mail/pigeon/", "{}", content_type="application/json").status_code == 404
    assert client.get("/webhooks/mail/sendgrid/").status_code == 405
    assert client.head("/webhooks/mail/sendgrid/").status_code == 200
    headers = {"Authorization": BASIC}
    for body in ("", "{", "7", '"x"', "[" * 100_000):
        answer = client.post(
            "/webhooks/mail/sendgrid/", body, content_type="application/json", headers=headers
        )
        assert (answer.status_code, "detail" in answer.json()) == (400, True)


def test_a_batch_asks_no_more_for_events_it_knows(client: Client, message: Message) -> None:
    told = [event(message, "deferred", number) for number in range(20)]
    post(client, "sendgrid", told)

    with CaptureQueriesContext(connection) as queries:
        answer = post(client, "sendgrid", told)

    assert answer.json() == {"new": 0, "known": 20, "bad": 0}
    assert len(queries) <= 4


def test_what_was_about_no_mail_of_ours_is_forgotten(client: Client, message: Message) -> None:
    post(client, "sendgrid", [event(message, "delivered"), {"event": "delivered", "email": "x@y.example"}])
    MailEvent.objects.update(received_at="2020-01-01T00:00:00Z")

    assert mail_events.forget_foreign() == 1


# ---- a collection of real ones


def cases() -> list[dict[str, Any]]:
    with gzip.open(CORPUS, "rt") as lines:
        return [json.loads(line) for line in lines]


def tell(client: Client, case: dict[str, Any]) -> Any:
    expected = case["expected"]
    given = {"event_id": expected.get("event_id", case["case"]), "at": expected.get("timestamp", "")}
    return post(client, case["provider"], case["payload"], **given)


@needs_corpus
def test_the_collection_is_read_as_it_is_labelled(client: Client) -> None:
    wrong = []
    for case in cases():
        before = set(MailEvent.objects.values_list("pk", flat=True))
        assert tell(client, case).json()["bad"] == 0, case["case"]
        rows = MailEvent.objects.exclude(pk__in=before)
        if not any(_agrees(row, case["expected"]) for row in rows):
            wrong.append((case["case"], list(rows.values()), case["expected"]))

    assert wrong == []
    assert MailEvent.objects.values("service").distinct().count() == 6


def _agrees(row: MailEvent, expected: dict[str, Any]) -> bool:
    ours = {
        "event_type": row.kind,
        "recipient": row.recipient,
        "reject_reason": row.reason,
        "event_id": row.event_id,
        "message_id": row.remote_id,
        "click_url": row.url,
        "user_agent": row.agent,
    }
    same = all(value == (expected[name] or "") for name, value in ours.items() if name in expected)
    at = expected.get("timestamp") if row.service != "postmark" else None  # its labels have lost their zone
    return same and (at is None or row.happened_at == datetime.fromisoformat(at))


@needs_corpus
def test_the_collection_told_again_and_in_another_order_leaves_the_same(client: Client) -> None:
    told = cases()
    for case in told:
        tell(client, case)
    first = Counter(MailEvent.objects.values_list("digest", flat=True))

    for case in told:
        tell(client, case)
    again = Counter(MailEvent.objects.values_list("digest", flat=True))
    MailEvent.objects.all().delete()
    random.Random(1).shuffle(told)
    for case in told:
        tell(client, case)

    assert again == first
    assert Counter(MailEvent.objects.values_list("digest", flat=True)) == first
    assert not Unsubscribe.objects.exists()
