"""Routing with its rows: turns, limits, absences, the holding queue, and a reason for every assignment."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Team
from handoff.errors import Held
from handoff.models import (
    Absence,
    BusinessCalendar,
    Handoff,
    Holding,
    RoundRobinSeat,
    RoutingDecision,
    RoutingRule,
    TeamHours,
)
from handoff.services.answers import accept
from handoff.services.draining import drain
from handoff.services.offers import offer, withdraw
from handoff.services.routing import preview
from tests.handoff.factories import make_cycle, make_lead

pytestmark = pytest.mark.django_db


def rule(name, target, *conditions, position=0, state="live", **fields):
    said = [dict(zip(("field", "op", "value"), condition, strict=True)) for condition in conditions]
    return RoutingRule.objects.create(
        name=name, target=target, conditions=said, position=position, state=state, **fields
    )


def limit(rep, **limits):
    return RoundRobinSeat.objects.update_or_create(rep=rep, defaults=limits)[0]


def leave(rep, days=3, **fields):
    now = timezone.now()
    return Absence.objects.create(
        rep=rep, starts_at=now - timedelta(days=1), ends_at=now + timedelta(days=days), **fields
    )


def test_a_rule_sends_a_lead_to_its_team_and_the_rep_can_read_why(mara, rita, otto, team, client_of):
    rule("Nordic", "team", ("country", "in", ["Norway"]), team=team)
    handoff = offer(cycle=make_cycle(make_lead(country="Norway")), actor=mara)

    page = client_of(rita).get(f"/handoffs/{handoff.pk}/routing/").content.decode()

    assert handoff.rep == rita
    assert "Rule “Nordic”: next in turn in Nordics" in page
    assert RoutingDecision.objects.get(handoff=handoff).rule == "Nordic"


def test_a_stranger_cannot_read_why_and_reps_cannot_look_ahead(mara, rita, otto, client_of):
    cycle = make_cycle()
    handoff = offer(cycle=make_cycle(), actor=mara, rep=rita)

    assert client_of(otto).get(f"/handoffs/{handoff.pk}/routing/").status_code == 404
    assert client_of(rita).get(f"/queue/{cycle.pk}/routing/").status_code == 403


def test_the_company_stays_with_whoever_has_it(mara, rita, otto):
    rule("Company first", "owner")
    known = make_lead("Known One")
    known.owner = otto
    known.save()

    handoff = offer(cycle=make_cycle(make_lead("New One")), actor=mara)

    assert handoff.rep == otto
    assert handoff.routed_because == "Rule “Company first”: has this company."


def test_drafts_and_rules_switched_off_decide_nothing(mara, rita, otto):
    rule("Draft", "rep", rep=otto, state="draft")
    rule("Off", "rep", rep=otto, state="off")

    assert offer(cycle=make_cycle(), actor=mara).rep == rita


def test_a_look_ahead_says_who_and_takes_no_turn(mara, rita, otto, client_of):
    cycle = make_cycle()

    ahead = [preview(cycle).rep for _ in range(3)]
    page = client_of(mara).get(f"/queue/{cycle.pk}/routing/").content.decode()

    assert ahead == [rita.pk] * 3
    assert "Rita Rep" in page
    assert not Handoff.objects.exists()
    assert offer(cycle=cycle, actor=mara).rep == rita


def test_with_nobody_free_a_lead_waits_and_goes_out_when_a_place_is_free(mara, rita, otto):
    limit(rita, max_open=1)
    leave(otto)
    first = offer(cycle=make_cycle(), actor=mara)
    older, newer = make_cycle(name="Older One"), make_cycle(name="Newer One")
    for cycle in (older, newer):
        with pytest.raises(Held, match="is held: Nobody can take it now"):
            offer(cycle=cycle, actor=mara, note="Ask about seats.")
    assert drain() == 0

    accept(handoff=first, actor=rita)

    assert (drain(), drain()) == (1, 0)
    placed = Handoff.objects.get(cycle=older)
    assert (placed.rep, placed.note, placed.offered_by) == (rita, "Ask about seats.", mara)
    assert Holding.objects.get(released_at=None).cycle == newer


def test_asking_again_keeps_the_place_in_the_line(mara, rita):
    limit(rita, max_open=0)
    cycle = make_cycle()
    for _ in range(2):
        with pytest.raises(Held):
            offer(cycle=cycle, actor=mara)

    assert Holding.objects.count() == 1
    assert RoutingDecision.objects.filter(rep=None).count() == 1


def test_a_held_lead_can_still_be_given_to_somebody_by_hand(mara, rita):
    limit(rita, max_open=0)
    cycle = make_cycle()
    with pytest.raises(Held):
        offer(cycle=cycle, actor=mara)

    offer(cycle=cycle, actor=mara, rep=rita)

    assert not Holding.objects.filter(released_at=None).exists()
    assert drain() == 0


def test_a_blocked_line_does_not_hold_up_another_team(mara, rita, otto):
    south = Team.objects.create(name="South")
    otto.team = south
    otto.save()
    rule("North", "team", ("country", "is", "Norway"), team=rita.team, hold=True)
    rule("South", "team", ("country", "is", "Italy"), team=south, hold=True)
    for rep in (rita, otto):
        limit(rep, max_open=0)
    leads = [make_lead(country="Norway") for _ in range(5)] + [make_lead(country="Italy")]
    for lead in leads:
        with pytest.raises(Held):
            offer(cycle=make_cycle(lead), actor=mara)

    limit(otto, max_open=5)

    assert drain() == 1
    assert Handoff.objects.get().rep == otto


def test_a_lead_that_is_no_mql_any_more_waits_for_nobody(mara, rita):
    seat = limit(rita, max_open=0)
    cycle = make_cycle()
    with pytest.raises(Held):
        offer(cycle=cycle, actor=mara)
    type(cycle).objects.filter(pk=cycle.pk).update(closed_at=Now(), outcome="expired")

    RoundRobinSeat.objects.filter(pk=seat.pk).update(max_open=None)

    assert drain() == 0
    assert not Holding.objects.filter(released_at=None).exists()


def test_offers_of_the_day_are_limited_and_what_was_taken_back_does_not_count(mara, rita, otto):
    limit(rita, max_today=1)
    taken_back = offer(cycle=make_cycle(), actor=mara)
    withdraw(handoff=taken_back, actor=mara)

    reps = [offer(cycle=make_cycle(), actor=mara).rep for _ in range(4)]

    assert reps.count(rita) == 1


def test_hours_of_the_team_hold_unless_a_rep_has_their_own(mara, rita, otto):
    closed = BusinessCalendar.objects.create(
        name="Long ago", weekly={}, exceptions={"2001-01-01": [["09:00", "10:00"]]}
    )
    TeamHours.objects.create(team=rita.team, calendar=closed)

    assert offer(cycle=make_cycle(), actor=mara).rep == otto
    limit(
        rita,
        calendar=BusinessCalendar.objects.create(
            name="Always",
            weekly={day: [["00:00", "24:00"]] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")},
        ),
    )
    assert offer(cycle=make_cycle(), actor=mara).rep == rita


def test_who_left_never_gets_a_lead_not_even_by_rule_or_cover(mara, rita, otto, person):
    gone = person("Gone Away", "rep", is_active=False)
    rule("Gone's", "rep", rep=gone)
    leave(rita, cover=gone)

    assert offer(cycle=make_cycle(), actor=mara).rep == otto


def test_decisions_never_change(mara, rita):
    offer(cycle=make_cycle(), actor=mara)

    with pytest.raises(Exception, match="Cannot update"):
        RoutingDecision.objects.update(because="I liked them better.")


def test_the_api_says_that_a_lead_is_held(mara, rita, client_of):
    limit(rita, max_open=0)
    cycle = make_cycle()

    answer = client_of(mara).post(
        "/api/handoffs/",
        {"lead": cycle.lead_id},
        content_type="application/json",
        headers={"Idempotency-Key": "once"},
    )

    assert answer.status_code == 202
    assert answer.json()["state"] == "held"
    assert Holding.objects.filter(released_at=None, cycle=cycle).exists()


def test_the_hand_off_dialog_says_who_is_next_and_the_sheet_that_it_waits(mara, rita, client_of):
    cycle = make_cycle()
    marketer = client_of(mara)
    dialog = marketer.get(f"/queue/hand-off/?cycle={cycle.pk}").content.decode()
    limit(rita, max_open=0)

    answer = marketer.post("/queue/hand-off/", {"cycle": cycle.pk}, headers={"HX-Request": "true"})

    assert "By the rules it goes to <strong>Rita Rep</strong>" in dialog
    assert answer.status_code == 409
    assert "Held since" in marketer.get(f"/queue/{cycle.pk}/").content.decode()
