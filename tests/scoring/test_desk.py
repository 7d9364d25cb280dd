"""Beside the form of a rule: whom it touches, a try with one lead, its place and its copies."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains

from leads.models import Lead
from scoring import facts
from scoring.definition import model_of, rule_of
from scoring.language import DAY
from scoring.models import Rule
from scoring.rules import score
from scoring.services.rules import clone_rule, move_rule
from scoring.services.versions import NotADraft, create_draft
from scoring.single import alone, timeless
from scoring.touched import Count, touched
from scoring.trial import try_rule
from tests.scoring.test_pages import form_of


@pytest.fixture
def pricing(published):
    return create_draft().rules.get(key="pricing")


def keys(version):
    return list(version.rules.values_list("key", flat=True))


def test_a_rule_counts_whom_it_touches_now_and_ever(pricing, keen, make_lead, did):
    lapsed, clicked = make_lead(), make_lead()
    for days in (103, 102, 101):
        did(lapsed, "page_view", days_ago=days, path="/pricing")
    for days in (103, 50, 1):
        did(clicked, "page_view", days_ago=days, path="/pricing")

    found = touched(rule_of(pricing))

    assert (found.now.hits, found.ever.hits, found.now.leads) == (1, 2, 3)
    assert found.now.exact


def test_ever_is_what_the_oracle_finds_at_some_instant(pricing, make_lead, did):
    """Looked at from every day of a year, against the answer in one go."""
    for number in range(6):
        lead = make_lead()
        for place in range(number + 1):
            did(lead, "page_view", days_ago=(place * 37 * (number + 1)) % 300, path="/pricing")
    rule = rule_of(pricing)

    for n, window in ((1, 3 * DAY), (2, 30 * DAY), (3, None)):
        tried = replace(rule, n=n, window_seconds=window)
        assert touched(tried).ever.hits == _by_days(tried, pricing.version)


def _by_days(rule, version):
    found = 0
    for lead in Lead.objects.all():
        model = alone(rule)
        shapes, history = facts.that_matter(lead.pk, alone(timeless(rule)), timezone.now())
        found += any(score(model, shapes, history, {}, fact.occurred_at).total for fact in history)
    return found


def test_a_fit_rule_counts_who_a_lead_is(published, keen, make_lead):
    make_lead(title="Clerk")

    found = touched(rule_of(published.rules.get(key="director")))

    assert (found.now.hits, found.now.leads, found.ever) == (1, 2, None)


def test_beyond_what_can_be_asked_in_time_it_is_an_estimate_with_its_range(pricing, keen):
    found = touched(rule_of(pricing), exact_up_to=-1)

    assert found.now.asked == 1
    assert Count(hits=30, asked=1_000, leads=1_000_000).low == 21_093
    assert Count(hits=30, asked=1_000, leads=1_000_000).high == 42_504


def test_a_try_shows_each_occurrence_and_both_scores(pricing, keen):
    found = try_rule(rule_of(pricing), lead=keen, as_of=timezone.now(), version=pricing.version)

    assert [seen.points for seen in found.occurrences] == [30.0, 0.0, 0.0]
    assert (found.points, found.total_with, found.total_without) == (30.0, 50, 20)


def test_a_try_at_an_earlier_date_sees_nothing_later(pricing, keen):
    as_of = timezone.now() - timedelta(days=1, hours=12)

    found = try_rule(rule_of(pricing), lead=keen, as_of=as_of, version=pricing.version)

    assert len(found.occurrences) == 2
    assert found.verdict == "Does not apply: 2 of 3."


def test_rules_move_within_their_group(pricing):
    assert keys(pricing.version) == ["director", "pricing", "demo"]

    assert move_rule(rule=pricing, up=False)
    assert not move_rule(rule=pricing, up=False)

    assert keys(pricing.version) == ["director", "demo", "pricing"]


def test_a_copy_stands_below_and_is_switched_off(pricing):
    first, second = clone_rule(rule=pricing), clone_rule(rule=pricing)

    assert (first.key, second.key, first.enabled) == ("pricing-copy", "pricing-copy2", False)
    assert keys(pricing.version)[1:4] == ["pricing", "pricing-copy2", "pricing-copy"]
    assert model_of(pricing.version).rules


def test_what_was_published_is_neither_moved_nor_copied(published):
    rule = published.rules.get(key="pricing")

    with pytest.raises(NotADraft):
        move_rule(rule=rule, up=False)
    with pytest.raises(NotADraft):
        clone_rule(rule=rule)


def test_a_try_on_the_page_saves_nothing_and_keeps_what_was_typed(pricing, keen, ada, client_of):
    typed = form_of(pricing, points=33) | {"try_lead": keen.email, "try_at": "", "_try": "1"}

    page = client_of(ada).post(reverse("admin:scoring_rule_change", args=[pricing.pk]), typed)

    assertContains(page, "Score 53 with this rule, 20 without.")
    assertContains(page, 'value="33"')
    assert Rule.objects.get(pk=pricing.pk).points == 30


def test_a_lead_nobody_knows_is_said_so(pricing, ada, client_of):
    typed = form_of(pricing) | {"try_lead": "nobody@acme.example"}

    page = client_of(ada).post(reverse("admin:scoring_rule_trial"), typed)

    assertContains(page, "No lead has this e-mail address")


def test_the_buttons_of_the_pages_move_and_copy(pricing, ada, client_of):
    client = client_of(ada)

    client.post(reverse("admin:scoring_rule_order"), {"move": f"{pricing.pk}:down"})
    client.post(reverse("admin:scoring_rule_copy", args=[pricing.pk]))

    assert keys(pricing.version) == ["director", "demo", "pricing", "pricing-copy"]
    assertContains(client.get(reverse("admin:scoring_rule_change", args=[pricing.pk])), "Clone")


def test_a_rule_takes_the_place_of_another_of_its_group_only(pricing, ada, client_of):
    client, there = client_of(ada), reverse("admin:scoring_rule_order")
    demo, director = (Rule.objects.get(version=pricing.version, key=key) for key in ("demo", "director"))

    client.post(there, {"move": f"{demo.pk}:{pricing.pk}"})
    refused = client.post(there, {"move": f"{demo.pk}:{director.pk}"}, follow=True)

    assert keys(pricing.version) == ["director", "demo", "pricing"]
    assertContains(refused, "Nothing was moved")
    assert client.post(there, {"move": f"{demo.pk}:sideways"}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_a_row_is_dragged_to_the_place_of_another(pricing, ada, page_as, axe):
    page = page_as(ada, reverse("admin:scoring_modelversion_change", args=[pricing.version_id]))
    demo = Rule.objects.get(version=pricing.version, key="demo")

    with page.expect_navigation():
        page.locator(f"#rule-{demo.pk}").drag_to(page.locator(f"#rule-{pricing.pk}"))

    assert keys(pricing.version) == ["director", "demo", "pricing"]
    axe(page, "section[aria-labelledby=rules-title]")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("senioritty", "vp", "Did you mean seniority?"),
        ("title", "a\x00b", "holds a character that cannot be stored"),
    ],
)
def test_a_condition_that_could_never_hold_is_refused_by_name(pricing, ada, client_of, field, value, words):
    director = Rule.objects.get(version=pricing.version, key="director")
    typed = form_of(director) | {"conditions_field": field, "conditions_op": "is", "conditions_value": value}

    page = client_of(ada).post(reverse("admin:scoring_rule_change", args=[director.pk]), typed)

    assertContains(page, words)
    assert Rule.objects.get(pk=director.pk).conditions == director.conditions


def test_only_admins_reach_them(pricing, mara, client_of):
    client = client_of(mara)

    for name, args in (("order", []), ("copy", [pricing.pk]), ("trial", []), ("touched", [])):
        assert client.post(reverse(f"admin:scoring_rule_{name}", args=args)).status_code == 302
    assert keys(pricing.version) == ["director", "pricing", "demo"]
