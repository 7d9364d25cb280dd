"""Budget, authority, need, timing: what was said, what is still to ask, and what makes an SQL."""

from datetime import date, timedelta
from itertools import product

import pytest

from handoff.bant import LETTERS, gaps, missing
from handoff.models import Agreement, BantEvidence
from handoff.services.answers import accept
from handoff.services.qualification import promote_complete, record_evidence
from leads.models import Lead
from nurturing.segments import matches
from tests.handoff.factories import make_cycle, make_lead, make_offer
from tests.handoff.test_services import settled


def url(lead):
    return f"/leads/{lead.pk}/qualification/"


def typed(**fields):
    return {f"{letter}_standing": "unknown" for letter in LETTERS} | fields


def said(**letters):
    return {letter: {"standing": standing, "value": "As they say"} for letter, standing in letters.items()}


def test_a_no_is_an_answer_and_never_a_gap_whatever_the_rest_is():
    for values in product(["yes", "partly", "no", "unknown"], repeat=4):
        standing = dict(zip(LETTERS, values, strict=True))
        unknown = [letter for letter in LETTERS if standing[letter] == "unknown"]

        assert not [letter for letter in gaps(standing) if standing[letter] in ("yes", "no")]
        assert missing(standing, dict.fromkeys(LETTERS, "known")) == unknown
        assert missing(standing, {}) == []


@pytest.mark.django_db
def test_a_rep_writes_what_was_said_and_the_card_says_who_and_when(rita, mara, client_of):
    handoff = make_offer(rita, mara)
    form = typed(
        budget_standing="yes",
        budget_value="50,000 a year",
        budget_said_by="Ingrid",
        budget_said_on="2026-11-03",
        budget_source="call",
    )

    client_of(rita).post(f"{url(handoff.lead)}edit/", form)
    page = client_of(rita).get(f"/inbox/{handoff.pk}/").content.decode()

    assert BantEvidence.objects.get().recorded_by == rita
    assert "50,000 a year" in page
    assert "Ingrid, call, 3 Nov 2026" in page
    assert "When must it be live?" in page


@pytest.mark.django_db
def test_what_was_said_before_stays_as_history(rita, mara, client_of):
    lead = make_offer(rita, mara).lead
    record_evidence(lead=lead, said=said(budget="yes"), actor=rita)
    record_evidence(lead=lead, said=said(budget="no"), actor=mara)

    page = client_of(mara).get(url(lead)).content.decode()

    assert "1 earlier" in page
    assert "1 known" in page
    assert BantEvidence.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"need_standing": "yes"}, "Say what you know"),
        ({"need_standing": "maybe"}, "Select a valid choice"),
        ({"need_standing": "no", "need_said_on": "2999-01-01"}, "has not come yet"),
        ({"need_standing": "no", "need_value": "x" * 501}, "at most 500 characters"),
    ],
)
def test_hostile_evidence_is_refused_by_field_and_nothing_is_lost(rita, mara, client_of, fields, words):
    lead = make_offer(rita, mara).lead

    answer = client_of(rita).post(f"{url(lead)}edit/", typed(budget_value="Kept text", **fields))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "Kept text" in answer.content.decode()
    assert not BantEvidence.objects.exists()


@pytest.mark.django_db
def test_of_two_who_edit_at_once_the_second_is_shown_the_first_once(rita, mara, client_of):
    lead = make_offer(rita, mara).lead
    form = typed(timing_standing="yes", timing_value="January")
    record_evidence(lead=lead, said=said(timing="no"), actor=mara)

    refused = client_of(rita).post(f"{url(lead)}edit/", form)
    seen = BantEvidence.objects.get()
    saved = client_of(rita).post(f"{url(lead)}edit/", form | {"timing_seen": seen.pk})

    assert "Mara Marketer wrote “As they say” meanwhile" in refused.content.decode()
    assert f'value="{seen.pk}"' in refused.content.decode()
    assert saved.status_code == 302
    assert BantEvidence.objects.count() == 2


@pytest.mark.django_db
def test_a_stranger_meets_a_404_and_writes_nothing(rita, otto, mara, client_of):
    lead = make_offer(rita, mara).lead

    for path in (url(lead), f"{url(lead)}edit/", f"/leads/{lead.pk}/changes/"):
        assert client_of(otto).get(path).status_code == 404
    answer = client_of(otto).post(f"{url(lead)}edit/", typed(need_standing="no"))

    assert answer.status_code == 404
    assert not BantEvidence.objects.exists()


@pytest.mark.django_db
def test_accepted_is_an_sql_unless_the_organisation_asks_for_more(rita, mara):
    Agreement.objects.create(pk=1, budget="yes", timing="known")
    lead = settled(accept(handoff=make_offer(rita, mara), actor=rita)).lead

    lead.refresh_from_db()
    assert lead.stage == "mql"
    record_evidence(lead=lead, said=said(budget="partly", timing="no"), actor=rita)
    lead.refresh_from_db()
    assert lead.stage == "mql"
    record_evidence(lead=lead, said=said(budget="yes"), actor=rita)

    lead.refresh_from_db()
    assert lead.stage == "sql"


@pytest.mark.django_db
def test_when_the_organisation_asks_for_less_the_sweep_makes_sqls(rita, mara):
    Agreement.objects.create(pk=1, budget="yes")
    lead = settled(accept(handoff=make_offer(rita, mara), actor=rita)).lead
    Agreement.objects.update(budget="not")

    assert (promote_complete(), promote_complete()) == (1, 0)

    assert Lead.objects.get(pk=lead.pk).stage == "sql"


@pytest.mark.django_db
def test_gaps_choose_content_in_a_segment(rita, mara):
    lead, other = make_lead(), make_lead()
    record_evidence(lead=lead, said=said(budget="no", need="yes"), actor=mara)
    record_evidence(lead=other, said=said(timing="yes"), actor=mara)

    asks = [{"field": "custom.bant_gaps", "op": "contains_word", "value": ["timing"]}]

    assert matches(asks, list(Lead.objects.values_list("pk", flat=True))) == {lead.pk}


@pytest.mark.django_db
def test_evidence_cannot_come_from_tomorrow():
    from handoff.evidence_forms import EvidenceForm

    lead = make_cycle().lead
    form = EvidenceForm(typed(need_said_on=date.today() + timedelta(days=2)), lead=lead)

    assert "need_said_on" in form.errors
