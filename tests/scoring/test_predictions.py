"""Learning from outcomes, and telling of every lead what was learnt."""

import csv
import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from leads.models import Identity, Lead, LeadOutcome
from leads.services.activities import NewActivity, record_activities
from leads.services.people import update_fields, upsert_lead
from scoring import deeds, facts, outcomes, snapshots
from scoring.models import Prediction, PredictionModel, PredictionTraining, QualificationCycle
from scoring.prediction.card import TooLittle
from scoring.services import predictions
from scoring.services.predictions import AlreadyAsked
from scoring.tasks import keep_predictions, train_prediction

pytestmark = pytest.mark.django_db
SIGNED = {"title": "CEO", "custom.contract": "signed"}
MONDAY = datetime(2026, 11, 16, 9, tzinfo=UTC)


def people(rows: int) -> list[Lead]:
    """Every other one came by a webinar; entered through the history, as all leads are."""
    leads = Lead.objects.bulk_create(
        Lead(email=f"p{i}@firm{i}.example", source="webinar" if i % 2 else "fair", created_at=MONDAY)
        for i in range(rows)
    )
    Identity.objects.bulk_create(
        Identity(lead=lead, kind=Identity.Kind.EXTERNAL, value=f"x-{i}") for i, lead in enumerate(leads)
    )
    return leads


@pytest.fixture
def crowd(db: None) -> list[Lead]:
    """260 leads: of the first 240 the outcome is known, and who came by a webinar mostly bought."""
    leads = people(260)
    LeadOutcome.objects.bulk_create(
        LeadOutcome(lead=lead, result="won" if (i % 2) ^ (i % 9 == 0) else "lost", source="test")
        for i, lead in enumerate(leads[:240])
    )
    return leads


def run(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out, stderr=StringIO())
    return out.getvalue()


def said_of(lead: Lead) -> Prediction:
    return Prediction.objects.get(lead=lead)


def test_it_learns_from_known_outcomes_and_tells_of_everybody(crowd):
    report = json.loads(run("train_prediction", "--json"))

    assert (report["rows"], report["positives"], report["predicted"]) == (240, 121, 260)
    assert report["auc"] > 0.8
    assert 0 <= report["ece"] < 0.2
    assert report["used"] == ["source"]
    asked_fair, asked_webinar = said_of(crowd[258]), said_of(crowd[259])
    assert asked_fair.probability < 0.3 < 0.7 < asked_webinar.probability
    [reason] = asked_webinar.model.reasons(asked_webinar.reasons)
    assert (reason.label, reason.words) == ("Source", "webinar")
    assert reason.weight > 0


def test_too_little_is_refused_in_words_and_noted(db):
    people(3)
    out = StringIO()

    with pytest.raises(CommandError, match="Too little to learn from"):
        call_command("train_prediction", "--json", stdout=out)

    assert json.loads(out.getvalue())["refused"].startswith("Too little to learn from: 0 leads")
    assert PredictionTraining.objects.get().refusal
    assert not Prediction.objects.exists()


def test_the_export_tells_of_every_external_id_also_of_those_who_came_later(crowd, tmp_path):
    run("train_prediction")
    late, _ = upsert_lead(values={"source": "webinar"}, source="api", email="late@firm.example")
    Identity.objects.create(lead=late, kind="external", value="late, one")

    run("export_predictions", str(tmp_path / "out.csv"))

    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    assert {row["external_id"] for row in rows} == {f"x-{i}" for i in range(260)} | {"late, one"}
    assert all(0 <= float(row["probability"]) <= 1 for row in rows)


def test_nothing_is_exported_before_something_was_learnt(db, tmp_path):
    with pytest.raises(CommandError, match="Run train_prediction first"):
        run("export_predictions", str(tmp_path / "out.csv"))

    assert not (tmp_path / "out.csv").exists()


def test_telling_again_writes_nothing_when_nothing_changed(crowd):
    model = predictions.train()
    predictions.refresh(model)
    with connection.cursor() as cursor:
        cursor.execute("SELECT sum(xmin::text::bigint), count(*) FROM scoring_prediction")
        before = cursor.fetchone()

        predictions.refresh(model)

        cursor.execute("SELECT sum(xmin::text::bigint), count(*) FROM scoring_prediction")
        assert cursor.fetchone() == before


