"""Scores over the REST API: lists, one lead, and an explanation that adds up."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leads.models import Lead
from scoring.models import Prediction, PredictionModel, Score
from scoring.services import keeping


@pytest.fixture
def api(api_with):
    return api_with("scores:read")


@pytest.fixture
def scored(published, keen):
    keeping.score_leads([keen.pk])
    return keen


def test_a_score_is_addressed_by_its_lead(scored, api):
    score = api.get(f"/api/scores/{scored.pk}/").json()

    assert (score["lead"], score["total"], score["qualified"]) == (scored.pk, 50, True)


def test_the_advice_of_the_prediction_stands_beside_the_score(scored, api):
    before = api.get(f"/api/scores/{scored.pk}/").json()["probability"]
    learnt = PredictionModel.objects.create(rows=400, positives=80, scorecard={}, metrics={})
    Prediction.objects.create(lead=scored, model=learnt, probability=0.25)

    assert before is None
    assert api.get("/api/scores/").json()["results"][0]["probability"] == 0.25


def test_the_explanation_adds_up_to_the_score(scored, api):
    found = api.get(f"/api/scores/{scored.pk}/explanation/").json()

    assert found["total"] == 50
    assert sum(line["points"] for line in found["lines"]) == 50
    assert found["version"] == 1


def test_the_score_of_another_day_can_be_asked_for(scored, api):
    before = (timezone.now() - timedelta(days=400)).isoformat()

    found = api.get(f"/api/scores/{scored.pk}/explanation/", {"as_of": before}).json()

    assert found["total"] < 50
    assert sum(line["points"] for line in found["lines"]) == found["total"]


def test_a_date_that_is_none_is_named(scored, api):
    response = api.get(f"/api/scores/{scored.pk}/explanation/?as_of=yesterday")

    assert response.status_code == 400
    assert "as_of" in response.json()["fields"]


@pytest.mark.parametrize("as_of", ["0001-01-01T00:00:00Z", "1969-12-31T23:59:59Z"])
def test_a_date_before_anything_can_be_known_is_refused_in_words(scored, api, as_of):
    response = api.get(f"/api/scores/{scored.pk}/explanation/", {"as_of": as_of})

    assert response.status_code == 400
    assert "before 1970" in str(response.json()["fields"]["as_of"])


def test_nothing_is_claimed_before_a_version_is_published(keen, api):
    response = api.get(f"/api/scores/{keen.pk}/explanation/")

    assert response.status_code == 409
    assert "published" in response.json()["error"]


def test_the_list_is_filtered_and_highest_first(scored, make_lead, api):
    plain = make_lead()
    keeping.score_leads([plain.pk])

    every = [row["lead"] for row in api.get("/api/scores/").json()["results"]]
    qualified = [row["lead"] for row in api.get("/api/scores/?qualified=true&at_least=50").json()["results"]]

    assert every == [scored.pk, plain.pk]
    assert qualified == [scored.pk]
    assert api.get("/api/scores/?at_least=x").status_code == 400
    assert api.get("/api/scores/?at_least=99999999999999999999").status_code == 400


def test_a_strangers_score_is_not_there(scored, rita, otto, api_with):
    Lead.objects.filter(pk=scored.pk).update(owner=rita)
    his = api_with("scores:read", actor=otto)

    assert his.get("/api/scores/").json()["results"] == []
    assert his.get(f"/api/scores/{scored.pk}/").status_code == 404
    assert his.get(f"/api/scores/{scored.pk}/explanation/").status_code == 404


def test_scores_need_their_own_scope_and_cannot_be_written(scored, api, api_with):
    assert api_with("leads:read").get("/api/scores/").status_code == 403
    assert api.post("/api/scores/", {}).status_code in {403, 405}
    assert Score.objects.get(lead=scored).total == 50


def test_a_list_costs_the_same_number_of_queries_for_1_and_50(
    published, make_lead, api, django_assert_num_queries
):
    keeping.score_leads([make_lead().pk])
    api.get("/api/scores/")  # notes that the token was used

    with django_assert_num_queries(3):
        assert len(api.get("/api/scores/").json()["results"]) == 1
    keeping.score_leads([make_lead().pk for _ in range(49)])
    with django_assert_num_queries(3):
        assert len(api.get("/api/scores/").json()["results"]) == 50
