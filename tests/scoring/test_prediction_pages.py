"""The model card, what people may ask of it, and the advice beside a lead's score."""

from typing import Any

import pytest
from django.db.models.functions import Now
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from leads.models import CustomField, Lead, LeadOutcome
from scoring.models import PredictionModel, PredictionTraining, UnlearntField
from scoring.services import predictions

ADDRESS = "/scoring/prediction/"
LEARNT = ("rows", "positives", "scorecard", "metrics")
learnt_once: dict[str, Any] = {}


def outcomes(rows: int = 240, **fields: str) -> list[Lead]:
    """Who came by a webinar mostly bought; what sales noted says who."""
    CustomField.objects.create(key="verdict", label="Verdict", type="text")
    won = [bool((i % 2) ^ (i % 9 == 0)) for i in range(rows)]
    leads = Lead.objects.bulk_create(
        Lead(
            email=f"p{i}@firm{i}.example",
            source="webinar" if i % 2 else "fair",
            custom={"verdict": "keen" if won[i] else "cold"},
            created_at="2026-11-01T09:00Z",
            **fields,
        )
        for i in range(rows)
    )
    LeadOutcome.objects.bulk_create(
        LeadOutcome(lead=lead, result="won" if won[i] else "lost", source="test")
        for i, lead in enumerate(leads)
    )
    return leads


@pytest.fixture
def learnt(db: None) -> list[Lead]:
    """One training serves all tests of this file; the figures of the page do not depend on ids."""
    leads = outcomes()
    if not learnt_once:
        learnt_once.update(
            PredictionModel.objects.filter(pk=predictions.train_here().pk).values(*LEARNT).get()
        )
    else:
        PredictionTraining.objects.create(
            finished_at=Now(), model=PredictionModel.objects.create(**learnt_once)
        )
    predictions.refresh(PredictionModel.objects.get())
    return leads


def test_before_anything_is_learnt_the_page_says_what_is_missing(db, mara, client_of):
    page = client_of(mara).get(ADDRESS)

    assertContains(page, "Nothing is learnt yet")
    assertContains(page, "At least 200 are needed, 40 of them won and 40 not")


def test_the_card_says_how_good_it_is_and_warns_of_leaks(
    learnt, mara, client_of, django_assert_max_num_queries
):
    client = client_of(mara)

    with django_assert_max_num_queries(16):
        page = client.get(ADDRESS)

    for words in ("AUC", "Brier score", "Log-loss", "Calibration error", "Lift by tenth", "Learning curve"):
        assertContains(page, words)
    assertContains(page, "picked by hash")
    assertContains(page, "Columns that may know the outcome")
    assertContains(page, "Verdict alone separates won from not won")


def test_a_marketer_leaves_a_column_out_and_takes_it_back(learnt, mara, client_of):
    client = client_of(mara)

    left = client.post(f"{ADDRESS}exclusions/", {"key": "custom.verdict"}, follow=True)
    assertContains(left, "left out next time")
    assert UnlearntField.objects.get().by == mara

    client.post(f"{ADDRESS}inclusions/", {"key": "custom.verdict"})
    assert not UnlearntField.objects.exists()


def test_only_columns_that_are_used_can_be_left_out(learnt, mara, client_of):
    assert client_of(mara).post(f"{ADDRESS}exclusions/", {"key": "nonsense"}).status_code == 404
    assert not UnlearntField.objects.exists()


def test_reps_read_the_card_and_change_nothing(learnt, rita, client_of):
    client = client_of(rita)

    assertNotContains(client.get(ADDRESS), "Leave out")
    for name, data in (
        ("trainings", {}),
        ("exclusions", {"key": "source"}),
        ("inclusions", {"key": "source"}),
    ):
        assert client.post(f"{ADDRESS}{name}/", data).status_code == 403
    assert not UnlearntField.objects.exists()
    assert PredictionTraining.objects.count() == 1


def test_training_again_is_asked_for_once(learnt, max, client_of):
    client = client_of(max)

    assertContains(client.post(f"{ADDRESS}trainings/", follow=True), "Training is asked for")
    assertContains(client.post(f"{ADDRESS}trainings/", follow=True), "going on already")
    assert PredictionTraining.objects.filter(finished_at=None, asked_by=max).count() == 1


def test_a_refusal_stands_on_the_page(db, mara, client_of):
    with pytest.raises(predictions.TooLittle):
        predictions.train_here(actor=mara)

    assertContains(client_of(mara).get(ADDRESS), "Too little to learn from")


def test_the_panel_gives_advice_with_its_reasons(learnt, mara, client_of):
    open_one = learnt[1]

    page = client_of(mara).get(reverse("scoring:panel", args=[open_one.pk]))

    assertContains(page, "Predictive score, advice only")
    assertContains(page, "<b>Speaks for it:</b> Verdict: keen")


def test_the_panel_gives_none_for_a_lead_that_is_decided(learnt, mara, client_of):
    Lead.objects.filter(pk=learnt[1].pk).update(stage="customer")

    page = client_of(mara).get(reverse("scoring:panel", args=[learnt[1].pk]))

    assertNotContains(page, "advice only")


def test_the_card_reads_well_and_a_column_is_left_out_by_keyboard(learnt, mara, page_as, axe):
    axe(page_as(mara, ADDRESS))
    page = page_as(mara, ADDRESS, width=390, theme="dark", javascript=False)

    page.get_by_role("button", name="Leave Verdict out").first.press("Enter")

    page.get_by_text("left out next time").first.wait_for()
