"""Past offers through other rules: the same function as today, with loads and turns as they would have been."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from handoff.decisions import LeadFacts, Route, Seat
from handoff.replay import Past, replay
from scoring.language import Condition

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANA, TOM = Seat(1, "Ana", team=7), Seat(2, "Tom")
ZONES = {1: "Europe/Oslo", 2: "UTC"}


def past(number, *, rep=1, takes=HOUR, every=HOUR, company=None, **values):
    return [
        Past(
            place,
            START + place * every,
            rep,
            LeadFacts(values),
            company,
            START + place * every + takes if takes else None,
        )
        for place in range(number)
    ]


def test_without_rules_the_turns_share_what_one_rep_got():
    found = replay(past(20), [], [ANA, TOM], ZONES)

    assert found.shares() == Counter({1: 10, 2: 10})


def test_a_rule_moves_what_it_names():
    italy = Route("Italy", "rep", (Condition("country", "is", "Italy"),), rep=2, id=1)

    found = replay(past(4, country="Italy"), [italy], [ANA, TOM], ZONES)

    assert found.shares() == Counter({2: 4})


def test_a_busy_rep_is_passed_over_until_the_offer_was_answered():
    full = Seat(1, "Ana", max_open=1)

    found = replay(past(4, takes=2.5 * HOUR), [], [full, TOM], ZONES)

    assert [found.decided[place].rep for place in range(4)] == [1, 2, 2, 1]


def test_a_lead_waits_for_a_free_place_and_is_counted_when_it_never_came():
    full = Seat(1, "Ana", max_open=1)

    found = replay(past(3, takes=1.5 * HOUR), [], [full], ZONES)
    never = replay(past(3, takes=None), [], [full], ZONES)

    assert (len(found.decided), [each.id for each in found.held]) == (2, [2])
    assert len(never.held) == 2


def test_offers_of_the_day_begin_anew_at_midnight():
    limited = Seat(1, "Ana", max_today=2)

    found = replay(past(6, every=12 * HOUR), [], [limited], ZONES)

    assert found.shares() == Counter({1: 6})
    assert replay(past(6), [], [limited], ZONES).shares() == Counter({1: 2})


def test_a_company_stays_with_whoever_got_its_first_lead():
    found = replay(past(5, company=3), [Route("Company first", "owner", id=1)], [ANA, TOM], ZONES)

    assert found.shares() == Counter({1: 5})
