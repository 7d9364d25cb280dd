"""The definition in plain words, who answers for it, and its regular review."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from handoff.models import Notification
from handoff.services.notifications import tell_missed, tell_review
from scoring.models import DefinitionReview, ModelVersion, ReviewPolicy, ReviewReminder
from scoring.reviews import standing
from scoring.services.reviews import CannotReview, record_review, remind_owner
from scoring.services.versions import create_draft, publish

PAGE, REVIEW = reverse("scoring:definition"), reverse("scoring:review")


@pytest.fixture
def owned(published, mara):
    """Mara answers for a definition that is 96 days old and was never looked at again."""
    ReviewPolicy.objects.create(pk=1, owner=mara)
    ModelVersion.objects.update(published_at=timezone.now() - timedelta(days=96))
    return ModelVersion.objects.get()


def test_the_page_says_it_in_a_sentence_with_its_age_and_next_review(owned, rita, client_of):
    page = client_of(rita).get(PAGE)

    assertContains(page, "in force for <b>96 days</b>")
    assertContains(page, "or <mark>at once</mark> when a lead asks for a demo within 30 days")
    assertContains(page, "Due for review since")
    assertContains(page, "Mara Marketer answers for this definition")
    assertNotContains(page, "Note the review")


def test_the_owner_notes_a_review_and_the_next_counts_from_today(owned, mara, client_of):
    answer = client_of(mara).post(REVIEW, {"number": owned.number, "note": "Still right."}, follow=True)

    assertContains(answer, "Still right.")
    review = DefinitionReview.objects.get()
    assert (review.by, review.version) == (mara, owned)
    assert standing().due_on == review.day + timedelta(days=90)


def test_a_review_without_a_word_is_refused_in_words(owned, mara, client_of):
    answer = client_of(mara).post(REVIEW, {"number": owned.number, "note": " "})

    assert answer.status_code == 422
    assertContains(answer, "Say in a sentence", status_code=422)
    assert not DefinitionReview.objects.exists()


def test_who_does_not_answer_for_it_may_not_note_a_review(owned, max, ada, client_of):
    refused = client_of(max).post(REVIEW, {"number": owned.number, "note": "Fine."})

    assert refused.status_code == 403
    with pytest.raises(PermissionDenied):
        record_review(number=owned.number, note="Fine.", actor=max)
    record_review(number=owned.number, note="Fine.", actor=ada)
    assert DefinitionReview.objects.get().by == ada


def test_a_version_that_is_no_longer_in_force_cannot_be_reviewed(owned, mara, client_of):
    publish(version=create_draft())

    answer = client_of(mara).post(REVIEW, {"number": owned.number, "note": "Kept as typed"})

    assert answer.status_code == 409
    assertContains(answer, "Another version is in force now", status_code=409)
    assertContains(answer, "Kept as typed", status_code=409)
    assert not DefinitionReview.objects.exists()


def test_pressed_twice_it_is_noted_once(owned, mara):
    record_review(number=owned.number, note="Once.", actor=mara)

    with pytest.raises(CannotReview, match="today already"):
        record_review(number=owned.number, note="Twice.", actor=mara)

    assert DefinitionReview.objects.get().note == "Once."


def test_the_owner_is_reminded_once_for_a_day_that_is_due(owned, mara):
    assert remind_owner()
    assert not remind_owner()

    reminder = ReviewReminder.objects.get()
    tell_review(reminder.pk)
    tell_review(reminder.pk)

    note = Notification.objects.get(user=mara)
    assert note.link == PAGE
    assert "due for review" in note.text
    assert note.deliveries.filter(channel="mail").count() == 1


def test_a_reminder_that_no_bell_told_is_told_by_the_sweep(owned, mara):
    remind_owner()

    tell_missed()

    assert Notification.objects.filter(user=mara, kind="review").count() == 1


@pytest.mark.parametrize("changes", [{"owner": None}, {"every_days": 97}])
def test_nobody_is_reminded_without_an_owner_or_before_the_day(owned, changes):
    ReviewPolicy.objects.update(**changes)

    assert not remind_owner()


def test_an_owner_who_left_answers_for_nothing(owned, mara):
    type(mara).objects.filter(pk=mara.pk).update(is_active=False)

    assert standing().owner is None
    assert not remind_owner()


def test_the_admin_says_that_a_review_is_due_and_where_to_choose(owned, ada, client_of):
    client = client_of(ada)

    page = client.get(reverse("admin:scoring_modelversion_changelist"))
    chosen = client.post(
        reverse("admin:scoring_reviewpolicy_change", args=[1]), {"owner": ada.pk, "every_days": 3}
    )

    assertContains(page, "was due for review on")
    assertContains(chosen, "greater than or equal to 7")
    assert ReviewPolicy.objects.get().every_days == 90


@pytest.mark.django_db(transaction=True)
def test_the_definition_is_readable_by_machine_and_small_screen_and_reviewed(owned, mara, page_as, axe):
    page = page_as(mara, PAGE, width=390, theme="dark")

    axe(page)
    page.get_by_label("What was looked at").fill("Went through it with sales.")
    page.get_by_role("button", name="Note the review").click()

    page.get_by_text("The review is noted").wait_for()
    page.get_by_role("cell", name="Went through it with sales.").wait_for()
    axe(page)
