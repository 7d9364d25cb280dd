"""The rules in force are looked over: what is wrong with which is said, and what would do better becomes a draft."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from leads.models import Lead, LeadOutcome, StageChange
from scoring.health.page import page_of
from scoring.models import HealthReport, ModelVersion, QualificationCycle, Suggestion
from scoring.services import health, suggestions
from scoring.services.versions import check

AGO = timedelta(days=30)


@pytest.fixture
def decided(published, make_lead):
    """`decided(40, sql=True, country="Norway")`: leads whose cycle ended a month after it began."""

    def make(count, *, sql, **fields):
        opened = timezone.now() - AGO
        leads = [make_lead(created_at=opened - AGO, **fields) for _ in range(count)]
        QualificationCycle.objects.bulk_create(
            QualificationCycle(
                lead=lead,
                n=1,
                version=published,
                cause="threshold",
                reason="Crossed",
                total=55,
                band="B2",
                opened_at=opened + timedelta(minutes=place),
                closed_at=timezone.now(),
                outcome="customer" if sql else "rejected",
            )
            for place, lead in enumerate(leads)
        )
        if sql:
            StageChange.objects.bulk_create(
                StageChange(lead=lead, stage="sql", at=opened + timedelta(days=2)) for lead in leads
            )
        return leads

    return make


@pytest.fixture
def provenance():
    """Values were known long before the leads qualified, as provenance says."""

    def note(leads, *names):
        at = (timezone.now() - 2 * AGO).isoformat()
        for lead in leads:
            lead.provenance = {name: {"source": "import", "at": at} for name in names}
            lead.save(update_fields=["provenance"])

    return note


@pytest.fixture
def looked_over(published):
    def look():
        report = health.ask()
        health.work_on(report.pk)
        report.refresh_from_db()
        assert not report.error
        return report

    return look


@pytest.fixture
def torn(decided, provenance):
    """Norwegians are accepted and Danes are not."""
    accepted = decided(45, sql=True, country="Norway") + decided(5, sql=True, country="Denmark")
    rejected = decided(45, sql=False, country="Denmark") + decided(5, sql=False, country="Norway")
    provenance(accepted + rejected, "country", "title", "email")


def test_a_rule_that_never_fires_is_named_with_its_base(looked_over, make_lead, did, client_of, mara):
    for _ in range(21):
        did(make_lead(), "page_view", days_ago=1, path="/pricing")

    looked_over()

    page = client_of(mara).get(reverse("scoring:health")).content.decode()
    assert "Never fired in 90 days: 0 of 21 active leads." in page
    assert "Holds for nearly everybody: 100.0% of 21 active leads." in page


def test_a_missing_rule_is_measured_and_opens_as_a_draft_once(looked_over, torn, ada, client_of):
    report = looked_over()

    idea = next(each for each in report.suggestions.all() if "Norway" in each.words)
    assert idea.measure["having"] == [45, 50]
    assert idea.measure["everybody"] == [50, 100]
    address = reverse("scoring:suggestion_draft", args=[idea.pk])
    first = client_of(ada).post(address)
    again = client_of(ada).post(address)

    assert first.url == again.url
    draft = ModelVersion.objects.get(state="draft")
    assert check(draft) == []
    assert draft.backtests.get().against_version == report.version
    assert "45 of 50 with it became SQL" in draft.note
    rule = draft.rules.get(name__contains="Norway")
    assert rule.points > 0
    assert rule.conditions == [{"field": "country", "op": "is", "value": "Norway"}]
    assert draft.rules.count() == report.version.rules.count() + 1


def test_what_a_minus_would_have_stopped_is_counted_on_both_sides(looked_over, torn, did, published):
    for lead in Lead.objects.all():
        for days in (31, 32, 33):
            did(lead, "page_view", days_ago=days, path="/pricing")

    report = looked_over()

    idea = next(each for each in report.suggestions.all() if "Denmark" in each.words)
    assert idea.change["rule"]["points"] < 0
    assert idea.measure["stopped"] == [45, 50, 5, 50]


def test_what_became_known_after_a_lead_qualified_teaches_nothing(looked_over, decided):
    accepted = decided(40, sql=True, country="")
    decided(40, sql=False, country="Denmark")
    Lead.objects.filter(pk__in=[lead.pk for lead in accepted]).update(country="Norway")

    report = looked_over()

    assert not [each for each in report.suggestions.all() if "Norway" in each.words]


@pytest.fixture
def from_file(make_lead, provenance):
    """`from_file(100, won=True)`: leads whose result an import brought yesterday."""

    def make(count, *, won, **fields):
        leads = [make_lead(created_at=timezone.now() - 3 * AGO, **fields) for _ in range(count)]
        result = "won" if won else "lost"
        LeadOutcome.objects.bulk_create(LeadOutcome(lead=lead, result=result) for lead in leads)
        return leads

    return make


def won_with_the_rule(report, key):
    """The rule's lift on the page, by hand: (with it won, with it, won, decided)."""
    page = page_of(report, "won")
    row = next(row for row in page.rows if row.rule.key == key)
    return row.lift, (row.lift.having.part, row.lift.having.whole, page.decided.part, page.decided.whole)


