"""Whose promise a clock begins under, and who is told of it when."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from handoff.errors import NotBeingWorked
from handoff.models import BusinessCalendar, ClockMove, SlaClock, SlaPolicy, TeamHours
from handoff.services import receivers, sweeps, telling
from handoff.services.answers import accept, undo
from handoff.services.reassignments import reassign
from handoff.services.touches import log_touch
from leads.models import Lead
from tests.handoff.factories import (
    ALWAYS,
    clock,
    make_cycle,
    make_lead,
    make_offer,
    open_around_the_clock,
    overdue,
)

pytestmark = pytest.mark.django_db
OVER = {"2000-01-01": [["09:00", "10:00"]]}  # closed ever since


def policy(name, minutes, *conditions, **fields):
    row = {"calendar": SlaPolicy.in_force().calendar, "accept_minutes": minutes} | fields
    asked = [{"field": field, "op": op, "value": value} for field, op, value in conditions]
    return SlaPolicy.objects.create(name=name, conditions=asked, **row)


def promised(cycle, rita, mara):
    return clock(make_offer(rita, mara, cycle), "accept").minutes


def test_the_first_policy_that_fits_decides_and_the_default_comes_last(mara, rita):
    policy("Referrals", 15, ("source", "is", "referral"), position=2)
    policy("Best fit", 30, ("fit", "is", "A"), ("engagement", "at_most", 2), position=1)
    both = make_cycle(make_lead(source="Referral"), band="A2")
    referral = make_cycle(make_lead(source="referral"), band="B1")
    neither = make_cycle(make_lead(source=""), band="A3")

    assert [promised(cycle, rita, mara) for cycle in (both, referral, neither)] == [30, 15, 120]


def test_what_is_not_known_meets_no_condition_and_a_policy_switched_off_none(mara, rita):
    policy("Elsewhere", 15, ("country", "is_not", "Norway"))
    policy("Paused", 20, ("score", "at_least", 1), active=False)
    policy("Unfinished", 25)

    assert promised(make_cycle(), rita, mara) == 120


def test_after_the_hand_off_the_receivers_team_hours_count(mara, rita, otto):
    night = BusinessCalendar.objects.create(
        name="Night", tz="Asia/Kolkata", weekly={"mon": [["22:00", "06:00"]]}
    )
    TeamHours.objects.create(team=rita.team, calendar=night)
    hers, his = make_offer(rita, mara), make_offer(otto, mara)

    assert clock(hers, "accept").calendar == night.as_data()
    assert clock(hers, "accept").policy["calendar"] == "Night"
    assert clock(his, "accept").calendar["tz"] == "UTC"
    assert clock(hers.cycle, "hand_off").calendar["tz"] == "UTC"


def test_a_decision_is_promised_on_acceptance_and_kept_by_what_follows(mara, rita):
    deal, lost, open_ = (accept(handoff=make_offer(rita, mara), actor=rita) for _ in range(3))
    Lead.objects.filter(pk=deal.lead_id).update(stage="opportunity")
    lost.cycle.closed_at, lost.cycle.outcome = lost.accepted_at, "lost"
    lost.cycle.save()

    sweeps.sweep()

    assert clock(deal, "disposition").met_at
    assert clock(lost, "disposition").met_at
    assert clock(lost, "first_touch").cancelled_at
    assert not clock(open_, "disposition").met_at


def test_an_answer_after_the_due_time_is_late_even_if_no_sweep_has_seen_it(mara, rita):
    handoff = make_offer(rita, mara)
    overdue(clock(handoff, "accept"))

    accept(handoff=handoff, actor=rita)

    late = clock(handoff, "accept")
    assert late.breached_at == late.due_at
    assert late.met_at > late.due_at


def test_at_night_a_breach_is_recorded_and_told_in_the_morning(mara, rita):
    row = clock(make_offer(rita, mara), "accept")
    overdue(row)
    SlaClock.objects.filter(pk=row.pk).update(
        calendar={**row.calendar, "weekly": {}, "exceptions": OVER}, escalate_at=Now()
    )

    sweeps.sweep()
    night = clock(row.handoff, "accept")
    SlaClock.objects.filter(pk=row.pk).update(calendar={**row.calendar, "weekly": ALWAYS})
    done = [sweeps.sweep(), sweeps.sweep()]

    assert night.breached_at == night.due_at
    assert (night.breach_told_at, night.escalated_at) == (None, None)
    assert [(each["told"], each["escalated"]) for each in done] == [(1, 1), (0, 0)]


def test_an_answer_in_time_is_never_escalated(mara, rita):
    open_around_the_clock()
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)
    SlaClock.objects.filter(handoff=handoff, kind="accept").update(escalate_at=Now() - timedelta(hours=1))

    assert telling.escalate() == 0


def test_the_manager_of_the_team_hears_and_where_there_is_none_all_do(mara, rita, otto, max, ada, person):
    other = person("Olga Other", "manager")
    of_team, of_nobody = clock(make_offer(rita, mara), "accept"), clock(make_offer(otto, mara), "accept")

    assert list(receivers.keepers(of_team)) == [rita]
    assert list(receivers.managers(of_team)) == [max]
    assert set(receivers.managers(of_nobody)) == {max, other}
    assert list(receivers.managers(clock(of_team.cycle, "hand_off"))) == [ada]


def test_a_worked_lead_moves_with_its_clocks_and_the_next_rep_answers_anew(mara, rita, otto, max):
    open_around_the_clock()
    first = accept(handoff=make_offer(rita, mara), actor=rita)
    away = BusinessCalendar.objects.create(name="Away", weekly={"mon": [["09:00", "10:00"]]})
    otto.team = rita.team.__class__.objects.create(name="South")
    otto.save()
    TeamHours.objects.create(team=otto.team, calendar=away)
    before = clock(first, "first_touch")

    second = reassign(handoff=first, rep=otto, actor=max, note="Rita is away.")

    carried = clock(second, "first_touch")
    assert (carried.pk, carried.started_at, carried.minutes) == (before.pk, before.started_at, before.minutes)
    assert carried.calendar == away.as_data()
    assert carried.due_at > before.due_at
    assert clock(second, "accept").pk != clock(first, "accept").pk
    assert clock(first, "accept").met_at
    move = ClockMove.objects.filter(clock=carried).get()
    assert (move.from_rep, move.to_rep, move.by) == (rita, otto, max)


def test_what_the_first_rep_did_stays_done(mara, rita, otto, max):
    first = accept(handoff=make_offer(rita, mara), actor=rita)
    log_touch(handoff=first, actor=rita, kind="call")

    second = accept(handoff=reassign(handoff=first, rep=otto, actor=max), actor=otto)
    undo(handoff=second, actor=otto)
    sweeps.sweep()

    assert second.first_touch_at == first.first_touch_at
    assert SlaClock.objects.filter(cycle=first.cycle, kind="first_touch").count() == 1
    assert clock(second, "disposition").started_at == first.accepted_at
    with pytest.raises(NotBeingWorked):
        reassign(handoff=first, rep=otto, actor=max)


def test_a_transfer_before_the_answer_carries_no_clock_along(mara, rita, otto, max):
    second = reassign(handoff=make_offer(rita, mara), rep=otto, actor=max)

    assert list(SlaClock.objects.filter(handoff=second).values_list("kind", flat=True)) == ["accept"]
