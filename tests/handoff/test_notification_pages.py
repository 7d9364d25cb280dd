"""The bell, its page and the preferences: one's own and nobody else's."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import expect

from handoff.models import Notification, NotificationPreference, SlackHook
from handoff.services.choices import OF_ROLE
from handoff.services.notifications import tell_handoff
from tests.handoff.factories import make_offer, open_around_the_clock

pytestmark = pytest.mark.django_db
PREFERENCES = "/notifications/preferences/"


@pytest.fixture(autouse=True)
def hours():
    open_around_the_clock()


@pytest.fixture
def news(rita, mara):
    def make(number=1, name="Ingrid Solheim"):
        for _ in range(number):
            tell_handoff(make_offer(rita, mara, name=name).pk)

    return make


def test_somebody_sees_and_reads_only_their_own(news, client_of, rita, otto):
    news()
    row = Notification.objects.get()

    assert client_of(otto).post(f"/notifications/{row.pk}/reading/").status_code == 404
    client_of(otto).post("/notifications/reading/")
    assert "Ingrid" not in client_of(otto).get("/notifications/").content.decode()
    assert Notification.objects.unread().exists()
    client_of(rita).post(f"/notifications/{row.pk}/reading/")

    assert not Notification.objects.unread().exists()


def test_looking_marks_nothing_and_a_stranger_signs_in(news, client, client_of, rita):
    news()

    client_of(rita).get("/notifications/?tab=unread")

    assert Notification.objects.unread().exists()
    assert "/login/" in client.get("/notifications/").url
    assert client_of(rita).get("/notifications/reading/").status_code == 405


def test_the_page_costs_the_same_for_many_and_the_bell_counts(news, client_of, rita):
    client = client_of(rita)
    news()

    def cost(url):
        with CaptureQueriesContext(connection) as queries:
            page = client.get(url).content.decode()
        return len(queries), page

    few, _ = cost("/notifications/")
    counted, _ = cost("/counts/")
    news(29)
    many, page = cost("/notifications/")
    counted_many, counts = cost("/counts/")

    assert (many, counted_many) == (few, counted)
    assert 'rel="next"' in page
    assert 'id="nav-count-notifications" hx-swap-oob="true">30' in counts


def test_preferences_are_kept_for_the_kinds_of_ones_role(client_of, rita, mara):
    client = client_of(rita)
    sent = {f"{kind}-mail": "digest" for kind in OF_ROLE["rep"]}

    broken = client.post(PREFERENCES, sent | {"offered-mail": "hourly"})
    saved = client.post(PREFERENCES, sent | {"offered-in_app": "on"})

    assert (broken.status_code, saved.status_code) == (422, 302)
    rows = NotificationPreference.objects.filter(user=rita)
    assert {row.mail for row in rows} == {"digest"}
    assert [row.kind for row in rows if row.in_app] == ["offered"]
    assert "escalated" not in client_of(mara).get(PREFERENCES).content.decode()


def test_a_webhook_inside_the_house_is_refused_and_not_repeated(client_of, rita):
    page = client_of(rita).post("/notifications/slack/", {"url": "http://10.0.0.5/secret-path"})

    assert page.status_code == 422
    assert "must begin with https://" in page.content.decode()
    assert "secret-path" not in page.content.decode()
    assert not SlackHook.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (390, "dark")])
def test_the_pages_are_accessible_and_opening_reads(width, theme, news, page_as, axe, rita):
    news(2)
    page = page_as(rita, "/notifications/", width=width, theme=theme)
    axe(page)

    page.get_by_role("button", name="Mark as read").first.click()
    expect(page.locator("[data-unread]")).to_have_count(1)
    with page.expect_response("**/reading/"):
        page.locator("[data-unread] a").click()
    page.wait_for_url("**/inbox/**")
    page.goto(PREFERENCES)
    axe(page)

    assert not Notification.objects.unread().exists()
