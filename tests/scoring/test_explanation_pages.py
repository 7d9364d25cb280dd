"""The popover, the whole explanation at any date, and the activities behind one line."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from leads.models import Disqualification
from scoring.models import ModelVersion
from scoring.services import keeping
from scoring.services.versions import create_draft, publish

FRAGMENT = {"HX-Request": "true"}
SLIDER = {**FRAGMENT, "HX-Target": "explained"}


@pytest.fixture
def scored(published, keen):
    keeping.score_leads([keen.pk])
    return keen


def day(days_ago):
    return f"{timezone.localdate() - timedelta(days=days_ago):%Y-%m-%d}"


def url(name, lead, *more):
    return reverse(f"scoring:{name}", args=[lead.pk, *more])


def test_the_popover_shows_lines_that_add_up(scored, mara, client_of):
    answer = client_of(mara).get(url("why", scored), headers=FRAGMENT)

    brief = answer.context["brief"]
    assert sum(line.points for line in brief.lines) + brief.points == 50
    assertContains(answer, "Pricing page")


def test_the_popover_asked_for_as_a_page_leads_to_the_whole(scored, mara, client_of):
    assert client_of(mara).get(url("why", scored)).url == url("explanation", scored)


def test_a_stranger_gets_neither_popover_nor_line(scored, rita, client_of):
    for address in (url("why", scored), url("line", scored, "pricing"), url("explanation", scored)):
        assert client_of(rita).get(address, headers=FRAGMENT).status_code == 404


def test_a_line_names_its_activities_and_what_each_gives(scored, mara, client_of):
    page = client_of(mara).get(url("line", scored, "pricing"))

    found = page.context["evidence"].occurrences
    assert [item.points for item in found] == [30.0, None, None]
    timeline = client_of(mara).get(reverse("leads:timeline", args=[scored.pk]), {"before": found[1].cursor})
    assert timeline.context["slice"].entries[0].id == found[1].entry.id


def test_a_line_that_no_rule_has_is_not_found(scored, mara, client_of):
    assert client_of(mara).get(url("line", scored, "nothing")).status_code == 404


def test_a_date_is_told_by_the_version_in_force_then_and_on_request_by_that_of_now(scored, mara, client_of):
    ModelVersion.objects.update(published_at=timezone.now() - timedelta(days=30))
    draft = create_draft()
    draft.rules.filter(key="pricing").update(points=40)
    publish(version=draft)
    client = client_of(mara)

    then = client.get(url("explanation", scored), {"as_of": day(0)}).context
    past = client.get(url("explanation", scored), {"as_of": day(1)}).context
    anew = client.get(url("explanation", scored), {"as_of": day(1), "version": "now"}).context

    assert then["asked"].moment is None
    assert past["explanation"].version.number == 1
    assert anew["explanation"].version == draft
    assert anew["asked"].may_choose


def test_the_day_asked_for_is_the_day_shown_in_every_zone(scored, mara, client_of):
    type(mara).objects.filter(pk=mara.pk).update(time_zone="Pacific/Auckland")

    page = client_of(mara).get(url("explanation", scored), {"as_of": "2026-03-01"})

    assertContains(page, "Sunday, 1 March 2026")
    assertContains(page, 'value="2026-03-01"')


def test_before_the_first_version_that_of_now_speaks_and_says_so(scored, mara, client_of):
    page = client_of(mara).get(url("explanation", scored), {"as_of": day(1)})

    assertContains(page, "no version was in force yet on that day")


def test_the_slider_gets_the_part_that_changes_and_panes_get_the_lines(scored, mara, client_of):
    client = client_of(mara)

    part = client.get(url("explanation", scored), headers=SLIDER)
    lines = client.get(url("explanation", scored), headers=FRAGMENT)

    assertContains(part, 'id="explained"')
    assertNotContains(part, "<html")
    assertNotContains(lines, 'id="explained"')


def test_a_qualified_lead_is_told_when_it_would_fall(scored, mara, client_of):
    page = client_of(mara).get(url("explanation", scored))

    outlook = page.context["outlook"]
    first = scored.activities.order_by("occurred_at").first()
    assert outlook.falls_at == first.occurred_at + timedelta(days=7)
    assert page.context["way"] is None


def test_a_lead_below_the_line_is_shown_its_road(published, make_lead, did, mara, client_of):
    lead = make_lead()
    did(lead, "page_view", days_ago=1, path="/pricing")
    keeping.score_leads([lead.pk])

    page = client_of(mara).get(url("explanation", lead))

    assertContains(page, "2 more times")
    assertContains(page, "It asks for a demo once")
    assert page.context["outlook"] is None


@pytest.mark.parametrize(
    ("title", "words"),
    [("Cook", "Its fit is 0 and could become 0 at most"), (None, "We learn that job title")],
)
def test_what_is_known_decides_what_can_still_be(published, make_lead, did, mara, client_of, title, words):
    lead = make_lead(title=title or "")
    keeping.score_leads([lead.pk])
    published_rules = ModelVersion.objects.get().rules
    assert published_rules.filter(effect="critical").exists()

    page = client_of(mara).get(url("explanation", lead))

    if title:
        assertContains(page, "It asks for a demo once")
    else:
        assertContains(page, words)


def test_a_day_before_anything_can_be_known_is_named_and_today_is_shown(scored, mara, client_of):
    page = client_of(mara).get(url("explanation", scored), {"as_of": "0001-01-01"})

    assertContains(page, "Nothing is known of 0001-01-01")


def test_a_disqualified_lead_has_no_road_and_is_told_why(scored, mara, client_of):
    Disqualification.objects.create(lead=scored, reason="A student")

    page = client_of(mara).get(url("explanation", scored))

    assertContains(page, "A colleague disqualified this lead: A student")


@pytest.mark.django_db(transaction=True)
def test_pill_popover_slider_and_lines_work_by_mouse_and_by_key(scored, mara, page_as, axe):
    page = page_as(mara, "/leads/")

    page.locator("a.why").hover()

    popover = page.get_by_role("group", name="Why this score")
    popover.get_by_text("Pricing page").wait_for()
    axe(page)
    page.keyboard.press("Escape")
    assert popover.count() == 0
    go_by_key(page)
    popover.get_by_role("link", name="Every line").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Score of").wait_for()
    page.get_by_text("What counted").first.click()
    page.get_by_text("helped to reach the number").first.wait_for()
    page.get_by_label("Day, from").fill("1")
    page.get_by_text("As it stood at the end of").wait_for()
    assert "as_of=" in page.url
    axe(page)


@pytest.mark.django_db(transaction=True)
def test_news_elsewhere_neither_closes_the_reasons_nor_keeps_them_from_opening(scored, mara, page_as):
    page = page_as(mara, "/leads/")
    popover = page.get_by_role("group", name="Why this score")

    page.locator("a.why").hover()
    hear_news(page)
    popover.get_by_text("Pricing page").wait_for()
    hear_news(page)

    assert popover.is_visible()


@pytest.mark.django_db(transaction=True)
def test_reasons_stay_with_their_lead_when_the_list_is_drawn_anew(scored, mara, page_as):
    page = page_as(mara, "/leads/")
    popover = page.get_by_role("group", name="Why this score")
    page.get_by_role("searchbox").first.wait_for()
    go_by_key(page)
    popover.get_by_text("Pricing page").wait_for()

    page.evaluate("htmx.ajax('GET', location.href, {target: '#leads', select: '#leads', swap: 'outerHTML'})")
    page.wait_for_load_state("networkidle")

    assert popover.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Score of").wait_for()


def hear_news(page):
    """What the navigation asks on any news: the counts. Done when the answer is."""
    with page.expect_response("**/counts/"):
        page.evaluate("document.body.dispatchEvent(new CustomEvent('tandem:counts'))")


def go_by_key(page):
    """Focus that a key brought, not a script: the reasons open for that alone."""
    page.locator("a.why").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")


@pytest.mark.django_db(transaction=True)
def test_without_script_a_pill_is_a_link_and_the_date_has_a_button(scored, mara, page_as):
    page = page_as(mara, "/leads/", javascript=False, width=390)

    page.locator("a.why").click()

    page.get_by_label("As at the end of").fill(day(1))
    page.get_by_role("button", name="Show").click()
    page.get_by_text("no version was in force yet").wait_for()
    page.get_by_text("What counted").first.click()
    page.get_by_role("link", name="Activities and decay").first.click()
    page.get_by_role("heading", level=1).wait_for()
