"""The list of alerts, and the watches in the admin."""

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext
from playwright.sync_api import expect

from scoring.models import Alert, Watch
from scoring.services.alerting import watch_the_usual

pytestmark = pytest.mark.django_db
PAGE = "/scoring/alerts/"
ADD = "/admin/scoring/watch/add/"
DEMO = {
    "name": "Asks for a demo",
    "enabled": "on",
    "on": "action",
    "activity": "demo_request",
    "aggregate": "count",
    "n": "1",
    "cool_down_hours": "24",
    "conditions_field": "",
    "conditions_op": "",
    "conditions_value": "",
}


@pytest.fixture
def watch(db):
    return Watch.objects.create(name="Demo", activity="demo_request")


@pytest.fixture
def raised(watch):
    def make(lead, number=1):
        for _ in range(number):
            n = Alert.objects.count() + 1
            Alert.objects.create(
                watch=watch,
                lead=lead,
                key=str(n),
                words="asked for a demo",
                activity_id=n,
                total=71,
                band="A2",
                at=Now(),
            )

    return make


def test_reps_see_alerts_of_their_leads_and_marketing_sees_all(
    raised, make_lead, client_of, client, rita, mara
):
    raised(make_lead(owner=rita, first_name="Ingrid"))
    raised(make_lead(first_name="Marcus"))

    mine, all_ = client_of(rita).get(PAGE).content.decode(), client_of(mara).get(PAGE).content.decode()

    assert "Ingrid" in mine
    assert "Marcus" not in mine
    assert "Marcus" in all_
    assert "When a lead asks for a demo; at most once in 24 hours for one lead." in all_
    assert "/login/" in client.get(PAGE).url
    assert client_of(mara).post(PAGE).status_code == 405


def test_the_list_costs_the_same_for_many_and_goes_on(raised, make_lead, client_of, mara):
    client, lead = client_of(mara), make_lead()
    raised(lead)

    def cost():
        with CaptureQueriesContext(connection) as queries:
            page = client.get(PAGE)
        return len(queries), page

    few = cost()[0]
    raised(lead, 60)
    many, page = cost()

    assert many == few
    older = client.get(page.context["next_url"]).context["rows"]
    assert len(older) == 11


def test_one_watch_can_be_looked_at_and_an_unknown_one_is_not_found(
    raised, watch, make_lead, client_of, mara
):
    raised(make_lead())
    other = Watch.objects.create(name="Other", activity="purchase")

    page = client_of(mara).get(f"{PAGE}?watch={other.pk}")

    assert page.context["rows"] == []
    assert client_of(mara).get(f"{PAGE}?watch=x").status_code == 404
    assert len(client_of(mara).get(f"{PAGE}?watch={watch.pk}").context["rows"]) == 1


def test_an_admin_adds_a_watch_and_the_list_says_how_often_it_happened(raised, make_lead, client_of, ada):
    client = client_of(ada)

    assert client.post(ADD, DEMO).status_code == 302
    raised(make_lead(), 3)
    page = client.get("/admin/scoring/watch/").content.decode()

    assert Watch.objects.get(name="Asks for a demo").cool_down_hours == 24
    assert "When a lead asks for a demo" in page
    assert f'?watch={Watch.objects.get(name="Demo").pk}">3</a>' in page


def test_a_watch_that_can_never_be_right_is_refused_and_nothing_typed_is_lost(published, client_of, ada):
    never = {
        **DEMO,
        "conditions_field": ["path", "path"],
        "conditions_op": ["is", "is"],
        "conditions_value": ["/pricing", "/plans"],
    }
    high = {**DEMO, "on": "crossing", "crossing": "rises", "points": "101", "name": "High"}
    empty = {**high, "points": ""}

    pages = [client_of(ada).post(ADD, data).content.decode() for data in (never, high, empty)]

    assert "No path can meet all its conditions." in pages[0]
    assert "/plans" in pages[0]
    assert "No lead can rise to 101: the groups give at most 100." in pages[1]
    assert "Say how many points." in pages[2]
    assert not Watch.objects.exists()


def test_the_sentence_follows_what_is_typed(client_of, ada, mara):
    typed = {**DEMO, "n": "3", "window_hours": "48", "activity": "page_view"}

    live = client_of(ada).post("/admin/scoring/watch/sentence/", typed).content.decode()

    assert "When a lead views a page more than 2 times within 2 days" in live
    assert client_of(mara).post("/admin/scoring/watch/sentence/", typed).status_code != 200


def test_the_usual_watches_come_once_and_are_fine(published, client_of, ada):
    assert watch_the_usual() == 3
    assert watch_the_usual() == 0
    client = client_of(ada)

    for row in Watch.objects.all():
        page = client.get(f"/admin/scoring/watch/{row.pk}/change/").content.decode()
        assert "cannot be read" not in page


def test_in_a_browser_the_list_reads_well_and_leads_to_the_activity(
    page_as, axe, make_lead, did, raised, mara
):
    lead = make_lead(first_name="Ingrid", last_name="Solheim")
    did(lead, "demo_request")
    raised(lead)
    deed = lead.activities.get()
    Alert.objects.update(activity_id=deed.id)
    page = page_as(mara, PAGE, width=390)
    axe(page)

    page.get_by_role("link", name="Asked for a demo").click()

    expect(page.locator(f"#activity-{deed.id}")).to_contain_text("Asked for a demo")
    Alert.objects.all().delete()
    page.goto(PAGE)
    expect(page.get_by_role("heading", name="Nothing happened yet")).to_be_visible()
    axe(page)
