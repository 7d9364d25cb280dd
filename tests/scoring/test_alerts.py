"""Alerts: once for one thing, soon, and only for what is news."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads.models import Lead
from leads.services.people import disqualify
from scoring.models import Alert, ModelVersion, Watch
from scoring.services import alerting, keeping
from scoring.services.versions import create_draft, publish
from tests.handoff.test_races import at_once

LONG_AGO = timezone.now() - timedelta(days=30)
PRICING = [{"field": "path", "op": "starts_with", "value": ["/pricing"]}]


@pytest.fixture
def watch(published):
    def make(**terms):
        terms = {"name": f"Watch {Watch.objects.count()}", "since": LONG_AGO, **terms}
        return Watch.objects.create(**terms)

    return make


@pytest.fixture
def hot(keen, did):
    """Keen, and on the site just now."""
    did(keen, "page_view", path="/pricing")
    return keen


def raised():
    return list(Alert.objects.order_by("pk").values_list("lead_id", "words"))


def score():
    keeping.score_touched(limit=1000)


def some_hours_later(hours):
    """Alerts cannot wait for the clock, so the rows go back."""
    Alert.objects.update(at=F("at") - timedelta(hours=hours))


def test_a_demo_request_is_told_once_however_often_the_lead_is_scored(watch, make_lead, did):
    watch(activity="demo_request")
    lead = make_lead()
    did(lead, "demo_request")

    score()
    did(lead, "page_view", path="/")
    score()
    keeping.score_leads([lead.pk], alert=True)

    assert raised() == [(lead.pk, "asked for a demo")]


def test_a_second_request_within_the_pause_is_not_told_and_one_after_it_is(watch, make_lead, did):
    watch(activity="demo_request", cool_down_hours=2)
    lead = make_lead()
    did(lead, "demo_request")
    score()

    did(lead, "demo_request", at=timezone.now())
    score()
    assert len(raised()) == 1
    some_hours_later(3)
    did(lead, "demo_request", at=timezone.now())
    score()

    assert len(raised()) == 2


def test_what_was_told_is_not_told_again_once_the_pause_is_over(watch, make_lead, did):
    watch(activity="demo_request", cool_down_hours=1)
    lead = make_lead()
    did(lead, "demo_request")
    score()

    some_hours_later(5)
    did(lead, "page_view", path="/")
    score()

    assert len(raised()) == 1


def test_three_visits_within_two_days_need_three_visits(watch, make_lead, did):
    watch(activity="page_view", conditions=PRICING, n=3, window_hours=48)
    lead, other = make_lead(), make_lead()
    for hours in (60, 3, 2):
        did(lead, "page_view", days_ago=hours / 24, path="/pricing/team")
        did(other, "page_view", days_ago=hours / 24, path="/pricing")
    score()
    assert raised() == []

    did(lead, "page_view", path="/pricing")
    score()

    assert [pk for pk, _ in raised()] == [lead.pk]
    assert "3 times within 2 days" in raised()[0][1]


def test_late_and_machine_made_activities_are_no_news(watch, make_lead, did):
    watch(activity="demo_request")
    watch(crossing="rises", on="crossing", points=20)
    did(make_lead(), "demo_request", days_ago=2)
    did(make_lead(), "email_sent")

    score()

    assert raised() == []


def test_what_happened_before_a_watch_was_changed_raises_nothing(watch, make_lead, did):
    row = watch(activity="demo_request", enabled=False)
    lead = make_lead()
    did(lead, "demo_request", days_ago=0.1)
    row.enabled = True
    alerting.save(watch=row)

    score()

    assert raised() == []


def test_limits_leave_out_whom_nobody_asked_about(watch, make_lead, did, rita):
    watch(activity="page_view", only_owned=True, least_score=20)
    watch(activity="page_view", only_qualified=True)
    owned, low, free = make_lead(owner=rita), make_lead(owner=rita, title="Student"), make_lead()
    for lead in (owned, low, free):
        did(lead, "page_view", path="/pricing")

    score()

    assert [pk for pk, _ in raised()] == [owned.pk]


def test_a_disqualified_lead_raises_nothing(watch, make_lead, did, mara):
    watch(activity="demo_request")
    lead = make_lead()
    disqualify(lead=lead, reason="Competitor", actor=mara)
    did(lead, "demo_request")

    score()

    assert raised() == []


def test_crossings_are_told_on_the_way_up_and_on_the_way_down(watch, hot):
    watch(on="crossing", crossing="rises", points=50)
    watch(on="crossing", crossing="qualifies")
    watch(on="crossing", crossing="band", band="B2")
    watch(on="crossing", crossing="falls", points=50)
    watch(on="crossing", crossing="leaves")

    score()
    score()
    up = [words for _, words in raised()]
    Lead.objects.filter(pk=hot.pk).update(title="Clerk")
    keeping.score_leads([hot.pk], alert=True)
    down = [words for _, words in raised()][len(up) :]

    assert up == ["rose to 50 points", "qualifies with 50 points", "reached band B2 with 50 points"]
    assert down == ["fell below 50, to 30 points", "no longer qualifies, with 30 points"]


def test_a_lead_who_goes_to_and_fro_is_told_of_once_in_the_pause(watch, hot):
    watch(on="crossing", crossing="rises", points=50)
    score()

    for title in ("Clerk", "Director", "Clerk", "Director"):
        Lead.objects.filter(pk=hot.pk).update(title=title)
        keeping.score_leads([hot.pk], alert=True)

    assert len(raised()) == 1


def test_a_publication_and_an_edit_of_fields_alone_tell_nobody(watch, published, make_lead, hot):
    watch(on="crossing", crossing="rises", points=20)
    quiet = make_lead()
    score()
    assert [pk for pk, _ in raised()] == [hot.pk]
    Alert.objects.all().delete()
    watch(on="crossing", crossing="rises", points=49)
    draft = create_draft()
    draft.rules.filter(effect="points").update(points=40)
    publish(version=draft)

    keeping.rescore_all()

    assert raised() == []
    assert ModelVersion.objects.published().number == 2
    assert quiet.pk


def test_a_watch_that_cannot_be_read_stops_no_score_and_no_other_watch(watch, hot, caplog):
    watch(activity="page_view", conditions=[{"wrong": 1}])
    watch(activity="page_view")

    score()

    assert len(raised()) == 1
    assert "cannot be read" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_raise_one(watch, make_lead, did):
    watch(activity="demo_request")
    leads = [make_lead() for _ in range(5)]
    for lead in leads:
        did(lead, "demo_request")
    ids = [lead.pk for lead in leads]

    at_once(*[lambda: keeping.score_leads(ids, alert=True)] * 4)

    assert sorted(pk for pk, _ in raised()) == ids


def test_watching_asks_as_little_for_many_leads_as_for_one(watch, make_lead, did):
    watch(activity="page_view", conditions=PRICING, n=3, window_hours=48)
    watch(on="crossing", crossing="rises", points=30)

    def questions(number):
        leads = [make_lead() for _ in range(number)]
        for lead in leads:
            for _ in range(3):
                did(lead, "page_view", path="/pricing")
        keeping.score_leads([lead.pk for lead in leads])  # cycles are opened one by one, and not counted here
        with CaptureQueriesContext(connection) as queries:
            keeping.score_leads([lead.pk for lead in leads], alert=True)
        assert Alert.objects.filter(lead__in=leads).count() == number
        return len(queries)

    questions(1)

    assert questions(30) == questions(2)
