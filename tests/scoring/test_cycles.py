"""A cycle opens when a lead crosses the line, once, and again only on newer evidence."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from leads.models import Disqualification, Lead, StageChange
from scoring.models import QualificationCycle
from scoring.services import cycles, keeping
from scoring.services.cycles import CycleClosedAlready, close_cycle

Outcome = QualificationCycle.Outcome


def the_cycle(lead):
    return QualificationCycle.objects.get(lead=lead, closed_at=None)


def test_crossing_the_line_opens_a_cycle_that_says_why(published, keen):
    keeping.score_leads([keen.pk])

    cycle = the_cycle(keen)
    assert (cycle.n, cycle.cause, cycle.total, cycle.version) == (1, "threshold", 50, published)
    assert "Pricing page, more than 2 times in 7 days" in cycle.reason
    assert Lead.objects.get(pk=keen.pk).stage == "mql"
    assert StageChange.objects.get(lead=keen).model_version == published.number


def test_a_demo_request_qualifies_at_once_whatever_the_score(published, make_lead, did):
    lead = make_lead(title="Planner")
    did(lead, "demo_request")

    keeping.score_leads([lead.pk])

    cycle = the_cycle(lead)
    assert (cycle.cause, cycle.rule_key, cycle.total) == ("critical", "demo", 0)


def test_a_lead_below_the_line_opens_nothing(published, make_lead):
    lead = make_lead()

    keeping.score_leads([lead.pk])

    assert not QualificationCycle.objects.exists()


def test_old_evidence_does_not_qualify_twice(published, keen):
    keeping.score_leads([keen.pk])
    close_cycle(cycle=the_cycle(keen), outcome=Outcome.REJECTED, reason="Not now")

    keeping.score_leads([keen.pk])

    assert QualificationCycle.objects.filter(lead=keen).count() == 1


def test_new_evidence_after_a_rejection_opens_the_next_cycle(published, keen, did):
    keeping.score_leads([keen.pk])
    close_cycle(cycle=the_cycle(keen), outcome=Outcome.REJECTED, reason="Not now")
    QualificationCycle.objects.update(closed_at=timezone.now() - timedelta(hours=1))
    did(keen, "page_view", path="/pricing")

    keeping.score_touched(limit=10)

    assert the_cycle(keen).n == 2


def test_closing_twice_is_refused_and_names_the_first_outcome(published, keen, ada):
    keeping.score_leads([keen.pk])
    cycle = the_cycle(keen)
    close_cycle(cycle=cycle, outcome=Outcome.REJECTED, actor=ada)

    with pytest.raises(CycleClosedAlready, match="rejected"):
        close_cycle(cycle=cycle, outcome=Outcome.LOST, actor=ada)

    cycle.refresh_from_db()
    assert cycle.outcome == Outcome.REJECTED


def test_the_database_itself_refuses_a_second_open_cycle(published, keen):
    keeping.score_leads([keen.pk])
    first = the_cycle(keen)

    with pytest.raises(IntegrityError), transaction.atomic():
        QualificationCycle.objects.create(
            lead=keen, n=2, version=published, cause="threshold", reason="x", total=1, band="D4"
        )

    assert the_cycle(keen) == first


def test_the_sweep_ends_cycles_of_leads_disqualified_behind_its_back(published, keen, ada):
    keeping.score_leads([keen.pk])
    Disqualification.objects.create(lead=keen, reason="Student", by=ada)

    cycles.close_orphans()

    cycle = QualificationCycle.objects.get(lead=keen)
    assert (cycle.outcome, cycle.outcome_reason) == ("disqualified", "Student")


def rejected_with_cool_down(lead, days=30):
    keeping.score_leads([lead.pk])
    cycle = close_cycle(cycle=the_cycle(lead), outcome=Outcome.REJECTED, cool_down=timedelta(days=days))
    QualificationCycle.objects.filter(pk=cycle.pk).update(closed_at=timezone.now() - timedelta(hours=1))
    return cycle


def test_no_points_open_a_cycle_before_the_cool_down_ends(published, keen, did):
    rejected_with_cool_down(keen)
    for _ in range(3):
        did(keen, "page_view", path="/pricing")

    keeping.score_leads([keen.pk])

    assert not QualificationCycle.objects.open().exists()


def test_when_the_cool_down_ends_newer_evidence_counts_by_itself(published, keen, did):
    cycle = rejected_with_cool_down(keen)
    for _ in range(3):
        did(keen, "page_view", path="/pricing")
    keeping.score_leads([keen.pk])
    QualificationCycle.objects.filter(pk=cycle.pk).update(cool_until=timezone.now())

    assert (cycles.end_cool_downs(), cycles.end_cool_downs()) == (1, 0)
    keeping.score_touched(limit=10)

    assert the_cycle(keen).n == 2


def test_when_the_cool_down_ends_old_evidence_still_does_not_count(published, keen):
    cycle = rejected_with_cool_down(keen)
    QualificationCycle.objects.filter(pk=cycle.pk).update(cool_until=timezone.now())

    cycles.end_cool_downs()
    keeping.score_touched(limit=10)

    assert not QualificationCycle.objects.open().exists()


def test_asking_for_a_demo_cuts_a_cool_down_short_but_an_old_request_does_not(published, make_lead, did):
    lead = make_lead()
    did(lead, "demo_request", days_ago=1)
    rejected_with_cool_down(lead)
    did(lead, "page_view", path="/pricing")

    keeping.score_leads([lead.pk])
    assert not QualificationCycle.objects.open().exists()
    did(lead, "demo_request")
    keeping.score_leads([lead.pk])

    assert the_cycle(lead).cause == "critical"
