"""A promise that waits for the lead, with a reason, and runs on with what was left."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models import F

from handoff.clock import database_now
from handoff.errors import CannotPause, CannotResume
from handoff.faces import face
from handoff.models import ClockPause, SlaClock
from handoff.services import telling
from handoff.services.answers import accept
from handoff.services.pauses import pause, resume
from tests.handoff.factories import clock, make_offer, open_around_the_clock, overdue

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def worked(mara, rita):
    """Accepted by Rita, around the clock."""
    open_around_the_clock()
    return accept(handoff=make_offer(rita, mara), actor=rita)


def an_hour_ago(handoff):
    """As if the pause, and the clock before it, had begun earlier."""
    for model in (ClockPause, SlaClock):
        model.objects.update(started_at=F("started_at") - HOUR)
    SlaClock.objects.update(paused_at=F("paused_at") - HOUR)


def test_a_paused_promise_has_no_due_time_and_gets_it_back_later(worked, rita):
    before = clock(worked, "first_touch").due_at
    pause(handoff=worked, actor=rita, reason="waiting", note="Back on Monday")
    stopped = clock(worked, "first_touch")
    an_hour_ago(worked)

    resume(handoff=worked, actor=rita)

    after = clock(worked, "first_touch")
    assert (stopped.due_at, stopped.half_at, stopped.escalate_at) == (None, None, None)
    assert timedelta(0) <= after.due_at - before < timedelta(minutes=1)
    assert after.paused_at is None
    stop = after.pauses.get()
    assert (stop.reason, stop.by, stop.resumed_by) == ("waiting", rita, rita)


def test_a_pause_with_an_end_knows_its_due_time_at_once_and_ends_by_itself(worked, rita):
    before, now = clock(worked, "first_touch").due_at, database_now()
    until = now + timedelta(days=2)

    pause(handoff=worked, actor=rita, reason="away", until=until)

    row = clock(worked, "first_touch")
    assert abs(row.due_at - before - timedelta(days=2)) < timedelta(minutes=1)
    assert face(row, now).state == "paused"
    assert face(row, until).state == "ok"
    assert [row.kind for row in SlaClock.objects.filter(paused_at__isnull=False).order_by("kind")] == [
        "disposition",
        "first_touch",
    ]


def test_the_answer_to_an_offer_never_waits(mara, rita):
    handoff = make_offer(rita, mara)

    with pytest.raises(CannotPause, match="No promise runs"):
        pause(handoff=handoff, actor=rita, reason="away")


def test_what_is_overdue_stays_overdue(worked, rita):
    SlaClock.objects.filter(handoff=worked, kind="disposition").delete()
    overdue(clock(worked, "first_touch"))

    with pytest.raises(CannotPause, match="stays overdue"):
        pause(handoff=worked, actor=rita, reason="other")

    telling.record_breaches()
    assert clock(worked, "first_touch").breached_at
    assert not ClockPause.objects.exists()


def test_pausing_twice_and_resuming_twice_are_refused_in_words(worked, rita):
    with pytest.raises(CannotResume, match="run already"):
        resume(handoff=worked, actor=rita)
    pause(handoff=worked, actor=rita, reason="inside")
    with pytest.raises(CannotPause, match="paused already"):
        pause(handoff=worked, actor=rita, reason="inside")
    with pytest.raises(CannotPause, match="over already"):
        pause(handoff=worked, actor=rita, reason="away", until=database_now() - HOUR)

    assert ClockPause.objects.count() == 2  # one for each clock of the lead


def test_nobody_pauses_a_colleagues_promise_but_the_manager_does(worked, otto, max):
    with pytest.raises(PermissionDenied):
        pause(handoff=worked, actor=otto, reason="waiting")

    assert len(pause(handoff=worked, actor=max, reason="waiting")) == 2
