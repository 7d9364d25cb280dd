"""Who gets a lead and why: rules in their order, obstacles in words, somebody standing in, and holding."""

from datetime import UTC, datetime, timedelta

import pytest

from handoff.calendars import Calendar
from handoff.decisions import Away, LeadFacts, Route, Seat, decide
from scoring.language import Condition

NOW = datetime(2026, 11, 18, 10, tzinfo=UTC)  # a Wednesday
OFFICE = Calendar.from_data({"tz": "UTC", "weekly": {day: [["12:00", "17:00"]] for day in ("wed", "thu")}})
ANA, TOM, MINA = Seat(1, "Ana", team=7), Seat(2, "Tom"), Seat(3, "Mina", team=7)
NORDIC = (Condition("country", "in", ("Norway", "Sweden")),)


def seat(who=ANA, **changes):
    return Seat(**{**who.__dict__, **changes})


def away(who=ANA, **fields):
    return seat(who, absences=(Away(NOW - timedelta(days=1), NOW + timedelta(days=2), **fields),))


def ask(*routes, seats=(ANA, TOM, MINA), owner=None, refusers=(), credits=None, **values):
    return decide(LeadFacts(values, owner, frozenset(refusers)), routes, seats, credits or {}, NOW)


def test_the_first_rule_that_holds_decides_and_the_others_say_why_not():
    uk = Route("UK", "rep", (Condition("country", "is", "United Kingdom"),), rep=2, id=1)
    nordic = Route("Nordic", "team", NORDIC, team=7, team_name="Nordics", id=2)

    found = ask(uk, nordic, country="Norway")

    assert found.rep in {1, 3}
    assert [(step.rule, step.words[:14]) for step in found.steps] == [
        ("UK", "does not apply"),
        ("Nordic", "Rule “Nordic”:"),
    ]
    assert found.steps[0].words == "does not apply: country is Norway"
    assert "in Nordics, with 1 of every 2" in found.because


def test_an_unknown_field_meets_no_condition_and_everybody_in_turn_comes_last():
    found = ask(Route("Nordic", "team", NORDIC, team=7, id=2))

    assert found.steps[0].words == "does not apply: country is not known"
    assert found.route.name == "Everybody in turn"


@pytest.mark.parametrize(
    ("hindered", "words"),
    [
        (away(), "away until Fri 20 Nov 10:00 UTC"),
        (seat(max_open=3, open=3), "full, 3 of 3 offers unanswered"),
        (seat(max_today=5, today=6), "has had 6 of 5 offers today"),
        (seat(calendar=OFFICE), "not at work until Wed 18 Nov 12:00 UTC"),
    ],
)
def test_who_cannot_take_it_is_passed_over_in_words(hindered, words):
    found = ask(seats=(hindered, TOM))

    assert found.rep == TOM.rep
    assert f"Passed over: Ana ({words})" in found.because


def test_whoever_has_the_company_gets_it_and_without_one_the_next_rule_is_tried():
    rule = Route("Company first", "owner", id=1)

    assert ask(rule, owner=2).rep == 2
    assert ask(rule).steps[0].words == "Nobody has this company yet."
    assert ask(rule, owner=99).steps[0].words == "No longer an active sales rep."


def test_cover_stands_in_for_a_named_rep_but_not_for_turns():
    covered = away(cover=2)
    rule = Route("Ana's", "rep", rep=1, id=1)

    named = ask(rule, seats=(covered, TOM, MINA))
    in_turn = [ask(seats=(covered, TOM, MINA), credits={"everybody": {2: -1, 3: 1}}).rep]

    assert named.rep == 2
    assert "stands in" in named.because
    assert in_turn == [3]


def test_somebody_who_rejected_it_gets_it_only_if_nobody_else_can():
    assert ask(seats=(ANA, TOM), refusers={1}).rep == 2
    again = ask(seats=(ANA,), refusers={1})
    assert again.rep == 1
    assert again.because.startswith("Ana did not want this lead before, but nobody else is free.")


def test_a_full_team_holds_the_lead_or_lets_the_next_rule_try():
    full = (seat(max_open=0), TOM)
    wait = Route("Nordic", "team", team=7, hold=True, id=1)

    held, passed_on = ask(wait, seats=full), ask(Route("Nordic", "team", team=7, id=1), seats=full)

    assert held.rep is None
    assert held.because.startswith("Nobody can take it now. Ana: full")
    assert passed_on.rep == 2


def test_with_everybody_away_it_waits_for_the_next_opening():
    found = ask(seats=(away(), seat(TOM, calendar=OFFICE)))

    assert found.rep is None
    assert found.next_at == NOW.replace(hour=12)


def test_a_rule_may_ask_to_wait_for_a_colleague():
    assert ask(Route("Key accounts", "queue", id=1)).rep is None


def test_each_pool_keeps_its_own_turns():
    team = Route("Nordic", "team", team=7, id=1)

    found = ask(team, credits={"everybody": {1: -9, 3: 9}, "team:7": {1: 1, 3: -1}})

    assert (found.rep, found.pool) == (1, "team:7")
    assert set(found.credits) == {1, 3}


def test_who_takes_no_turns_is_no_candidate():
    found = ask(seats=(seat(active=False), TOM, seat(MINA, weight=0)))

    assert [each.name for each in found.candidates] == ["Tom"]
