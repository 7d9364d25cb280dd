"""Drafts change freely, published versions never; a broken draft cannot be published and says why."""

import pytest
from django.db import DatabaseError, transaction

from scoring.models import ModelVersion, Rule
from scoring.services.versions import CannotPublish, NotADraft, create_draft, publish


def test_a_draft_starts_with_the_rules_in_force(published):
    draft = create_draft()

    assert draft.number == published.number + 1
    assert {rule.key for rule in draft.rules.all()} == {"director", "pricing", "demo"}
    assert draft.threshold == published.threshold


def test_publishing_retires_the_version_before(published, ada):
    draft = create_draft(actor=ada)

    publish(version=draft, actor=ada)

    published.refresh_from_db()
    assert published.state == "retired"
    assert ModelVersion.objects.published() == draft
    assert ModelVersion.objects.get(pk=draft.pk).published_by == ada


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"window_hours": 0}, "pricing"),
        ({"n": 0}, "pricing"),
        ({"activity": ""}, "pricing"),
        ({"points": 0}, "pricing"),
    ],
)
def test_a_draft_with_a_broken_rule_names_it_and_changes_nothing(published, change, words):
    draft = create_draft()
    draft.rules.filter(key="pricing").update(**change)

    with pytest.raises(CannotPublish, match="pricing"):
        publish(version=draft)

    assert ModelVersion.objects.published() == published


def test_a_fit_rule_without_conditions_cannot_be_published(published):
    draft = create_draft()
    draft.rules.filter(key="director").update(conditions=[])

    with pytest.raises(CannotPublish, match="director"):
        publish(version=draft)


def test_conditions_that_cannot_be_read_are_refused_in_words(published):
    draft = create_draft()
    draft.rules.filter(key="director").update(conditions=[{"nonsense": 1}])

    with pytest.raises(CannotPublish, match="cannot be read"):
        publish(version=draft)


def test_a_published_version_is_not_published_again(published):
    with pytest.raises(NotADraft):
        publish(version=published)


@pytest.mark.parametrize(
    "change",
    [
        lambda v: Rule.objects.filter(version=v).update(points=99),
        lambda v: Rule.objects.filter(version=v).delete(),
        lambda v: v.groups.update(maximum=1),
        lambda v: ModelVersion.objects.filter(pk=v.pk).update(threshold=1),
        lambda v: ModelVersion.objects.filter(pk=v.pk).delete(),
    ],
)
def test_the_database_refuses_every_change_of_a_published_version(published, change):
    with pytest.raises(DatabaseError), transaction.atomic():
        change(published)

    assert published.rules.get(key="pricing").points == 30


def test_every_change_of_a_rule_leaves_a_line_in_the_history(published):
    draft = create_draft()
    rule = draft.rules.get(key="pricing")

    Rule.objects.filter(pk=rule.pk).update(points=31)

    assert [event.points for event in rule.events.order_by("pgh_id")] == [30, 31]
