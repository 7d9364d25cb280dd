"""How many events may come, counted in a real Valkey."""

import secrets

import orjson
import pytest

from accounts.models import ApiToken
from accounts.services import create_token
from leads.capture import limits
from leads.models import Activity


@pytest.fixture
def rates(settings):
    """So many a minute for a key and for an address; a sixth of it at once."""

    def set_rates(key, address):
        settings.EVENTS_PER_KEY, settings.EVENTS_PER_ADDRESS = key, address

    return set_rates


@pytest.fixture
def sender():
    """Nobody else's key and address."""
    mark = secrets.token_hex(8)
    return {"key": f"write key {mark}", "address": f"address {mark}"}


def test_a_key_may_send_a_sixth_of_its_minute_at_once_and_is_told_how_long_to_wait(rates, sender):
    rates(60, 0)

    assert limits.wait_for(**sender, events=10) == 0
    assert limits.wait_for(**sender, events=5) in (4, 5)  # one a second comes free
    assert limits.wait_for(**sender | {"key": sender["key"] + "other"}, events=10) == 0


def test_an_address_is_counted_over_all_its_keys(rates, sender):
    rates(0, 60)

    assert limits.wait_for(**sender, events=10) == 0
    assert limits.wait_for(**sender | {"key": "another"}, events=10) > 0
    assert limits.wait_for(**sender | {"address": sender["address"] + "other"}, events=10) == 0


def test_what_one_bucket_refuses_is_taken_from_none(rates, sender):
    rates(60, 6)
    assert limits.wait_for(**sender, events=1) == 0
    assert limits.wait_for(**sender, events=9) > 0  # the address has had its one

    assert limits.wait_for(**sender | {"address": ""}, events=9) == 0  # the key has nine left


def test_a_batch_larger_than_the_bucket_can_come_when_it_is_empty(rates, sender):
    rates(60, 0)

    assert limits.wait_for(**sender, events=2500) == 0
    assert limits.wait_for(**sender, events=1) > 0


def test_without_limits_nobody_waits(rates, sender):
    rates(0, 0)

    assert [limits.wait_for(**sender, events=10**6) for _ in range(3)] == [0, 0, 0]


def test_events_are_taken_while_valkey_is_away(rates, sender, settings):
    rates(60, 60)
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    limits.forget_connection()

    assert [limits.wait_for(**sender, events=10) for _ in range(3)] == [0, 0, 0]


@pytest.mark.django_db
def test_who_sends_too_much_is_told_when_to_come_again_and_nothing_is_stored(rates, client):
    token, secret = create_token(kind=ApiToken.Kind.WRITE, name="Site")
    address = f"2001:db8::{token.pk:x}"
    rates(0, 6)
    event = orjson.dumps({"writeKey": secret, "event": "x", "anonymousId": "v"})
    limits.wait_for(key="", address=address, events=1)

    response = client.post("/v1/t", event, content_type="text/plain", REMOTE_ADDR=address)

    assert (response.status_code, response.json()["code"]) == (429, "too_many_requests")
    assert "send it again in" in response.json()["error"]
    assert 1 <= int(response["Retry-After"]) <= 10
    assert not Activity.objects.exists()
