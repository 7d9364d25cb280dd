"""The score card, every line of a score, and the definition everybody can read."""

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from pytest_django.asserts import assertContains

from scoring.models import ModelVersion, Rule
from scoring.services import keeping
from scoring.services.versions import create_draft


@pytest.fixture
def scored(published, keen):
    keeping.score_leads([keen.pk])
    return keen


def test_the_card_shows_lines_that_add_up(scored, mara, client_of):
    page = client_of(mara).get(reverse("scoring:panel", args=[scored.pk]))

    assertContains(page, "Pricing page, more than 2 times in 7 days")
    assert sum(line.points for group in page.context["groups"] for line in group.lines) == 50


def test_a_rep_does_not_see_the_score_of_a_strangers_lead(scored, rita, client_of):
    for name in ("scoring:panel", "scoring:explanation"):
        assert client_of(rita).get(reverse(name, args=[scored.pk])).status_code == 404


def test_a_wrong_date_is_named_and_today_is_shown(scored, mara, client_of):
    page = client_of(mara).get(reverse("scoring:explanation", args=[scored.pk]), {"as_of": "31 Nov"})

    assertContains(page, "is not a date")


def test_nothing_is_claimed_before_a_version_is_published(keen, mara, client_of):
    page = client_of(mara).get(reverse("scoring:panel", args=[keen.pk]))

    assertContains(page, "No scoring version has been published yet")


def test_the_definition_reads_as_sentences(published, rita, client_of):
    page = client_of(rita).get(reverse("scoring:definition"))

    assertContains(page, "more than 2 times")
    assertContains(page, "Qualifies at once")


def test_the_definition_page_is_kind_when_nothing_is_published(mara, client_of):
    assertContains(client_of(mara).get(reverse("scoring:definition")), "Nothing is published yet")


def test_writing_to_a_page_that_only_reads_is_refused(scored, mara, client_of):
    assert client_of(mara).post(reverse("scoring:panel", args=[scored.pk])).status_code == 405


def form_of(rule: Rule, **changes: object) -> dict[str, object]:
    fields = {
        "version": rule.version_id, "name": rule.name, "key": rule.key, "enabled": "on", "subject": rule.subject,
        "activity": rule.activity, "aggregate": rule.aggregate, "distinct_by": "", "n": rule.n,
        "window_hours": rule.window_hours or "", "effect": rule.effect, "points": rule.points, "mode": rule.mode,
        "cap": "", "decay": rule.decay, "decay_days": "", "group": rule.group_id, "position": rule.position,
        "conditions_field": ["path"], "conditions_op": ["is"], "conditions_value": ["/pricing"],
    }  # fmt: skip
    return {**fields, **changes}


def test_an_admin_edits_a_rule_of_a_draft(published, ada, client_of):
    rule = create_draft().rules.get(key="pricing")
    url = reverse("admin:scoring_rule_change", args=[rule.pk])

    client_of(ada).post(
        url, form_of(rule, points=35, conditions_op=["starts_with"], conditions_value=["/pricing, /plans"])
    )

    rule.refresh_from_db()
    assert rule.points == 35
    assert rule.conditions == [{"field": "path", "op": "starts_with", "value": ["/pricing", "/plans"]}]


def test_a_window_of_zero_is_refused_and_what_was_typed_stays(published, ada, client_of):
    rule = create_draft().rules.get(key="pricing")
    url = reverse("admin:scoring_rule_change", args=[rule.pk])

    page = client_of(ada).post(url, form_of(rule, window_hours=0, name="A name I typed"))

    assertContains(page, "A name I typed")
    assert page.context["adminform"].form.errors
    rule.refresh_from_db()
    assert rule.window_hours == 168


def test_the_live_sentence_follows_the_form(published, ada, client_of):
    rule = create_draft().rules.get(key="pricing")

    page = client_of(ada).post(reverse("admin:scoring_rule_sentence"), form_of(rule, n=5))

    assertContains(page, "more than 4 times")
    assert page.context["faults"] == []


def test_a_rule_in_force_is_read_only_in_the_admin(published, ada, client_of):
    rule = published.rules.get(key="pricing")

    client_of(ada).post(reverse("admin:scoring_rule_change", args=[rule.pk]), form_of(rule, points=1))

    rule.refresh_from_db()
    assert rule.points == 30


def test_publishing_a_broken_draft_from_the_admin_says_which_rule(published, ada, client_of):
    draft = create_draft()
    draft.rules.filter(key="pricing").update(window_hours=0)

    answer = client_of(ada).post(reverse("admin:scoring_modelversion_publish", args=[draft.pk]))

    assert "pricing" in str(next(iter(get_messages(answer.wsgi_request))))
    assert ModelVersion.objects.published() == published


def test_an_admin_makes_a_draft_and_publishes_it(published, ada, client_of):
    client_of(ada).post(reverse("admin:scoring_modelversion_draft"))
    draft = ModelVersion.objects.get(state="draft")

    client_of(ada).post(reverse("admin:scoring_modelversion_publish", args=[draft.pk]))

    assert ModelVersion.objects.published() == draft


def test_without_any_version_the_admin_offers_the_usual_definition(ada, client_of):
    page = client_of(ada).get(reverse("admin:scoring_modelversion_changelist"))
    assertContains(page, "Make a draft of the usual definition")

    client_of(ada).post(reverse("admin:scoring_modelversion_draft"))

    draft = ModelVersion.objects.get()
    assert (draft.state, draft.created_by) == ("draft", ada)
    assert draft.rules.exists()
    client_of(ada).post(reverse("admin:scoring_modelversion_publish", args=[draft.pk]))
    assert ModelVersion.objects.published() == draft


def test_a_marketer_cannot_publish(published, mara, client_of):
    draft = create_draft()

    answer = client_of(mara).post(reverse("admin:scoring_modelversion_publish", args=[draft.pk]))

    assert answer.status_code == 302
    assert ModelVersion.objects.published() == published