def test_results_from_files_turn_no_lift_round(looked_over, decided, from_file, provenance, client_of, mara):
    directors = decided(14, sql=True) + decided(26, sql=False)
    others = decided(26, sql=True, title="Planner") + decided(134, sql=False, title="Planner")
    filed = from_file(90, won=True, title="Planner") + from_file(10, won=False, title="Planner")
    provenance(directors + others + filed, "title", "email")

    lift, counted = won_with_the_rule(looked_over(), "director")

    assert counted == (14, 40, 40, 200)
    assert lift.value == pytest.approx((14 / 40) / (40 / 200))  # 1.75: directors are won more often
    assert (14 / 40) / ((40 + 90) / (200 + 100)) < 0.81  # all together they would seem to be won less often
    page = client_of(mara).get(reverse("scoring:health"), {"outcome": "won"}).content.decode()
    assert "40 of 200 leads with a decided cycle were won." in page
    assert "each as it was known when it qualified" in page
    assert "Results from files stay out (90 of 100 were won)" in page


def test_with_too_few_cycles_results_from_files_are_measured_alone(
    looked_over, decided, from_file, provenance, client_of, mara
):
    leads = decided(10, sql=True) + decided(9, sql=False)
    filed = from_file(30, won=True) + from_file(10, won=False) + from_file(20, won=False, title="Planner")
    provenance(leads + filed, "title", "email")

    report = looked_over()

    assert won_with_the_rule(report, "director")[1] == (30, 40, 30, 60)
    page = client_of(mara).get(reverse("scoring:health"), {"outcome": "won"}).content.decode()
    assert "30 of 60 leads with a result from a file were won." in page
    assert "when its result was recorded" in page
    assert "Decided cycles stay out (10 of 19 were won)" in page
    assert "Measured on 60 results from files" in page
    sql = client_of(mara).get(reverse("scoring:health")).content.decode()
    assert "10 of 19 leads with a decided cycle became SQL." in sql


def test_a_report_that_measured_both_together_is_not_shown_and_made_anew(
    looked_over, published, client_of, mara
):
    old = looked_over()
    HealthReport.objects.update(result={**old.result, "base": {"sql": [1, 2], "won": [1, 2]}})

    page = client_of(mara).get(reverse("scoring:health")).content.decode()

    assert "Not looked over yet" in page
    assert health.report_due() is not None


def test_a_scorecard_waits_for_outcomes_in_words(looked_over, torn, client_of, max):
    looked_over()

    page = client_of(max).get(reverse("scoring:health")).content.decode()
    assert "Not enough outcomes yet: 100 of 200 decided leads" in page


def test_a_scorecard_is_a_proposal_that_could_be_published(looked_over, decided, provenance, ada):
    leads = []
    for country, good, bad in (("Norway", 80, 20), ("Denmark", 20, 80), ("Sweden", 20, 20)):
        leads += decided(good, sql=True, country=country) + decided(bad, sql=False, country=country)
    provenance(leads, "country", "title", "email")
    report = looked_over()

    card = report.suggestions.get(kind=Suggestion.Kind.CARD)
    draft = suggestions.open_as_draft(suggestion=card, actor=ada)

    assert check(draft) == []
    assert 0 < draft.rules.filter(effect="points").count() <= 15
    assert draft.rules.filter(key="demo", effect="critical").exists()
    assert card.measure["areas"]["The points"][0] > 0.6


def test_of_two_workers_one_makes_the_report_and_a_second_request_is_refused(published):
    report = health.ask()

    with pytest.raises(health.AlreadyAsked):
        health.ask()
    health.work_on(report.pk)
    health.work_on(report.pk)

    report.refresh_from_db()
    assert report.finished_at is not None
    assert report.starts == 1


def test_each_day_has_its_report_and_a_lost_one_is_found(published):
    due = health.report_due()

    assert health.report_due() == due
    health.work_on(due)

    assert health.report_due() is None
    HealthReport.objects.update(asked_at=timezone.now() - timedelta(days=2))
    assert health.report_due() not in (None, due)


def test_a_measure_of_a_former_version_makes_no_draft(looked_over, torn, ada, client_of):
    idea = looked_over().suggestions.first()
    HealthReport.objects.update(version=ModelVersion.objects.create(number=99))

    answer = client_of(ada).post(reverse("scoring:suggestion_draft", args=[idea.pk]), follow=True)

    assert "Another version is in force now" in answer.content.decode()
    assert not Suggestion.objects.filter(draft__isnull=False).exists()


def test_reps_see_no_rule_health_and_only_admins_make_drafts(looked_over, torn, rita, mara, client_of):
    idea = looked_over().suggestions.first()

    assert client_of(rita).get(reverse("scoring:health")).status_code == 403
    assert client_of(rita).post(reverse("scoring:health_reports")).status_code == 403
    assert client_of(mara).post(reverse("scoring:suggestion_draft", args=[idea.pk])).status_code == 403
    assert not ModelVersion.objects.filter(state="draft").exists()


def test_the_page_reads_well_everywhere(page_as, axe, looked_over, torn, ada):
    looked_over()

    for width, theme in ((1440, "light"), (390, "dark")):
        page = page_as(ada, reverse("scoring:health"), width=width, theme=theme)
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Open as draft: The country is Norway").click()
    page.wait_for_url("**/admin/scoring/modelversion/*/change/**")


def test_before_anything_is_published_the_page_says_so(client_of, mara):
    page = client_of(mara).get(reverse("scoring:health")).content.decode()

    assert "Nothing is published yet" in page
    assert health.report_due() is None