def test_what_was_learnt_never_changes(crowd):
    model = predictions.train()

    for change in (lambda m: m.update(rows=1), lambda m: m.delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            change(PredictionModel.objects.filter(pk=model.pk))


def test_a_lead_that_qualified_is_looked_at_as_it_was_then(published):
    lead, _ = upsert_lead(values={"title": "Analyst"}, source="import", email="a@firm.example", at=MONDAY)
    opened = MONDAY + timedelta(days=2)
    update_fields(
        lead=lead,
        values={"title": "CEO", "custom.contract": "signed"},
        source="import",
        at=MONDAY + timedelta(days=5),
    )
    QualificationCycle.objects.create(
        lead=lead, n=1, version=published, cause="threshold", reason="x", total=70, band="A1",
        opened_at=opened, closed_at=timezone.now(), outcome="customer",
    )  # fmt: skip

    known = outcomes.known()

    assert known.ids.tolist() == [lead.pk]
    assert known.won.tolist() == [1]
    assert known.mostly_dated
    learnt = snapshots.of_outcomes(known)
    assert learnt.table.columns["title"].names == ("analyst",)
    assert learnt.later["custom.contract"] == (1, 1)
    assert learnt.later["title"] == (0, 1)


def test_a_lead_that_sales_has_is_told_of_as_it_was_when_it_qualified():
    lead, _ = upsert_lead(values={"title": "Analyst"}, source="import", email="a@firm.example", at=MONDAY)
    other, _ = upsert_lead(values={"title": "Planner"}, source="import", email="b@firm.example", at=MONDAY)
    update_fields(lead=lead, values={"title": "CEO"}, source="import", at=MONDAY + timedelta(days=5))

    table = snapshots.of_leads(
        np.array([lead.pk, other.pk]), {lead.pk: MONDAY + timedelta(days=1)}, timezone.now(), ["title"]
    )

    assert table.columns["title"].names == ("analyst", "planner")


def test_only_what_happened_up_to_the_instant_counts(crowd):
    lead, other = crowd[:2]
    moments = [MONDAY - timedelta(days=40), MONDAY - timedelta(days=1), MONDAY, MONDAY + timedelta(seconds=1)]
    record_activities(
        NewActivity(lead_id=lead.pk, kind="page_view", occurred_at=at, props={"path": "/pricing"})
        for at in moments
    )
    record_activities([NewActivity(lead_id=lead.pk, kind="call", occurred_at=MONDAY, props={})])
    table, shapes = deeds.read(np.array([lead.pk, other.pk]))
    keys = deeds.worth_counting(table, shapes, lately=True)

    found = deeds.columns(table, shapes, np.full(2, facts.microseconds(MONDAY)), keys)

    counts: dict[str, Any] = {key: column.values.tolist() for key, column in found.items()}
    assert counts["did:page_view"] == counts["did:page_view|path=/pricing"] == [3, 0]
    assert counts["did30:page_view"] == [2, 0]
    assert counts["quiet"][0] == 0
    assert np.isnan(counts["quiet"][1])
    assert "did:call" not in counts, "what sales did is no reason"


def test_a_column_that_a_colleague_leaves_out_is_not_learnt(crowd, mara):
    Lead.objects.filter(pk__in=[lead.pk for lead in crowd[::3]]).update(country="Norway")
    predictions.leave_out(key="source", actor=mara)

    model = predictions.train(actor=mara)

    assert [feature["binning"]["key"] for feature in model.scorecard["features"]] == ["country"]
    assert {"key": "source", "label": "Source", "reason": "Left out by a colleague."} in model.metrics[
        "left_out"
    ]


def test_when_nothing_usable_is_left_it_says_so(crowd, mara):
    predictions.leave_out(key="source", actor=mara)

    with pytest.raises(TooLittle, match="none of the"):
        predictions.train(actor=mara)


def test_of_two_who_ask_one_waits(crowd, mara):
    predictions.ask(actor=mara)

    with pytest.raises(AlreadyAsked, match="going on already"):
        predictions.ask(actor=mara)


def test_a_request_is_worked_off_once(crowd, mara):
    training = predictions.ask(actor=mara)

    train_prediction(training.pk)
    train_prediction(training.pk)

    training.refresh_from_db()
    assert training.finished_at
    assert training.model.trained_by == mara
    assert PredictionModel.objects.count() == 1
    assert Prediction.objects.count() == 260


def test_the_schedule_finds_a_request_whose_bell_was_lost(crowd, mara):
    predictions.ask(actor=mara)

    keep_predictions()
    keep_predictions()

    assert PredictionModel.objects.count() == 1
    assert predictions.training_due() is None
    assert predictions.refresh_due() is None


def test_predictions_are_told_anew_before_they_are_a_day_old(crowd):
    model = predictions.train()
    run_ = predictions.refresh(model)
    assert predictions.refresh_due() is None

    model.runs.filter(pk=run_.pk).update(finished_at=timezone.now() - timedelta(hours=21))

    assert predictions.refresh_due() == model


def test_the_schedule_does_not_ask_where_there_is_nothing_to_learn_from(db):
    keep_predictions()

    assert not PredictionTraining.objects.exists()


def test_too_little_leaves_earlier_predictions_alone(crowd):
    run("train_prediction")
    LeadOutcome.objects.filter(lead__gte=crowd[100].pk).delete()

    with pytest.raises(TooLittle):
        predictions.train_here()

    assert Prediction.objects.count() == 260
