"""What marketing and the next rep learn from a no: the rules behind it, the counts, and what is new since."""

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from handoff.models import Handoff, ScoredBy
from handoff.services.answers import reject
from leads.services.activities import record_activity
from leads.services.people import update_fields
from scoring.services.versions import create_from, publish
from tests.handoff import factories
from tests.handoff.factories import make_cycle, make_offer, reason
from tests.handoff.test_services import settled
from tests.scoring.conftest import DIRECTOR, GROUPS, PRICING, SETTINGS

pytestmark = pytest.mark.django_db
REJECTED = "/queue/?tab=rejected"


@pytest.fixture
def published(monkeypatch):
    version = publish(version=create_from(groups=GROUPS, rules=[DIRECTOR, PRICING], note="", **SETTINGS))
    monkeypatch.setattr(factories, "make_version", lambda: version)
    return version


def rejected(rep, marketer, **fields):
    handoff = make_offer(rep, marketer, cycle=make_cycle(title="Director", **fields))
    return settled(reject(handoff=handoff, actor=rep, reason=reason(), note="Next year."))


def test_the_rules_that_had_scored_a_rejected_lead_are_kept_with_it(published, mara, rita, client_of):
    handoff = rejected(rita, mara, source="Webinar")

    page = client_of(mara).get(REJECTED).content.decode()

    line = ScoredBy.objects.get(handoff=handoff)
    assert (line.rule_key, line.points, line.version) == ("director", 20, published.number)
    assert "Director +20" in page


def test_counts_by_reason_rule_and_source_lead_to_their_leads(published, mara, rita, client_of):
    rejected(rita, mara, name="Ingrid Solheim", source="Webinar")
    rejected(rita, mara, name="Marcus Feld", source="Ads")
    ScoredBy.objects.filter(handoff__lead__first_name="Marcus").delete()

    page = client_of(mara).get(REJECTED).content.decode()
    by_source = client_of(mara).get(f"{REJECTED}&source=Ads").content.decode()
    by_rule = client_of(mara).get(f"{REJECTED}&rule=director").content.decode()

    assert "By reason" in page and "Webinar" in page  # noqa: PT018
    assert "tab=rejected&amp;rule=director" in page
    assert "Ingrid Solheim" not in by_source
    assert "Marcus Feld" not in by_rule


@pytest.mark.parametrize(
    "query", ["reason=x", "reason=99999999999999999999", "rule=%00", "reason=0&rule=gone"]
)
def test_odd_filters_show_a_list_and_no_failure(mara, client_of, query):
    assert client_of(mara).get(f"{REJECTED}&{query}").status_code == 200


def test_the_view_asks_as_often_for_one_rejection_as_for_many(published, mara, rita, client_of):
    client, asked = client_of(mara), []
    for more in (1, 6):
        for _ in range(more):
            rejected(rita, mara)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(REJECTED)
        asked.append(len(queries))

    assert asked[0] == asked[1]


def test_the_next_rep_sees_what_changed_since_the_no(published, mara, rita, otto, client_of):
    handoff = rejected(rita, mara)
    Handoff.objects.filter(pk=handoff.pk).update(rejected_at=F("rejected_at") - timedelta(days=1))
    lead = handoff.lead
    for minutes in (3, 2, 1):
        at = timezone.now() - timedelta(minutes=minutes)
        record_activity(lead=lead, kind="page_view", occurred_at=at, props={"path": "/pricing"})
    update_fields(lead=lead, values={"city": "Bergen"}, source="typed", actor=mara)
    again = make_offer(otto, mara, cycle=make_cycle(lead, n=2))

    inbox = client_of(otto).get(f"/inbox/{again.pk}/").content.decode()
    changes = client_of(otto).get(f"/leads/{lead.pk}/changes/").content.decode()

    assert f"/leads/{lead.pk}/changes/" in inbox
    assert "Rita Rep</b> said no" in changes
    assert "+30" in changes
    assert "Bergen" in changes
    assert "Viewed a page" in changes


def test_a_lead_that_was_never_here_says_so(published, mara, client_of):
    cycle = make_cycle()

    sheet = client_of(mara).get(f"/queue/{cycle.pk}/").content.decode()
    changes = client_of(mara).get(f"/leads/{cycle.lead_id}/changes/").content.decode()

    assert "/changes/" not in sheet
    assert "never sent this lead back" in changes
