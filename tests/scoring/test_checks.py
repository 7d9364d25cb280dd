"""Stored scores are looked over again: what is right is left alone, and what is wrong is told and put right."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from accounts.models import User
from handoff.models import Notification
from handoff.services import notifications
from leads.models import Lead, Touch
from scoring.lookback import scored_by
from scoring.models import ModelVersion, Score, ScoreCheck
from scoring.services import checks, keeping, publishing
from scoring.services.versions import create_draft, publish


@pytest.fixture
def scored(published, keen):
    """A lead whose score stands, and who has been here for a while."""
    Lead.objects.update(created_at=timezone.now() - timedelta(days=9))
    keeping.score_touched(limit=10)
    return keen


def spoil(lead, **columns):
    """As no service would: past the only writer there is."""
    Score.objects.filter(lead=lead).update(**columns)


def test_scores_that_are_right_are_left_alone(scored):
    shadow, lines = checks.check_shadow(share=1), checks.check_lines()

    assert (shadow.leads, shadow.by_oracle, shadow.differing) == (1, 1, 0)
    assert (lines.leads, lines.differing) == (1, 0)
    assert not Touch.objects.exists()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("total", 51),
        ("fit", 19),
        ("band", "D4"),
        ("qualified", False),
        ("fit_high", 40),
        ("disqualifying_rule", "by-hand"),
    ],
)
def test_a_wrong_score_is_named_and_scored_again(scored, column, value):
    right = Score.objects.values_list(column, flat=True).get(lead=scored)
    spoil(scored, **{column: value})

    check = checks.check_shadow(share=1)
    keeping.score_touched(limit=10)

    assert check.differing == 1
    found = {(each["lead"], each["stored"], each["expected"]) for each in check.details}
    assert (scored.pk, value, right) in found
    assert Score.objects.values_list(column, flat=True).get(lead=scored) == right


def test_lines_that_do_not_sum_to_what_is_stored_are_named(scored):
    spoil(scored, total=49, fit=19)

    check = checks.check_lines()

    told = {each["what"]: (each["stored"], each["expected"]) for each in check.details}
    assert told == {"lines of the total": (49, 50), "lines of the fit": (19, 20)}


def test_a_lead_that_nobody_ever_scored_is_found(scored):
    Score.objects.filter(lead=scored).delete()

    check = checks.check_shadow(share=1)
    keeping.score_touched(limit=10)

    assert [each["what"] for each in check.details] == ["score"]
    assert Score.objects.filter(lead=scored).exists()


def test_who_waits_for_a_scorer_may_be_behind(scored, did):
    did(scored, "page_view", path="/pricing")
    spoil(scored, total=1)

    assert checks.check_shadow(share=1).leads == 0


def test_a_score_that_a_new_version_has_not_reached_yet_is_held_to_its_own(scored):
    draft = create_draft()
    draft.rules.filter(key="director").update(points=25)
    publish(version=draft)
    Touch.objects.all().delete()

    assert checks.check_shadow(share=1).differing == 0


def test_each_hour_looks_at_other_leads(published, make_lead):
    for _ in range(40):
        make_lead(created_at=timezone.now() - timedelta(days=1))

    hours = [tuple(checks._sample(4, seed)) for seed in range(6)]

    assert len(set(hours)) == 6
    assert all(0 < len(sample) < 40 for sample in hours)


def test_whoever_keeps_the_machine_is_told_once(scored, ada):
    spoil(scored, total=51)
    check = checks.check_shadow(share=1)

    told = [notifications.tell_check(check.pk), notifications.tell_missed()]

    assert told == [User.objects.filter(role=User.Role.ADMIN).count(), 0]
    news = Notification.objects.get(user=ada)
    assert "1 of 1 scores" in news.text
    assert news.link == reverse("admin:scoring_scorecheck_change", args=[check.pk])


def test_the_front_page_of_the_administration_says_so(scored, ada, client_of):
    spoil(scored, total=51)
    check = checks.check_shadow(share=1)

    page = client_of(ada).get(reverse("admin:index")).content.decode()
    entry = client_of(ada).get(reverse("admin:scoring_scorecheck_change", args=[check.pk])).content.decode()

    assert "1 of 1 scores were wrong" in page
    assert f"Lead {scored.pk}" in entry


def test_evidence_stays_when_old_checks_go(scored):
    spoil(scored, total=51)
    evidence = checks.check_shadow(share=1)
    keeping.score_touched(limit=10)
    for _ in range(3):
        checks.check_shadow(share=1)

    checks.forget_old(keep=1)

    assert set(ScoreCheck.objects.values_list("differing", flat=True)) == {0, 1}
    assert ScoreCheck.objects.filter(pk=evidence.pk).exists()
    assert ScoreCheck.objects.count() == 2


@pytest.mark.parametrize("late", [None, timedelta(days=400)])
def test_a_clock_that_is_set_too_late_is_named_and_set_again(scored, late):
    right = Score.objects.get(lead=scored).next_change_at
    spoil(scored, next_change_at=late and timezone.now() + late)

    check = checks.check_shadow(share=1)
    keeping.score_touched(limit=10)

    assert [each["what"] for each in check.details] == ["next_change_at"]
    assert Score.objects.get(lead=scored).next_change_at == right


def test_an_earlier_clock_than_needed_harms_nobody(scored):
    spoil(scored, next_change_at=timezone.now() + timedelta(minutes=5))

    assert checks.check_shadow(share=1).differing == 0


def test_a_lead_in_the_margin_stands_as_its_history_says(published, make_lead, did):
    """Between line minus margin and line both may be right; which one is, only the past knows."""
    lead = make_lead()
    did(lead, "page_view", days_ago=1, path="/pricing")
    Lead.objects.update(created_at=timezone.now() - timedelta(days=9))
    keeping.score_touched(limit=10)
    score = Score.objects.get(lead=lead)
    assert not score.qualified
    spoil(lead, qualified=True)

    check = checks.check_shadow(share=1)
    keeping.score_touched(limit=10)

    assert {each["what"] for each in check.details} == {"qualified"}
    assert not Score.objects.get(lead=lead).qualified


def test_after_everybody_was_scored_anew_each_score_is_held_to_the_new_version(scored):
    """It came out the same, so it names the old one; yet its line and its road are of the new one."""
    draft = create_draft()
    ModelVersion.objects.filter(pk=draft.pk).update(threshold=45)
    publish(version=draft)
    before = scored_by(Lead.objects.get(pk=scored.pk))
    assert publishing.rescore(draft.pk)

    named = Score.objects.get(lead=scored).version
    told = scored_by(Lead.objects.get(pk=scored.pk))

    assert (before.number, named.number, told.number) == (1, 1, 2)
    assert checks.check_shadow(share=1).differing == 0


def test_what_differed_stays_on_the_front_page_after_a_clean_check(scored, ada, client_of):
    spoil(scored, total=51)
    checks.check_shadow(share=1)
    keeping.score_touched(limit=10)

    assert checks.check_shadow(share=1).differing == 0
    page = client_of(ada).get(reverse("admin:index"))

    assertContains(page, "1 of 1 scores were wrong")
    assertContains(page, "all as they must be")
