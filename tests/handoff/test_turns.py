"""Turns are fair at every moment, whatever the weights; who was away catches up a little and no more."""

from collections import Counter
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from handoff.turns import Place, take_turn

weights = st.lists(st.integers(1, 50), min_size=1, max_size=12)


def turns(pool, number, credits=None, **busy):
    """The reps who take `number` turns; `busy` places stay as they are."""
    credits = dict(credits or {})
    for _ in range(number):
        places = [
            Place(rep, weight, credits.get(rep, 0), **busy.get(str(rep), {})) for rep, weight in pool.items()
        ]
        turn = take_turn(places)
        credits = turn.credits
        yield turn.rep, credits


@settings(max_examples=60, deadline=None)
@given(weights, st.integers(1, 150))
def test_no_share_is_ever_a_whole_lead_away_from_its_weight(given_weights, number):
    pool = dict(enumerate(given_weights))
    taken = Counter()

    for turn, (rep, _) in enumerate(turns(pool, number), start=1):
        taken[rep] += 1
        for each, weight in pool.items():
            assert abs(taken[each] - Fraction(turn * weight, sum(given_weights))) < 1


@settings(max_examples=40, deadline=None)
@given(weights, st.integers(1, 60))
def test_credits_always_balance(given_weights, number):
    for _, credits in turns(dict(enumerate(given_weights)), number):
        assert sum(credits.values()) == 0


def test_who_was_away_catches_up_by_two_leads_and_is_not_flooded():
    pool = {1: 1, 2: 1, 3: 1}
    *_, (_, credits) = turns(pool, 60, **{"1": {"free": False, "most_owed": 2}})

    back = [rep for rep, _ in turns(pool, 12, credits)]

    assert Counter(back)[1] == 4 + 2


def test_who_refused_one_lead_gets_the_next_instead():
    (first, credits), *_ = turns({1: 1, 2: 1}, 1, **{"1": {"free": False}})

    following = [rep for rep, _ in turns({1: 1, 2: 1}, 3, credits)]

    assert [first, *following] == [2, 1, 1, 2]


def test_nobody_earns_while_nobody_is_free():
    assert take_turn([Place(1, 1, free=False), Place(2, 3, free=False)]) is None
    assert take_turn([]) is None
