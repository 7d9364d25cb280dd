"""Who joins, who moves on, who must stop."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from leads.models import Lead, LeadMerge, StageChange
from leads.services.activities import record_activity
from leads.services.consent import suppress
from nurturing.models import Campaign, Enrolment, Message
from nurturing.services import advancing, campaigns, enrolments
from tests.nurturing import factories

pytestmark = pytest.mark.django_db


def ended(lead: Lead) -> str:
    return Enrolment.objects.filter(lead=lead).latest("rotation").ended_because


def offer(lead: Lead, rep: User) -> object:
    """A live handoff, written as rows: the neighbour's services are not ours to call."""
    cycles = lead.cycles.model.objects
    version = lead.cycles.model._meta.get_field("version").related_model.objects.create(number=1)
    cycle = cycles.create(lead=lead, n=1, version=version, cause="threshold", reason="", total=70, band="A1")
    return lead.handoffs.create(cycle=cycle, rep=rep, routed_because="test")


def recycle(lead: Lead, days_ago: int) -> None:
    Lead.objects.filter(pk=lead.pk).update(stage="recycled")
    StageChange.objects.create(lead=lead, stage="recycled", at=timezone.now() - timedelta(days=days_ago))


def test_the_sweep_takes_members_in_once() -> None:
    campaign = factories.running()
    inside, outside = factories.lead(), factories.lead(country="Chile")

    first, second = enrolments.enrol_segments(), enrolments.enrol_segments()

    assert (first, second) == (1, 0)
    assert list(campaign.enrolments.values_list("lead", flat=True)) == [inside.pk]
    assert not Enrolment.objects.filter(lead=outside).exists()


def test_who_must_not_be_mailed_never_joins(rita: User) -> None:
    campaign = factories.running()
    suppressed = factories.lead()
    suppress(address=suppressed.email.upper(), reason="manual")
    offered = factories.lead(stage="mql")
    offer(offered, rita)
    leads = [
        suppressed,
        offered,
        factories.lead(email=None),
        factories.lead(stage="sql"),
        factories.lead(stage="customer"),
        factories.lead(stage="disqualified"),
        factories.lead(merged_into=suppressed),
        factories.lead(stage="mql"),  # the goal is reached
    ]

    result = enrolments.enrol(campaign=campaign, leads=[lead.pk for lead in leads])

    assert result == (0, len(leads))


def test_a_rejected_handoff_does_not_keep_a_lead_out(rita: User) -> None:
    campaign = factories.running(goal="email_click")
    lead = factories.lead(stage="recycled")
    handoff = offer(lead, rita)
    type(handoff).objects.update(withdrawn_at=Now())

    assert enrolments.enrol(campaign=campaign, leads=[lead.pk]).added == 1


def test_a_draft_takes_nobody_in() -> None:
    campaign = factories.draft()

    with pytest.raises(enrolments.NotRunning):
        enrolments.enrol(campaign=campaign, leads=[factories.lead().pk])

    assert enrolments.enrol_segment(campaign.pk) == 0


def test_a_run_goes_mail_wait_mail_end() -> None:
    run = factories.enrolled()

    for _ in range(8):
        Message.objects.update(state="accepted")
        Enrolment.objects.filter(ended_at=None).update(due_at=Now())
        advancing.advance_due()
    run.refresh_from_db()

    assert run.ended_because == "completed"
    visits = run.visits.order_by("pk").values_list("step__kind", "outcome")
    assert list(visits) == [("email", "done"), ("wait", "done"), ("email", "done")]
    assert list(Message.objects.order_by("pk").values_list("step__subject", flat=True)) == ["First", "Second"]


def test_a_step_is_done_once_however_often_it_is_asked_for() -> None:
    run = factories.enrolled()
    claim = advancing._claim(run.campaign_id, 10)

    advancing._advance(claim)
    advancing._advance(claim)

    assert Message.objects.count() == 1
    run.refresh_from_db()
    assert (run.step.subject, run.due_at) == ("First", None)


def test_a_paused_campaign_moves_nobody() -> None:
    run = factories.enrolled()
    campaigns.pause(run.campaign)

    assert advancing.advance_due() == 0
    assert not Message.objects.exists()


def test_a_large_campaign_does_not_starve_a_small_one() -> None:
    large, small = factories.running(), factories.running()
    enrolments.enrol(campaign=large, leads=[factories.lead().pk for _ in range(8)])
    enrolments.enrol(campaign=small, leads=[factories.lead().pk])

    advancing.advance_due(limit=5)

    assert Message.objects.filter(enrolment__campaign=large).count() == 5
    assert Message.objects.filter(enrolment__campaign=small).count() == 1


