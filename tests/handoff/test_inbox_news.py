"""What an open inbox is told: rows that left, came back or changed, what belongs in it unseen, and the open lead."""

from datetime import timedelta
from urllib.parse import parse_qsl

import pytest

from handoff.clock import database_now
from handoff.models import Handoff
from handoff.services import sweeps
from handoff.services.answers import accept, undo
from handoff.services.pauses import pause, resume
from handoff.services.reassignments import reassign
from handoff.services.snoozing import snooze, wake
from handoff.services.touches import log_touch
from handoff.standing import outcome_words
from scoring.models import QualificationCycle
from tests.handoff.factories import make_offer, open_around_the_clock

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def offers(mara, rita):
    open_around_the_clock()
    return [make_offer(rita, mara, name=f"{name} Person") for name in ("Anna", "Berit", "Carla")]


class Page:
    """An open inbox: what it drew, and what it hears."""

    def __init__(self, client, handoff=None, query=""):
        self.client, self.query = client, dict(parse_qsl(query[1:]))
        page = client.get(f"/inbox/{handoff.pk}/" if handoff else f"/inbox/{query}")
        self.since = page.context["inbox"].now
        self.rows = {i.handoff.pk: i.state[0] for g in page.context["groups"] for i in g.items}
        self.ends = {g.key: g.next for g in page.context["groups"] if g.next}
        self.open = {"open": handoff.pk, "stamp": page.context["stamp"]} if handoff else {}

    def hears(self):
        said = {
            "since": self.since.isoformat(),
            "shown": ",".join(f"{pk}{letter}" for pk, letter in self.rows.items()),
            "ends": ",".join(f"{key}.{cursor}" for key, cursor in self.ends.items()),
        }
        answer = self.client.get("/inbox/news/", said | self.open | self.query, headers=HTMX)
        for item, gone in answer.context["rows"]:
            letter = self.rows[item.handoff.pk]
            self.rows[item.handoff.pk] = letter.upper() if gone else letter.lower()
        return answer.context


def words_of(news):
    return {item.handoff.pk: gone for item, gone in news["rows"]}


def test_an_answer_that_is_undone_brings_its_row_back_to_life(offers, rita, max, client_of):
    page = Page(client_of(rita))
    accept(handoff=offers[1], actor=max)
    assert words_of(page.hears())[offers[1].pk].startswith("Accepted by Max Manager, ")

    undo(handoff=offers[1], actor=max)
    news = page.hears()

    assert words_of(news) == {offers[1].pk: ""}
    assert news["rows"][0][0].sla is not None
    assert words_of(page.hears()) == {}


def test_a_snooze_that_ends_elsewhere_brings_its_row_back_to_life(offers, rita, client_of):
    accept(handoff=offers[0], actor=rita)
    page = Page(client_of(rita))
    snooze(handoff=offers[0], actor=rita, until=database_now() + timedelta(minutes=5))
    assert words_of(page.hears()) == {offers[0].pk: "Snoozed"}

    wake(handoff=offers[0], actor=rita)

    assert words_of(page.hears()) == {offers[0].pk: ""}


def test_what_is_undone_or_woken_counts_as_new_where_the_list_lacks_it(offers, rita, client_of):
    accept(handoff=offers[0], actor=rita)
    snooze(handoff=offers[1], actor=rita, until=database_now() + timedelta(minutes=5))
    page = Page(client_of(rita), query="?show=later")
    assert page.hears()["fresh"] == ""

    undo(handoff=offers[0], actor=rita)
    wake(handoff=offers[1], actor=rita)

    assert page.hears()["fresh"] == "2"


def test_rows_below_the_shown_ones_are_not_new(offers, rita, client_of, monkeypatch):
    monkeypatch.setattr("handoff.inbox.shown.__kwdefaults__", {"after": "", "size": 2})
    Handoff.objects.update(offered_at=database_now() - timedelta(hours=1))

    page = Page(client_of(rita))

    assert len(page.rows) == 2
    assert page.hears()["fresh"] == ""


def test_snoozed_rows_are_at_home_among_the_snoozed(offers, rita, client_of):
    snooze(handoff=offers[1], actor=rita, until=database_now() + timedelta(minutes=5))
    page = Page(client_of(rita), query="?show=snoozed")
    assert words_of(page.hears()) == {}

    wake(handoff=offers[1], actor=rita)

    assert words_of(page.hears()) == {offers[1].pk: "Back in the list"}


def test_a_lead_passed_on_or_closed_says_so(offers, rita, otto, max, client_of):
    accept(handoff=offers[0], actor=rita)
    accept(handoff=offers[1], actor=rita)
    page = Page(client_of(rita))

    reassign(handoff=Handoff.objects.get(pk=offers[0].pk), rep=otto, actor=max)
    QualificationCycle.objects.filter(pk=offers[1].cycle_id).update(
        closed_at=database_now(), outcome="disqualified", closed_by=max
    )

    found = words_of(page.hears())
    assert found[offers[0].pk].startswith("Passed to Otto Other by Max Manager, ")
    assert found[offers[1].pk].startswith("Disqualified by Max Manager, ")


def test_clocks_that_moved_are_drawn_again(offers, rita, client_of):
    for row in offers:
        accept(handoff=row, actor=rita)
    page = Page(client_of(rita))

    log_touch(handoff=offers[0], actor=rita, kind="call")
    pause(handoff=offers[1], actor=rita, reason="waiting")
    first = words_of(page.hears())
    resume(handoff=offers[1], actor=rita)

    assert first == {offers[0].pk: "", offers[1].pk: ""}
    assert {item.handoff.pk: item.sla.state for item, _ in page.hears()["rows"]}[offers[1].pk] == "ok"


def test_the_open_lead_is_out_of_date_after_any_of_this_and_only_then(offers, rita, max, client_of):
    page = Page(client_of(rita), offers[1])
    assert page.hears()["stale_url"] == ""

    accept(handoff=offers[1], actor=max)

    assert page.hears()["stale_url"] == f"/inbox/{offers[1].pk}/"
    renewed = client_of(rita).get(f"/inbox/{offers[1].pk}/", headers=HTMX).content.decode()
    assert "Accepted by Max Manager, " in renewed
    assert f"/handoffs/{offers[1].pk}/acceptance/" not in renewed


def test_silence_has_a_name_too(offers):
    row = offers[0]
    row.accepted_at, row.silence = row.offered_at, "accepted"

    assert outcome_words(row, database_now()).startswith("Accepted by the silence rule, ")


def test_everybody_concerned_is_told(offers, rita, otto, mara, max, monkeypatch):
    heard = []
    monkeypatch.setattr("handoff.services.news.announce", lambda **said: heard.append(said))
    accept(handoff=offers[0], actor=rita)
    heard.clear()

    pause(handoff=offers[0], actor=rita, reason="waiting")
    reassign(handoff=Handoff.objects.get(pk=offers[0].pk), rep=otto, actor=max)
    QualificationCycle.objects.filter(pk=offers[1].cycle_id).update(
        closed_at=database_now(), outcome="disqualified"
    )
    sweeps.withdraw_from_closed_cycles()

    assert [said["kind"] for said in heard] == ["paused", "passed_on", "offered", "closed"]
    assert all(rita.pk in said["users"] for said in heard if said["kind"] != "offered")
    assert mara.pk in heard[-1]["users"]
