"""From the queue to an answer: what each verb promises."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied

from handoff.errors import (
    AlreadyAnswered,
    CannotTake,
    NobodyToRoute,
    NotBeingWorked,
    NoteRequired,
    NotWaiting,
    TooLateToUndo,
)
from handoff.models import Handoff, SlaClock
from handoff.services import sweeps, telling
from handoff.services.answers import accept, reject, undo
from handoff.services.marketing import disqualify, recycle
from handoff.services.offers import offer, offer_many, withdraw
from handoff.services.reassignments import reassign
from handoff.services.touches import log_touch
from leads.models import Activity, Disqualification, StageChange
from tests.handoff.factories import (
    clock,
    let_time_pass,
    make_cycle,
    make_lead,
    make_offer,
    open_around_the_clock,
    overdue,
    reason,
)

pytestmark = pytest.mark.django_db
LATER = timedelta(seconds=9)


def settled(handoff):
    let_time_pass(handoff, LATER)
    sweeps.settle_answers()
    handoff.refresh_from_db()
    return handoff


def test_an_offer_meets_marketings_clock_and_starts_the_reps(mara, rita):
    cycle = make_cycle()

    handoff = offer(cycle=cycle, actor=mara, rep=rita, note="Asked for a quote.")

    assert clock(cycle, "hand_off").met_at is not None
    assert clock(handoff, "accept").started_at == handoff.offered_at
    assert handoff.lead.owner == rita
    assert handoff.routed_because == "Mara Marketer chose you."


def test_a_lead_is_offered_to_one_rep_at_a_time(mara, rita, otto):
    handoff = make_offer(rita, mara)

    with pytest.raises(NotWaiting, match="handed to Rita Rep already"):
        offer(cycle=handoff.cycle, actor=mara, rep=otto)

    assert Handoff.objects.get() == handoff


def test_a_rep_who_left_is_never_offered_a_lead(mara, rita, otto):
    rita.is_active = False
    rita.save()

    with pytest.raises(CannotTake, match="Rita Rep"):
        offer(cycle=make_cycle(), actor=mara, rep=rita)
    routed = offer(cycle=make_cycle(), actor=mara)

    assert routed.rep == otto


def test_without_reps_the_rotation_says_so(mara):
    with pytest.raises(NobodyToRoute):
        offer(cycle=make_cycle(), actor=mara)


def test_reps_do_not_hand_off(rita, otto):
    cycle = make_cycle()

    with pytest.raises(PermissionDenied):
        offer(cycle=cycle, actor=rita, rep=otto)

    assert not Handoff.objects.exists()


def test_many_are_offered_and_the_ones_already_taken_are_named(mara, rita):
    taken = make_offer(rita, mara, name="Amara Okafor").cycle
    waiting = make_cycle()

    done = offer_many(cycles=[taken, waiting], actor=mara)

    assert [handoff.cycle for handoff in done.handoffs] == [waiting]
    assert [refused.why for refused in done.refused] == ["Amara Okafor was handed to Rita Rep already."]


def test_accepting_makes_an_sql_and_starts_the_first_touch_clock(mara, rita):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)

    assert handoff.lead.stage == "sql"
    assert clock(handoff, "accept").met_at is not None
    assert clock(handoff, "first_touch").started_at == handoff.accepted_at


def test_the_second_answer_hears_who_was_faster_and_when(mara, rita, max):
    handoff = make_offer(rita, mara)
    stale = Handoff.objects.get()
    accept(handoff=handoff, actor=rita)

    with pytest.raises(AlreadyAnswered, match=r"Rita Rep accepted it on \d+ \w+ \d{4} at") as refusal:
        reject(handoff=stale, actor=max, reason=reason())

    assert refusal.value.who == rita
    assert refusal.value.handoff.rejected_at is None


def test_seeing_is_not_answering(mara, rita, otto):
    handoff = make_offer(rita, mara)

    for bystander in (mara, otto):
        with pytest.raises(PermissionDenied):
            accept(handoff=handoff, actor=bystander)

    assert Handoff.objects.get().is_open


def test_a_reason_that_asks_for_a_note_gets_one(mara, rita):
    handoff, picky = make_offer(rita, mara), reason()
    picky.needs_note = True
    picky.save()

    with pytest.raises(NoteRequired):
        reject(handoff=handoff, actor=rita, reason=picky, note="  ")

    assert Handoff.objects.get().is_open


def test_a_rejection_waits_before_it_takes_effect(mara, rita):
    handoff = make_offer(rita, mara)

    reject(handoff=handoff, actor=rita, reason=reason())
    sweeps.settle_answers()

    handoff.cycle.refresh_from_db()
    assert handoff.cycle.closed_at is None
    assert handoff.lead.stage == "mql"


def test_a_recycled_lead_goes_back_to_nurture_with_the_reason(mara, rita):
    handoff = make_offer(rita, mara)
    reject(handoff=handoff, actor=rita, reason=reason("recycle"), note="Budget opens in May.")

    settled(handoff)

    cycle, lead = handoff.cycle, handoff.lead
    cycle.refresh_from_db()
    lead.refresh_from_db()
    assert (cycle.outcome, cycle.closed_by) == ("rejected", rita)
    assert cycle.outcome_reason.endswith("Budget opens in May.")
    assert (lead.stage, lead.owner) == ("recycled", None)


def test_a_disqualifying_reason_disqualifies(mara, rita):
    handoff = make_offer(rita, mara)
    reject(handoff=handoff, actor=rita, reason=reason("disqualify"))

    settled(handoff)

    handoff.cycle.refresh_from_db()
    assert handoff.cycle.outcome == "disqualified"
    assert Disqualification.objects.get().by == rita


def test_a_returned_lead_waits_again_with_a_new_promise(mara, rita, otto):
    handoff = make_offer(rita, mara)
    reject(handoff=handoff, actor=rita, reason=reason("return"))

    with pytest.raises(NotWaiting, match="a moment ago"):
        offer(cycle=handoff.cycle, actor=mara, rep=otto)
    settled(handoff)
    again = offer(cycle=handoff.cycle, actor=mara)

    assert again.rep == otto
    assert "Rita Rep" in again.routed_because
    assert SlaClock.objects.filter(kind="hand_off", met_at__isnull=False).count() == 2


def test_an_answer_settles_once(mara, rita):
    handoff = make_offer(rita, mara)
    reject(handoff=handoff, actor=rita, reason=reason("recycle"))
    settled(handoff)

    sweeps.settle_answers()

    assert StageChange.objects.filter(stage="recycled").count() == 1


def test_undo_takes_an_acceptance_back_within_eight_seconds(mara, rita):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)

    undo(handoff=handoff, actor=rita)

    handoff.lead.refresh_from_db()
    assert handoff.is_open
    assert handoff.lead.stage == "mql"
    assert clock(handoff, "accept").met_at is None
    assert not SlaClock.objects.filter(kind="first_touch").exists()


def test_an_undone_rejection_has_no_consequence(mara, rita):
    handoff = make_offer(rita, mara)
    reject(handoff=handoff, actor=rita, reason=reason())

    undo(handoff=handoff, actor=rita)
    settled(handoff)

    assert handoff.is_open
    handoff.cycle.refresh_from_db()
    assert handoff.cycle.closed_at is None


def test_only_the_same_person_undoes_and_only_in_time(mara, rita, max):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)

    with pytest.raises(TooLateToUndo):
        undo(handoff=handoff, actor=max)
    let_time_pass(handoff, LATER)
    with pytest.raises(TooLateToUndo):
        undo(handoff=handoff, actor=rita)

    handoff.refresh_from_db()
    assert handoff.accepted_at is not None


def test_a_late_acceptance_is_breached_and_met(mara, rita):
    handoff = make_offer(rita, mara)
    overdue(clock(handoff, "accept"))
    telling.record_breaches()

    accept(handoff=handoff, actor=rita)

    late = clock(handoff, "accept")
    assert late.breached_at is not None
    assert late.met_at is not None


def test_a_breach_is_recorded_once(mara, rita):
    overdue(clock(make_offer(rita, mara), "accept"))

    assert [telling.record_breaches(), telling.record_breaches()] == [1, 0]


def test_a_kept_promise_never_breaches(mara, rita):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)
    overdue(clock(handoff, "accept"))

    telling.record_breaches()

    assert clock(handoff, "accept").breached_at is None


def test_warnings_come_once_at_half_and_at_four_fifths(mara, rita):
    open_around_the_clock()
    row = clock(make_offer(rita, mara), "accept")
    SlaClock.objects.filter(pk=row.pk).update(half_at=row.started_at, nearly_at=row.started_at)

    assert [telling.record_warnings(), telling.record_warnings()] == [2, 0]


def test_a_withdrawn_offer_waits_in_the_queue_again(mara, rita):
    handoff = make_offer(rita, mara)

    withdraw(handoff=handoff, actor=mara)

    assert clock(handoff, "accept").cancelled_at is not None
    assert clock(handoff, "hand_off").met_at is None
    handoff.lead.refresh_from_db()
    assert handoff.lead.owner is None


def test_a_transfer_gives_the_next_rep_a_clock_of_their_own(mara, rita, otto, max):
    first = make_offer(rita, mara)

    second = reassign(handoff=first, rep=otto, actor=max)

    assert clock(first, "accept").cancelled_at is not None
    assert clock(second, "accept").cancelled_at is None
    assert second.note == first.note
    second.lead.refresh_from_db()
    assert second.lead.owner == otto


def test_the_first_touch_meets_its_clock_and_stands_on_the_timeline(mara, rita):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)

    log_touch(handoff=handoff, actor=rita, kind="call", note="Wants a pilot.")
    first = handoff.first_touch_at
    log_touch(handoff=handoff, actor=rita, kind="meeting")

    assert clock(handoff, "first_touch").met_at is not None
    assert handoff.first_touch_at == first
    kinds = {row.shape.kind for row in Activity.objects.filter(lead=handoff.lead).select_related("shape")}
    assert kinds == {"call", "meeting"}


def test_who_has_called_cannot_undo_the_acceptance(mara, rita):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)
    log_touch(handoff=handoff, actor=rita, kind="call")

    with pytest.raises(TooLateToUndo):
        undo(handoff=handoff, actor=rita)


def test_a_touch_needs_an_accepted_lead(mara, rita):
    handoff = make_offer(rita, mara)

    with pytest.raises(NotBeingWorked):
        log_touch(handoff=handoff, actor=rita, kind="call")

    assert not Activity.objects.exists()


def test_marketing_recycles_and_disqualifies_what_waits(mara):
    tired, student = make_cycle(), make_cycle()

    recycle(cycle=tired, actor=mara, reason="Too early")
    disqualify(cycle=student, actor=mara, reason="Student")

    tired.refresh_from_db()
    student.refresh_from_db()
    assert [tired.outcome, student.outcome] == ["recycled", "disqualified"]
    assert not SlaClock.objects.running().exists()


def test_marketing_cannot_recycle_what_a_rep_holds(mara, rita):
    handoff = make_offer(rita, mara)

    with pytest.raises(NotWaiting):
        recycle(cycle=handoff.cycle, actor=mara, reason="Too early")


def test_sales_does_not_recycle_from_the_queue(max):
    with pytest.raises(PermissionDenied):
        recycle(cycle=make_cycle(), actor=max, reason="Too early")


def test_the_sweep_starts_the_clocks_that_a_lost_bell_left_out(mara, rita):
    offered, accepted = make_offer(rita, mara), accept(handoff=make_offer(rita, mara), actor=rita)
    waiting = make_cycle()
    SlaClock.objects.all().delete()

    sweeps.sweep()
    sweeps.sweep()

    kinds = [clock(waiting, "hand_off"), clock(offered, "accept")]
    kinds += [clock(accepted, "first_touch"), clock(accepted, "disposition")]
    assert SlaClock.objects.count() == len(kinds)


def test_a_lead_disqualified_elsewhere_is_no_longer_on_offer(mara, rita):
    handoff = make_offer(rita, mara)
    handoff.cycle.closed_at, handoff.cycle.outcome = handoff.offered_at, "disqualified"
    handoff.cycle.save()

    sweeps.sweep()

    handoff.refresh_from_db()
    assert handoff.withdrawn_at is not None
    assert not SlaClock.objects.running().exists()
    with pytest.raises(NotWaiting):
        accept(handoff=handoff, actor=rita)


def test_every_step_of_a_handoff_stays_on_record(mara, rita):
    handoff = make_offer(rita, mara)
    reject(handoff=handoff, actor=rita, reason=reason())
    settled(handoff)

    offered, rejected, *_, final = handoff.events.order_by("pgh_id")
    assert offered.rejected_at is None
    assert (rejected.answered_by, rejected.settles_at is None) == (rita, False)
    assert final.settles_at is None
    assert clock(handoff, "accept").events.filter(met_at__isnull=False).exists()


def test_an_anonymous_lead_without_a_score_can_be_handed_off(mara, rita):
    lead = make_lead(name="")
    lead.score.delete()
    lead.score.total = 0

    handoff = offer(cycle=make_cycle(lead), actor=mara, rep=rita)

    assert handoff.is_open
