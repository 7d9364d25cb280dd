"""Filters, board, next and previous, and news: all look at the same list."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from handoff.clock import database_now
from handoff.models import SlaClock
from handoff.services.answers import accept
from handoff.services.snoozing import snooze
from handoff.services.touches import log_touch
from tests.handoff.factories import clock, make_offer, open_around_the_clock, overdue

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def crowd(mara, rita):
    """One of each kind, in the order of the list."""
    open_around_the_clock()
    rows = {
        name: make_offer(rita, mara, name=f"{name} Person")
        for name in ("Late", "Soon", "Tried", "Met", "Away")
    }
    overdue(clock(rows["Late"], "accept"))
    for name in ("Tried", "Met"):
        accept(handoff=rows[name], actor=rita)
    log_touch(handoff=rows["Met"], actor=rita, kind="call")
    snooze(handoff=rows["Away"], actor=rita, until=database_now() + timedelta(minutes=5))
    return rows


def names(answer):
    return {g.key: [item.handoff.lead.first_name for item in g.items] for g in answer.context["groups"]}


def address(handoff, query=""):
    return reverse("handoff:inbox_detail", args=[handoff.pk]) + query


def test_list_and_board_show_the_same_leads_in_the_same_order(crowd, rita, client_of):
    rep = client_of(rita)

    listed, lanes = names(rep.get("/inbox/")), names(rep.get("/inbox/?as=board"))

    assert listed == {"due": ["Late"], "later": ["Soon"], "working": ["Tried", "Met"]}
    assert lanes == {**listed, "snoozed": ["Away"]}


def test_filters_hold_in_list_board_and_every_link(crowd, rita, client_of):
    rep = client_of(rita)

    listed, lanes = rep.get("/inbox/?q=met+person&band=a"), rep.get("/inbox/?as=board&q=met&score=60")

    assert names(listed) == {"working": ["Met"]}
    assert names(lanes)["working"] == ["Met"]
    assert "?q=met+person&amp;band=A" in listed.content.decode()
    assert "No lead matches" in rep.get("/inbox/?q=nobody").content.decode()


@pytest.mark.parametrize(
    "query", ["?rep=x&score=high&band=%00&show=all", "?after=!!", "?show=due&after=9.zzz", "?q=%00"]
)
def test_addresses_that_make_no_sense_show_the_list(query, crowd, rita, client_of):
    assert client_of(rita).get(f"/inbox/{query}").status_code == 200


def test_next_and_previous_walk_the_whole_list_and_stop_at_its_ends(crowd, rita, client_of):
    rep, walked = client_of(rita), []
    url = address(crowd["Late"])

    while url:
        answer = rep.get(url)
        walked.append(answer.context["lead"].first_name)
        url = answer.context["after_url"]

    assert walked == ["Late", "Soon", "Tried", "Met"]
    assert answer.context["before_url"] == address(crowd["Tried"])
    assert rep.get(address(crowd["Late"], "?q=t")).context["after_url"] == address(crowd["Tried"], "?q=t")


def test_the_leads_own_page_walks_on(crowd, rita, client_of):
    here = f"http://testserver/leads/{crowd['Soon'].lead_id}/?inbox={crowd['Soon'].pk}"
    panel = f"/leads/{crowd['Soon'].lead_id}/handoffs/"

    walk = client_of(rita).get(panel, headers=HTMX | {"HX-Current-URL": here}).content.decode()
    plain = client_of(rita).get(panel, headers=HTMX).content.decode()

    assert f"/leads/{crowd['Tried'].lead_id}/?inbox={crowd['Tried'].pk}" in walk
    assert f"/leads/{crowd['Late'].lead_id}/?inbox={crowd['Late'].pk}" in walk
    assert "Back to the inbox" not in plain


def test_a_decision_opens_the_next_lead_of_the_list(crowd, rita, client_of):
    answer = client_of(rita).post(f"/handoffs/{crowd['Soon'].pk}/acceptance/", headers=HTMX)

    assert answer.headers["HX-Push-Url"] == address(crowd["Tried"])


def test_news_counts_what_came_and_says_who_took_what(crowd, mara, rita, client_of):
    drawn = client_of(rita).get("/inbox/").context["inbox"].now
    make_offer(rita, mara, name="New Person")
    accept(handoff=crowd["Soon"], actor=rita)
    shown = ",".join(
        f"{crowd[name].pk}{state}"
        for name, state in (("Late", "d"), ("Soon", "l"), ("Tried", "w"), ("Met", "w"))
    )

    news = client_of(rita).get("/inbox/news/", {"since": drawn.isoformat(), "shown": shown}, headers=HTMX)

    words = news.content.decode()
    assert "1 new" in words
    assert "Accepted by Rita Rep" in words
    assert f'id="row-{crowd["Soon"].pk}"' in words
    assert "Met Person" not in words


def test_news_of_strangers_stay_strangers(crowd, mara, otto, client_of):
    shown = ",".join(f"{row.pk}w" for row in crowd.values())

    news = client_of(otto).get(
        "/inbox/news/", {"since": "2020-01-01T00:00:00Z", "shown": shown}, headers=HTMX
    )

    assert news.content.decode().strip() == ""
    assert client_of(mara).get("/inbox/news/").status_code == 403


def test_a_promise_that_broke_is_shown_where_it_stands(crowd, rita, client_of):
    drawn = database_now()
    SlaClock.objects.filter(handoff=crowd["Late"]).update(breached_at=drawn + timedelta(seconds=1))

    news = client_of(rita).get("/inbox/news/", {"since": drawn.isoformat(), "shown": f"{crowd['Late'].pk}d"})

    assert "overdue" in news.content.decode()


@pytest.mark.parametrize(
    "path",
    ["/inbox/?as=board", "/inbox/news/?since=2020-01-01T00:00:00Z&shown=1d,2l,3w&ends=later.0.x&open=1"],
)
def test_many_leads_cost_as_many_queries_as_few(path, crowd, mara, rita, client_of):
    rep = client_of(rita)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            rep.get(path)
        return len(captured)

    queries()
    few = queries()
    for number in range(12):
        row = make_offer(rita, mara)
        if number % 2:
            accept(handoff=row, actor=rita)

    assert queries() <= few <= 16
