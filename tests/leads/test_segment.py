"""Reading one message of the Segment spec: no database, no clock."""

from datetime import UTC, datetime, timedelta

import pytest

from leads.capture.names import kind_of
from leads.capture.reading import Refused, read_body
from leads.capture.segment import BadMessage, Reader
from leads.capture.traits import company_fields, person_fields
from leads.kinds import is_kind

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def read(message, call="", sent_at=None, custom=None):
    reader = Reader(received_at=NOON, sent_at=sent_at, custom=lambda: custom or {})
    return reader.read({"anonymousId": "v1", **message} if isinstance(message, dict) else message, call)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("Demo Requested", "demo_request"),
        ("demo_request", "demo_request"),
        ("Content Downloaded", "content_download"),
        ("Form Submitted", "form_submit"),
        ("Page Viewed", "page_view"),
        ("Product Added", "cart_add"),
        ("Product Added to Wishlist", "wishlist_add"),
        ("Order Completed", "purchase"),
        ("Email Opened", "email_open"),
        ("Email Link Clicked", "email_click"),
        ("engaged_time", "engaged_time"),
        ("Danced wildly!", "custom:danced_wildly"),
        ("custom:Danced", "custom:danced"),
        ("x" * 300, "custom:" + "x" * 60),
    ],
)
def test_events_become_our_kinds_of_activity(event, kind):
    assert kind_of(event) == kind


@pytest.mark.parametrize("event", ["購入", "🎉", "...", "custom:🎉"])
def test_a_name_without_latin_letters_gets_a_stable_kind_of_its_own(event):
    assert kind_of(event) == kind_of(event)
    assert is_kind(kind_of(event))


def test_a_page_call_is_a_page_view_with_its_name():
    message = read({"name": "Pricing", "properties": {"url": "https://a.example/pricing"}}, "page")

    assert message.kind == "page_view"
    assert message.props == {"url": "https://a.example/pricing", "name": "Pricing"}


def test_measures_leave_the_properties_and_text_stays():
    message = read(
        {"event": "x", "properties": {"duration": 12.6, "revenue": 19.99, "seconds": "many"}}, "track"
    )

    assert (message.seconds, message.amount) == (13, 1999)
    assert message.props == {"seconds": "many"}


def test_the_campaign_and_the_page_come_from_the_context():
    context = {"page": {"path": "/a", "title": "A"}, "campaign": {"name": "spring", "source": "news"}}

    message = read({"event": "Form Submitted", "properties": {"form": "f"}, "context": context}, "track")

    assert message.props == {"form": "f", "path": "/a", "utm_campaign": "spring", "utm_source": "news"}


def test_a_robot_is_marked_with_the_reason():
    message = read({"event": "x", "context": {"userAgent": "Mozilla/5.0 HeadlessChrome/120"}}, "track")

    assert message.met is not None
    assert message.props == {"machine": "Known program, not a browser"}


def test_names_stand_strongest_first():
    message = read({"userId": 7, "traits": {"email": " Lea@Example.com "}}, "identify")

    assert message.names == (("external", "7"), ("email", "lea@example.com"), ("visitor", "v1"))


