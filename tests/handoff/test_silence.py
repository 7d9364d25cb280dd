"""Nobody answered: what the organisation agreed on happens once, in working time, and is counted apart."""

from datetime import timedelta
from threading import Thread

import pytest
from django.db import connection
from django.db.models import F

from handoff.errors import AlreadyAnswered
from handoff.figures import acceptance
from handoff.models import Agreement, Handoff, SlaClock
from handoff.services import telling
from handoff.services.answers import accept
from handoff.services.silence import keep_silence_rule
from leads.models import Lead
from tests.handoff.factories import clock, make_offer, open_around_the_clock, overdue

pytestmark = pytest.mark.django_db


@pytest.fixture
def silent(mara, rita):
    """An offer whose promise broke three hours ago, under a rule that waits two."""

    def make(rule, after=120):
        open_around_the_clock()
        Agreement.objects.update_or_create(pk=1, defaults={"silence": rule, "silence_minutes": after})
        handoff = make_offer(rita, mara)
        overdue(clock(handoff, "accept"), timedelta(hours=3))
        telling.record_breaches()
        return handoff

    return make


def test_silence_may_mean_yes(silent):
    handoff = silent("accept")

    assert (keep_silence_rule(), keep_silence_rule()) == (1, 0)

    handoff.refresh_from_db()
    assert handoff.accepted_at
    assert (handoff.silence, handoff.answered_by) == ("accepted", None)
    assert Lead.objects.get(pk=handoff.lead_id).stage == "sql"
    assert clock(handoff, "accept").met_at is None
    assert clock(handoff, "first_touch").started_at == handoff.accepted_at


def test_silence_may_send_the_lead_back_with_a_new_promise_of_marketing(silent):
    handoff = silent("return")

    keep_silence_rule()

    handoff.refresh_from_db()
    assert handoff.withdrawn_at
    assert handoff.silence == "returned"
    assert Lead.objects.get(pk=handoff.lead_id).owner is None
    assert SlaClock.objects.running().filter(handoff=handoff, kind="hand_off").exists()


def test_silence_may_only_be_told_upwards_and_the_rep_can_still_answer(silent, rita):
    handoff = silent("escalate")

    assert (keep_silence_rule(), keep_silence_rule()) == (1, 0)
    accept(handoff=handoff, actor=rita)

    handoff.refresh_from_db()
    assert handoff.silence == "escalated"
    assert handoff.answered_by == rita


@pytest.mark.parametrize("rule", ["nothing", "accept"])
def test_before_its_time_and_without_a_rule_nothing_happens(silent, rule):
    handoff = silent(rule, after=240 if rule == "accept" else 0)

    keep_silence_rule()

    handoff.refresh_from_db()
    assert handoff.is_open


def test_a_later_edit_of_the_agreement_moves_no_instant_that_was_set(silent):
    handoff = silent("accept", after=240)
    keep_silence_rule()
    before = Handoff.objects.get(pk=handoff.pk).silence_due_at
    Agreement.objects.update(silence_minutes=1)

    keep_silence_rule()

    assert Handoff.objects.get(pk=handoff.pk).silence_due_at == before


def test_the_rule_is_counted_apart_and_who_comes_late_hears_of_it(silent, rita, mara, client_of):
    handoff = silent("accept")
    stale = Handoff.objects.get(pk=handoff.pk)
    keep_silence_rule()

    with pytest.raises(AlreadyAnswered, match="The silence rule accepted it"):
        accept(handoff=stale, actor=rita)

    assert (acceptance()["accepted"], acceptance()["silent"]) == (0, 1)
    assert "and 1 by the silence rule" in client_of(mara).get("/queue/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_and_a_rep_have_one_winner(silent, rita):
    handoff = silent("return")
    keep_silence_rule.__globals__["_plan"](Agreement.current(), 10)
    Handoff.objects.filter(pk=handoff.pk).update(silence_due_at=F("offered_at"))
    done = []

    def sweep():
        done.append(keep_silence_rule())
        connection.close()

    def answer():
        try:
            accept(handoff=Handoff.objects.get(pk=handoff.pk), actor=rita)
            done.append(1)
        except AlreadyAnswered:
            done.append(0)
        connection.close()

    threads = [Thread(target=sweep), Thread(target=sweep), Thread(target=answer)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    handoff.refresh_from_db()
    assert sum(done) == 1
    assert bool(handoff.accepted_at) != bool(handoff.withdrawn_at)
