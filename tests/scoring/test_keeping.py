"""Scores stay true: after activity, after time, after a publication, and under two scorers at once."""

import threading
from datetime import timedelta

import numpy as np
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads.models import Activity, Lead, Touch
from leads.services.identity import merge_leads
from leads.services.people import disqualify
from scoring import batch, engine, facts
from scoring.definition import model_of
from scoring.fit import fit_points
from scoring.models import ModelVersion, QualificationCycle, Score, ScoreChange
from scoring.services import keeping
from scoring.services.versions import create_draft, publish


def test_a_lead_who_did_something_gets_its_score(published, keen):
    keeping.score_touched(limit=100)

    score = Score.objects.get(lead=keen)
    assert (score.total, score.fit, score.engagement, score.qualified) == (50, 20, 30, True)
    assert not Touch.objects.exists()


def test_nothing_is_scored_before_a_version_is_published(keen):
    keeping.score_touched(limit=100)

    assert not Score.objects.exists()


def test_scoring_again_changes_nothing_and_writes_no_history(published, keen):
    keeping.score_leads([keen.pk])

    kept = keeping.score_leads([keen.pk])

    assert (kept.leads, kept.changed) == (1, 0)
    assert ScoreChange.objects.filter(lead=keen).count() == 1


def test_the_score_wakes_up_when_a_visit_leaves_the_window(published, keen):
    keeping.score_leads([keen.pk])

    oldest = timezone.now() - timedelta(days=3)
    wakes = Score.objects.get(lead=keen).next_change_at
    assert abs(wakes - (oldest + timedelta(days=7))) < timedelta(minutes=1)


def test_what_time_changed_is_found_by_the_sweep(published, keen):
    keeping.score_leads([keen.pk])
    Score.objects.filter(lead=keen).update(total=99, next_change_at=timezone.now() - timedelta(seconds=1))

    done = keeping.score_due(limit=10)

    assert done == 1
    assert Score.objects.get(lead=keen).total == 50


def test_a_new_version_scores_everybody_anew(published, keen, make_lead):
    make_lead()
    keeping.rescore_all()
    draft = create_draft()
    draft.rules.filter(key="director").update(points=25)
    publish(version=draft)

    kept = keeping.rescore_all(chunk=1)

    assert (kept.leads, kept.changed) == (2, 2)
    assert Score.objects.get(lead=keen).total == 55


def test_a_disqualified_lead_keeps_its_points_but_never_qualifies(published, keen, ada):
    disqualify(lead=keen, actor=ada, reason="Works for a competitor")

    keeping.score_leads([keen.pk])

    score = Score.objects.get(lead=keen)
    assert (score.total, score.qualified) == (50, False)
    assert not QualificationCycle.objects.exists()


def test_the_score_of_a_merged_lead_goes_and_the_winner_has_its_deeds(published, keen, make_lead):
    winner = make_lead()
    keeping.score_leads([keen.pk, winner.pk])

    merge_leads(winner=winner, loser=keen, cause="same person")
    keeping.score_touched(limit=100)
    keeping.score_leads([keen.pk, winner.pk])

    assert Score.objects.get(lead=winner).total == 50
    assert not Score.objects.filter(lead=keen).exists()


def test_leaving_takes_more_than_a_step_below_the_line(published, keen):
    keeping.score_leads([keen.pk])
    draft = create_draft()
    ModelVersion.objects.filter(pk=draft.pk).update(threshold=54)
    publish(version=draft)

    keeping.rescore_all()

    assert Score.objects.get(lead=keen).qualified


@pytest.mark.django_db(transaction=True)
def test_two_scorers_at_once_write_one_history_and_open_one_cycle(published, keen):
    def score() -> None:
        keeping.score_leads([keen.pk])
        connection.close()

    threads = [threading.Thread(target=score) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert ScoreChange.objects.filter(lead=keen).count() == 1
    assert QualificationCycle.objects.filter(lead=keen).count() == 1


def test_as_many_queries_for_fifty_leads_as_for_one(published, make_lead):
    one, many = [make_lead().pk], [make_lead().pk for _ in range(50)]
    keeping.score_leads(one + many)
    Lead.objects.filter(pk__in=one + many).update(title="Planner")
    with CaptureQueriesContext(connection) as few:
        keeping.score_leads(one)

    with CaptureQueriesContext(connection) as lots:
        keeping.score_leads(many)

    assert len(lots) == len(few)


def test_what_no_rule_counts_any_more_may_stay_out_of_a_full_rescore(published, keen, did, make_lead):
    for lead in [keen, *(make_lead() for _ in range(3))]:
        for days in (0, 1, 6.999, 7, 29.99, 30, 31, 45, 200):
            did(lead, "page_view", days_ago=days, path="/pricing")
            did(lead, "demo_request", days_ago=days)
            did(lead, "custom:blog_read", days_ago=days)
    model = model_of(published)
    ids = np.array(sorted(Lead.objects.values_list("pk", flat=True)))
    columns = engine.fields_of(ids.tolist(), model)
    compiled = engine.compiled_for(model)
    compiled.extend(facts.shapes_after(0))

    for days in (0, 1, 15, 30, 60, 150, 199, 400):
        as_of = facts.microseconds(timezone.now() - timedelta(days=days))
        lean = facts.of_leads(ids, idle=lambda end, now=as_of: compiled.idle_shapes(now - end))
        whole = facts.of_leads(ids)
        points = fit_points(model, columns, len(ids))
        few, all_ = (batch.score_many(compiled, read, points, as_of) for read in (lean, whole))

        assert len(lean.at) < len(whole.at)
        for name in ("total", "qualifies", "critical", "next_change_at"):
            np.testing.assert_array_equal(getattr(few, name), getattr(all_, name), name)


def test_what_a_deleted_activity_gave_is_gone_by_whatever_way_it_went(published, keen):
    keeping.score_touched(limit=10)
    before = Score.objects.get(lead=keen).total

    Activity.objects.filter(lead=keen).delete()
    keeping.score_touched(limit=10)

    assert Score.objects.get(lead=keen).total < before
    assert not Touch.objects.exists()