def test_an_unsubscribed_lead_stops_and_its_waiting_mail_with_it() -> None:
    message = factories.queued()
    lead = message.enrolment.lead
    suppress(address=lead.email, reason="manual")

    enrolments.stop_lead(lead.pk)

    message.refresh_from_db()
    assert ended(lead) == "unsubscribed"
    assert message.state == "suppressed"
    note = message.notes.get()
    assert (note.gate, note.verdict, note.words) == ("run", "suppressed", message.reply)


def test_a_handoff_stops_the_run_and_a_late_bell_does_not_stop_a_new_one(rita: User) -> None:
    run = factories.enrolled()
    handoff = offer(run.lead, rita)

    enrolments.stop_lead(run.lead_id)
    assert ended(run.lead) == "handed_off"

    type(handoff).objects.update(withdrawn_at=Now())
    enrolments.enrol(campaign=run.campaign, leads=[run.lead_id])
    enrolments.stop_lead(run.lead_id)
    assert ended(run.lead) == ""


def test_the_sweep_stops_whom_no_bell_stopped() -> None:
    stays, gone = factories.enrolled(), factories.enrolled()
    Lead.objects.filter(pk=gone.lead_id).update(stage="opportunity")

    enrolments.sweep_stops()

    assert (ended(stays.lead), ended(gone.lead)) == ("", "handed_off")


def test_becoming_an_mql_reaches_the_goal() -> None:
    run = factories.enrolled()
    Lead.objects.filter(pk=run.lead_id).update(stage="mql")

    enrolments.check_goals(run.lead_id)

    assert ended(run.lead) == "goal"


def test_a_demo_request_reaches_its_goal_but_not_a_machines_one() -> None:
    campaign = factories.running(goal="demo_request")
    person, machine = factories.enrolled(campaign), factories.enrolled(campaign)
    record_activity(lead=person.lead, kind="demo_request")
    record_activity(lead=machine.lead, kind="demo_request", machine=True)

    enrolments.sweep_stops()

    assert (ended(person.lead), ended(machine.lead)) == ("goal", "")


def test_a_recycled_lead_comes_back_after_its_cool_down() -> None:
    campaign = factories.running()
    soon, late = factories.enrolled(campaign), factories.enrolled(campaign)
    long_ago = timezone.now() - timedelta(days=60)
    Enrolment.objects.update(ended_at=long_ago, ended_because="goal")
    recycle(soon.lead, days_ago=29)
    recycle(late.lead, days_ago=31)

    added = enrolments.enrol_segment(campaign.pk)

    assert added == 1
    assert Enrolment.objects.active().get().lead_id == late.lead_id
    assert Enrolment.objects.active().get().rotation == 2
    assert enrolments.enrol_segment(campaign.pk) == 0


def test_whom_a_colleague_stopped_stays_out(mara: User) -> None:
    run = factories.enrolled()

    enrolments.stop_by_hand(enrolment=run, actor=mara)

    assert ended(run.lead) == "stopped"
    assert enrolments.enrol_segment(run.campaign_id) == 0


def test_a_merged_leads_run_goes_on_as_the_winners() -> None:
    run = factories.enrolled()
    winner = factories.lead(country="Chile")
    LeadMerge.objects.create(winner=winner, loser=run.lead, cause="test")
    Lead.objects.filter(pk=run.lead_id).update(merged_into=winner)

    enrolments.sweep_stops()

    run.refresh_from_db()
    assert (run.lead_id, run.ended_because) == (winner.pk, "")


def test_two_runs_of_one_person_become_one() -> None:
    campaign = factories.running()
    kept, lost = factories.enrolled(campaign), factories.enrolled(campaign)
    Lead.objects.filter(pk=lost.lead_id).update(merged_into=kept.lead)

    enrolments.sweep_stops()

    assert (ended(kept.lead), ended(lost.lead)) == ("", "merged")


def test_a_run_that_waits_for_nothing_is_woken() -> None:
    message = factories.queued()
    Message.objects.update(state="suppressed")

    enrolments.sweep_stops()

    message.enrolment.refresh_from_db()
    assert message.enrolment.due_at is not None


def test_ending_a_campaign_lets_everybody_go() -> None:
    message = factories.queued()
    campaign = Campaign.objects.get()

    campaigns.end(campaign)

    message.refresh_from_db()
    assert ended(message.enrolment.lead) == "campaign_ended"
    assert message.state == "suppressed"
    with pytest.raises(campaigns.NotPossible):
        campaigns.pause(campaign)
