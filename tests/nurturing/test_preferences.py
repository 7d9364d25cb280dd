"""The preference page: what people choose there holds at once, and the record keeps the words they read."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext, override_settings

from leads.models import Consent, Lead, Suppression, Topic
from leads.services.consent import suppress
from nurturing import delivery, letters, tokens
from nurturing.models import Enrolment, Message
from tests.nurturing import factories
from tests.nurturing.sink import Sink

pytestmark = pytest.mark.django_db


@pytest.fixture
def news() -> Topic:
    return Topic.objects.create(name="Product news", description="Twice a month")


@pytest.fixture
def events() -> Topic:
    return Topic.objects.create(name="Events", description="Once a month")


@pytest.fixture
def message(news: Topic, events: Topic) -> Message:
    return factories.queued(factories.running(topic=news))


def address(message: Message) -> str:
    full = letters.web_address("nurturing:preferences", tokens.sign(tokens.PREFERENCES, message.key))
    return "/" + full.split("/", 3)[3]


def saved(client: Client, message: Message, **values: Any) -> Any:
    shown = [str(pk) for pk in Topic.objects.values_list("pk", flat=True)]
    defaults = {"do": "save", "shown": shown, "topic": shown, "channels": "1", "channel": ["phone"]}
    return client.post(address(message), defaults | values)


def said() -> list[tuple[str, str, str]]:
    return list(Consent.objects.order_by("pk").values_list("state", "channel", "wording"))


def test_looking_changes_nothing(client: Client, message: Message) -> None:
    for method in (client.get, client.head):
        response = method(address(message))

    assert response.status_code == 200
    assert not Consent.objects.exists()
    assert not Suppression.objects.exists()


def test_switching_a_topic_off_stops_its_campaign_at_once_with_the_words_shown(
    client: Client, message: Message, news: Topic, events: Topic, sink: Sink
) -> None:
    saved(client, message, topic=[str(events.pk)])
    delivery.send_due()

    assert said() == [("withdrawn", "email", "Product news. Twice a month: no")]
    entry = Consent.objects.get()
    assert (entry.source, entry.ip, entry.evidence["mail"]) == ("preferences", "127.0.0.1", message.key.hex)
    assert Enrolment.objects.get().ended_because == "no_consent"
    assert not sink.accepted


def test_saving_what_is_there_already_records_nothing(client: Client, message: Message) -> None:
    saved(client, message, language="en")
    saved(client, message, language="en")

    assert said() == []
    assert Lead.objects.get().language == "en"


def test_a_pause_holds_the_mail_and_ending_it_lets_it_go(
    client: Client, message: Message, sink: Sink
) -> None:
    saved(client, message, pause="60")
    delivery.send_due()
    held = len(sink.accepted)
    saved(client, message, pause="0")
    delivery.send_due()

    assert held == 0
    assert len(sink.accepted) == 1
    assert [(state, words) for state, _, words in said()] == [
        ("paused", "Pause 60 days"),
        ("resumed", "No pause"),
    ]


def test_calls_and_advertising_are_refused_apart_from_mail(client: Client, message: Message) -> None:
    saved(client, message, channel=["ads"])

    assert said() == [
        ("withdrawn", "phone", "You may call me: no"),
        ("given", "ads", "You may show me advertising on other sites: yes"),
    ]
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("verb", ["stop", "not-me"])
def test_stopping_everything_is_one_press(client: Client, message: Message, verb: str) -> None:
    client.post(address(message), {"do": verb})

    assert Suppression.objects.get().address == message.to_address
    assert Enrolment.objects.get().ended_because == "unsubscribed"
    assert [state for state, *_ in said()] == ["withdrawn"]


def test_whoever_comes_back_gets_the_topics_switched_on_and_no_others(
    client: Client, message: Message, news: Topic, events: Topic
) -> None:
    client.post(address(message), {"do": "stop"})

    saved(client, message, topic=[str(events.pk)])

    assert not Suppression.objects.exists()
    page = client.get(address(message)).text
    assert f'value="{events.pk}" checked' in page
    assert f'value="{news.pk}" checked' not in page


def test_after_a_spam_report_nothing_can_be_switched_on(client: Client, message: Message) -> None:
    suppress(address=message.to_address, reason="complained", lead=message.enrolment.lead)

    response = saved(client, message)

    assert response.status_code == 409
    assert Suppression.objects.get().reason == "complained"


def test_the_page_speaks_german_and_remembers_it(client: Client, message: Message, news: Topic) -> None:
    asked = client.get(address(message), headers={"Accept-Language": "de-DE,de;q=0.9"}).text
    saved(client, message, language="de", topic=[])
    later = client.get(address(message)).text
    saved(client, message)

    assert "Was wir Ihnen senden" in asked
    assert 'lang="de"' in later
    assert said()[-1][2] == "Product news. Twice a month: ja"


def test_the_address_works_after_the_key_has_changed(client: Client, message: Message, settings: Any) -> None:
    old = address(message)

    with override_settings(SECRET_KEY="new" * 20, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert client.get(old).status_code == 200
    assert client.get(old.replace("/p/", "/u/")).status_code == 404
    assert client.get("/p/forged/").status_code == 404


def test_bad_values_are_not_heard(client: Client, message: Message) -> None:
    response = saved(client, message, topic=["x", "\x00"], shown=["9999"], pause="1e9", language="tlh")

    assert response.status_code == 302
    assert said() == []


def test_more_topics_cost_no_more_queries(client: Client, message: Message) -> None:
    with CaptureQueriesContext(connection) as few:
        client.get(address(message))
    for number in range(20):
        Topic.objects.create(name=f"Topic {number}")

    with CaptureQueriesContext(connection) as many:
        client.get(address(message))

    assert len(many) == len(few)


def test_a_scanner_that_posts_to_the_unsubscribe_page_unsubscribes_nobody(
    client: Client, message: Message
) -> None:
    token = tokens.sign(tokens.UNSUBSCRIBE, message.key)

    response = client.post(f"/u/{token}/", {"probe": "1"})

    assert response.status_code == 200
    assert not Suppression.objects.exists()
