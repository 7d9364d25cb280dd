"""Publishing in a browser: the form of a rule answers while one types, versions compare, marketers empty the queue."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from scoring.models import HeldLead, ModelVersion, Rule
from scoring.services import keeping, publishing
from scoring.services.versions import create_draft, publish

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def draft(published, keen, make_lead, ada):
    keeping.score_leads([keen.pk, *(make_lead(first_name="Ines", last_name=f"No. {n}").pk for n in range(2))])
    draft = create_draft(actor=ada)
    ModelVersion.objects.filter(pk=draft.pk).update(threshold=20)
    return ModelVersion.objects.get(pk=draft.pk)


def test_the_form_of_a_rule_answers_while_it_is_typed(draft, keen, ada, page_as, axe, problems):
    rule = draft.rules.get(key="pricing")
    page = page_as(ada, reverse("admin:scoring_rule_change", args=[rule.pk]))
    expect(page.locator("#rule-touched")).to_contain_text("1 lead of 3")

    page.get_by_label("N:", exact=True).fill("4")
    expect(page.locator("#rule-sentence")).to_contain_text("more than 3 times")
    expect(page.locator("#rule-touched")).to_contain_text("0 leads of 3")
    page.get_by_label("Lead:").fill(keen.email)
    page.keyboard.press("Enter")

    expect(page.locator("#rule-trial")).to_contain_text("Does not apply: 3 of 4.")
    assert not problems
    axe(page, "#content")
    problems.clear()  # axe tries styles of its own here, which the policy refuses
    assert Rule.objects.get(pk=rule.pk).n == 3


def test_a_version_is_published_slowly_and_marketers_release_who_waits(draft, ada, mara, page_as, axe):
    screen = {"width": 390, "height": 844, "theme": "dark"}
    page = page_as(ada, reverse("admin:scoring_modelversion_change", args=[draft.pk]), **screen)
    page.get_by_role("link", name="Publish version 2…").click()
    expect(page.locator(".td-live")).to_contain_text("2 leads would cross the line")
    axe(page, "#content")
    page.get_by_role("button", name="Publish").click()
    publishing.rescore(draft.pk)

    queue = page_as(mara, reverse("scoring:held"), **screen)
    axe(queue)
    queue.get_by_label("Select Ines No. 0").check()
    queue.get_by_role("button", name="Dismiss").click()
    expect(queue.get_by_role("alert")).to_contain_text("still ticked")
    queue.get_by_label("Reason for dismissing").fill("Old list")
    queue.get_by_role("button", name="Dismiss").click()
    queue.get_by_label("Select Ines No. 1").check()
    queue.get_by_role("button", name="Release now").click()
    expect(queue.locator("#main")).to_contain_text("Nobody waits")

    assert set(HeldLead.objects.values_list("state", flat=True)) == {"dismissed", "released"}


def test_versions_compare_and_tell_who_did_what(draft, ada, page_as, axe):
    publish(version=draft, actor=ada)

    page = page_as(ada, reverse("admin:scoring_modelversion_difference", args=[draft.pk]))
    expect(page.locator("#content")).to_contain_text("1 setting changed")
    axe(page, "#content")
    page.goto(page.url.replace("difference", "log"))

    expect(page.locator("#content")).to_contain_text("Published it")
    axe(page, "#content")