@pytest.mark.parametrize(
    ("stamps", "sent_at", "happened"),
    [
        ({}, None, NOON),
        ({"timestamp": "2025-02-01T10:00:00Z"}, None, datetime(2025, 2, 1, 10, tzinfo=UTC)),
        ({"timestamp": "2025-02-01T10:00:00+02:00"}, None, datetime(2025, 2, 1, 8, tzinfo=UTC)),
        ({"timestamp": "2025-02-01T10:00:00"}, None, datetime(2025, 2, 1, 10, tzinfo=UTC)),
        ({"timestamp": 1738404000000}, None, datetime(2025, 2, 1, 10, tzinfo=UTC)),
        # the sender's clock is an hour fast
        (
            {"timestamp": "2025-03-01T12:50:00Z"},
            "2025-03-01T13:00:00Z",
            datetime(2025, 3, 1, 11, 50, tzinfo=UTC),
        ),
        (
            {"timestamp": "2025-03-01T12:50:00Z", "sentAt": "2025-03-01T13:00:00Z"},
            None,
            NOON - timedelta(minutes=10),
        ),
        # some seconds on the way are no wrong clock
        ({"timestamp": "2025-03-01T11:00:00Z"}, "2025-03-01T11:59:50Z", NOON - timedelta(hours=1)),
        # corrected on the way already
        (
            {"timestamp": "2025-03-01T11:00:00Z", "originalTimestamp": "2025-03-01T12:00:00Z"},
            "2025-03-01T13:00:00Z",
            NOON - timedelta(hours=1),
        ),
        ({"originalTimestamp": "2025-03-01T12:50:00Z"}, "2025-03-01T13:00:00Z", NOON - timedelta(minutes=10)),
    ],
)
def test_the_senders_clock_is_set_right(stamps, sent_at, happened):
    assert read({"event": "x", **stamps}, "track", sent_at).occurred_at == happened


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("text", "not a JSON object"),
        ([], "not a JSON object"),
        ({"type": "dance"}, "type must be one of"),
        ({"type": ["track"]}, "type must be one of"),
        ({"type": "track"}, "event must name"),
        ({"type": "track", "event": 7}, "event must name"),
        ({"type": "track", "event": "  "}, "event must name"),
        ({"type": "track", "event": "x", "anonymousId": ""}, "names nobody"),
        ({"type": "track", "event": "x", "anonymousId": {"a": 1}}, "anonymousId must be text"),
        ({"type": "track", "event": "x", "userId": True}, "userId must be text"),
        ({"type": "track", "event": "x", "userId": "u" * 300}, "longer than 254"),
        ({"type": "track", "event": "x", "messageId": ["m"]}, "messageId must be text"),
        ({"type": "track", "event": "x", "properties": [1]}, "properties must be a JSON object"),
        ({"type": "track", "event": "x", "context": "web"}, "context must be a JSON object"),
        ({"type": "track", "event": "x", "timestamp": "yesterday"}, "ISO 8601"),
        ({"type": "track", "event": "x", "timestamp": 10**300}, "word for"),
        ({"type": "track", "event": "x", "timestamp": True}, "ISO 8601"),
        ({"type": "track", "event": "x", "timestamp": "0001-01-01T00:00:00+14:00"}, "calendar"),
        ({"type": "identify", "traits": "lea"}, "traits must be a JSON object"),
        ({"type": "alias", "userId": "u"}, "both userId and previousId"),
        ({"type": "group", "traits": {}}, "groupId is missing"),
        ({"type": "track", "event": "x", "properties": {"a": "b" * 33_000}}, "larger than 32 kB"),
        ({"type": "track", "event": "a\x00b"}, "NUL"),
        ({"type": "track", "event": "\ud800"}, "half a surrogate pair"),
        ({"type": "track", "event": "x", "properties": {"n": 2**70}}, "past 64 bits"),
    ],
)
def test_a_bad_message_is_refused_in_words(message, words):
    with pytest.raises(BadMessage, match=words):
        read(message)


def nested(levels):
    value = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def test_ten_levels_are_deep_enough():
    read({"event": "x", "properties": nested(9)}, "track")

    with pytest.raises(BadMessage, match="more than 10 levels"):
        read({"event": "x", "properties": nested(10)}, "track")


def test_text_that_only_looks_like_nul_is_fine():
    message = read({"event": "x", "properties": {"path": r"C:\u0000"}}, "track")

    assert message.props == {"path": r"C:\u0000"}


def test_traits_become_fields_and_what_is_not_known_is_named():
    traits = {
        "firstName": "Lea",
        "last_name": "Lind",
        "company": {"name": "Acme", "employee_count": "1,200", "secret": 1},
        "address": {"country": "Norway", "city": "Oslo", "street": "x"},
        "plan": "gold",
        "shoe_size": 39,
        "is_admin": True,
        "id": "u1",
    }

    fields = person_fields(traits, {"shoe_size": "number"})

    assert fields.values == {
        "first_name": "Lea",
        "last_name": "Lind",
        "company": "Acme",
        "employees": 1200,
        "country": "Norway",
        "city": "Oslo",
        "custom.shoe_size": 39,
    }
    assert sorted(fields.dropped) == ["address.street", "company.secret", "is_admin", "plan"]


def test_a_trait_that_cannot_be_read_is_dropped_and_the_rest_is_kept():
    fields = person_fields({"email": "not an address", "title": {"a": 1}, "phone": None, "city": "Oslo"}, {})

    assert fields.values == {"city": "Oslo"}
    assert fields.dropped == ["email", "title"]


def test_a_group_is_the_company():
    fields = company_fields({"name": "Acme", "website": "https://www.acme.example/", "industry": "Steel"})

    assert fields.values == {"company": "Acme", "company_domain": "acme.example", "industry": "Steel"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"   ", 400),
        (b"{", 400),
        (b"\xff\xfe\xfa", 400),
        (b"[" * 100_000, 400),
        (b'{"a": ' + b"9" * 6000 + b"}", 400),
        (b"\x1f\x8bnot gzip", 400),
        (b" " * 2000, 413),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(body, status):
    with pytest.raises(Refused) as refusal:
        read_body(body, limit=200_000 if body[:1] == b"[" else 10_000 if b"9" in body else 1000)

    assert refusal.value.status == status
