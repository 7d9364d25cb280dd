"""Real threads on real connections: one winner, fair shares, one breach."""

import threading
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from handoff.errors import AlreadyAnswered
from handoff.models import Handoff, RoundRobinSeat, SlaClock
from handoff.services import sweeps
from handoff.services.answers import UNDO, accept, reject, undo
from handoff.services.offers import offer
from tests.handoff.factories import clock, let_time_pass, make_cycle, make_offer, overdue, reason

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Runs each in a thread of its own, started together; what each returned or raised."""
    results: list[object] = [None] * len(acts)
    line = threading.Barrier(len(acts))

    def run(place: int) -> None:
        line.wait()
        try:
            results[place] = acts[place]()
        except Exception as error:
            results[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_two_tabs_one_accepts_and_the_other_is_told_who(mara, rita):
    handoff = make_offer(rita, mara)

    results = at_once(*[lambda: accept(handoff=Handoff.objects.get(), actor=rita)] * 4)

    losers = [result for result in results if isinstance(result, AlreadyAnswered)]
    assert len(losers) == 3
    assert {loser.who for loser in losers} == {rita}
    assert SlaClock.objects.filter(handoff=handoff, kind="first_touch").count() == 1


def test_accept_and_reject_at_once_leave_one_answer(mara, rita, max):
    for _ in range(5):
        handoff = make_offer(rita, mara)
        no = reason()

        results = at_once(
            lambda pk=handoff.pk: accept(handoff=Handoff.objects.get(pk=pk), actor=rita),
            lambda pk=handoff.pk, no=no: reject(handoff=Handoff.objects.get(pk=pk), actor=max, reason=no),
        )

        assert sum(isinstance(result, AlreadyAnswered) for result in results) == 1


def test_an_undo_and_the_sweep_never_both_win(mara, rita):
    for _ in range(5):
        handoff = make_offer(rita, mara)
        reject(handoff=handoff, actor=rita, reason=reason())
        let_time_pass(handoff, UNDO)  # to the very edge

        at_once(
            lambda pk=handoff.pk: undo(handoff=Handoff.objects.get(pk=pk), actor=rita), sweeps.settle_answers
        )

        handoff.refresh_from_db()
        handoff.cycle.refresh_from_db()
        assert handoff.is_open == (handoff.cycle.closed_at is None)


def test_four_workers_share_two_hundred_leads_fairly(mara, rita, otto, person):
    people = [rita, otto, person("Ines Third", "rep"), person("Paul Fourth", "rep")]
    cycles = [make_cycle() for _ in range(200)]

    results = at_once(
        *[
            lambda part=part: [offer(cycle=cycle, actor=mara) for cycle in cycles[part::4]]
            for part in range(4)
        ]
    )

    assert not [result for result in results if isinstance(result, Exception)]
    shares = Counter(Handoff.objects.values_list("rep", flat=True))
    assert [shares[rep.pk] for rep in people] == [50, 50, 50, 50]


def test_weights_are_kept_within_one_lead_at_every_moment(mara, rita, otto, person):
    paul = person("Paul Third", "rep")
    weights = {rita.pk: 5, otto.pk: 2, paul.pk: 1}
    for rep, weight in weights.items():
        RoundRobinSeat.objects.create(rep_id=rep, weight=weight)

    shares: Counter[int] = Counter()
    for turn in range(1, 25):
        shares[offer(cycle=make_cycle(), actor=mara).rep_id] += 1
        for rep, weight in weights.items():
            assert abs(shares[rep] - turn * weight / 8) <= 1


def test_one_cycle_is_offered_once_by_two_marketers(mara, rita, otto):
    cycle = make_cycle()

    at_once(*[lambda: offer(cycle=cycle, actor=mara)] * 4)

    assert Handoff.objects.count() == 1


def test_two_sweeps_record_one_breach_and_settle_once(mara, rita):
    late, answered = make_offer(rita, mara), make_offer(rita, mara)
    overdue(clock(late, "accept"))
    accept(handoff=answered, actor=rita)
    let_time_pass(answered, UNDO)

    results = at_once(*[sweeps.sweep] * 3)

    assert sum(done["breached"] for done in results) == 1
    assert sum(done["settled"] for done in results) == 1
    assert clock(late, "accept").events.filter(breached_at__isnull=False).count() == 1
