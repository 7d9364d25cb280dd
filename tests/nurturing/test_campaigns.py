"""What may go live, and what never changes afterwards."""

import pytest
from django.db import InternalError, transaction
from django.db.utils import DatabaseError

from nurturing.models import Step, TrackedLink
from nurturing.services import advancing, campaigns, drafting
from tests.nurturing import factories

pytestmark = pytest.mark.django_db


def words(campaign: object) -> str:
    with pytest.raises(campaigns.CannotPublish) as refusal:
        campaigns.publish_version(campaign=campaign, actor=None)
    return str(refusal.value)


def test_publishing_freezes_the_steps_and_starts_the_campaign() -> None:
    campaign = factories.running()

    assert campaign.state == "active"
    assert campaign.versions.get().frozen_at is not None
    assert set(TrackedLink.objects.values_list("url", flat=True)) == {"https://quillstone.example/guide"}


def test_the_database_itself_refuses_to_change_a_frozen_step() -> None:
    campaign = factories.running()

    with pytest.raises((InternalError, DatabaseError)), transaction.atomic():
        Step.objects.filter(version__campaign=campaign).update(subject="Changed")


def test_a_campaign_without_mails_or_postal_address_is_refused() -> None:
    campaign = factories.draft()
    factories.organisation(postal_address=" ")

    refusal = words(campaign)

    assert "no e-mail" in refusal
    assert "postal address is missing" in refusal
    assert campaign.versions.get().frozen_at is None


@pytest.mark.parametrize(
    ("subject", "body", "reason"),
    [
        ("", "Hello", "no subject"),
        ("Hello", " ", "no text"),
        ("Hi {{ password }}", "Hello", "no merge field password"),
        ("Hi", "{{ first_name.__class__ }}", "no merge field first_name.__class__"),
        ("Hi", "{% if x %}a{% endif %}", "not understood"),
        ("Hi", "{{ first_name", "not closed"),
        ("Hi", "[a](javascript:alert(1))", "must begin with https"),
        ("Hi", "[a](https://{{ company }}.example)", "must not contain a merge field"),
    ],
)
def test_a_mail_that_cannot_be_right_is_refused_in_words(subject: str, body: str, reason: str) -> None:
    campaign = factories.draft()
    factories.organisation()
    factories.email(campaign, subject, body)

    assert reason in words(campaign)


def test_two_mails_in_a_row_and_a_wait_at_the_end_are_refused() -> None:
    campaign = factories.draft()
    factories.organisation()
    factories.email(campaign)
    factories.email(campaign)
    factories.wait(campaign)

    refusal = words(campaign)

    assert "Put a wait between" in refusal
    assert "waits for nothing" in refusal


def test_those_inside_stay_with_their_version() -> None:
    campaign = factories.running()
    old = factories.enrolled(campaign)
    draft = campaigns.draft_of(campaign)
    step = draft.steps.first()
    step.subject = "Better"
    step.save()

    campaigns.publish_version(campaign=campaign, actor=None)
    new = factories.enrolled(campaign)
    advancing.advance_due()

    assert old.messages.get().step.subject == "First"
    assert new.messages.get().step.subject == "Better"


def test_steps_change_places_and_close_their_gaps() -> None:
    campaign = factories.draft()
    first, second, third = (factories.email(campaign, subject) for subject in "ABC")

    drafting.move_step(step=third, up=True)
    drafting.remove_step(step=first)

    order = campaign.versions.get().steps.values_list("subject", "position")
    assert list(order) == [("C", 0), ("B", 1)]
    assert drafting.move_step(step=second, up=False) is False


def test_a_discarded_draft_leaves_the_running_version() -> None:
    campaign = factories.running()
    campaigns.draft_of(campaign)

    assert campaigns.discard_draft(campaign)
    assert campaign.versions.get().number == 1
    assert not campaigns.discard_draft(campaign)
