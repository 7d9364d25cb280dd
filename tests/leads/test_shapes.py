"""What goes into the dictionary of shapes, and what stays with the activity."""

import pytest

from leads import shapes
from leads.machines import agents


def test_a_page_view_is_known_by_its_page_and_not_by_its_query():
    parts = shapes.part("page_view", {"url": "https://shop.example/pricing/?a=1#top", "referrer": "x"})

    assert parts.shape == {"host": "shop.example", "path": "/pricing"}
    assert parts.rest == {"url": "https://shop.example/pricing/?a=1#top", "referrer": "x"}


@pytest.mark.parametrize(
    ("path", "plain"),
    [
        ("/orders/1234567/lines", "/orders/:id/lines"),
        ("/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/u/:id"),
        ("/mail/rita@example.com", "/mail/:id"),
        ("/blog/2024/how-to-sell", "/blog/2024/how-to-sell"),
        ("//pricing//", "/pricing"),
        ("", "/"),
        ("/a-very-long-title-of-an-article-about-sales", "/a-very-long-title-of-an-article-about-sales"),
        ("/t/aGVsbG8gd29ybGQgMTIzNDU", "/t/:id"),
    ],
)
def test_ids_in_a_path_do_not_make_new_shapes(path, plain):
    assert shapes.plain_path(path) == plain


def test_a_value_too_long_for_the_dictionary_stays_whole_with_the_activity():
    parts = shapes.part("content_download", {"asset": "x" * 500})

    assert parts.shape == {"asset": "x" * 200}
    assert parts.rest == {"asset": "x" * 500}


def test_lists_objects_and_nothing_stay_with_the_activity():
    props = {"topic": ["a", "b"], "form": {"id": 7}, "asset": None}

    parts = shapes.part("form_submit", props)

    assert parts == ({}, props)


def test_the_order_of_properties_does_not_matter():
    one = shapes.canonical("page_view", {"host": "a", "path": "/b"}, False)
    other = shapes.canonical("page_view", {"path": "/b", "host": "a"}, False)

    assert one == other


def test_only_links_that_lead_elsewhere_are_known_by_their_address():
    props = {"url": "https://tandem.example/guide?token=1"}

    assert shapes.part("email_click", props).shape["url"] == "tandem.example/guide"
    assert "url" not in shapes.part("page_view", props).shape


def test_a_broken_address_is_kept_and_makes_no_shape():
    parts = shapes.part("page_view", {"url": "http://[broken"})

    assert parts == ({}, {"url": "http://[broken"})


@pytest.mark.parametrize(
    ("agent", "machine"),
    [
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", True),
        ("Mozilla/5.0 AppleWebKit/537.36 HeadlessChrome/120.0", True),
        ("curl/8.5.0", True),
        ("Slackbot-LinkExpanding 1.0", True),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36", False),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) CUBOT", False),
        ("", False),
    ],
)
def test_robots_are_told_from_people(agent, machine):
    assert bool(agents.robot(agent)) is machine
