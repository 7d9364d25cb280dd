"""Not now: snoozed leads come back before their promise breaks, recycled ones leave the inbox."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import PermissionDenied
from django.db.models.functions import Now

from handoff.clock import database_now
from handoff.errors import CannotSnooze, NotWaiting
from handoff.models import Handoff, RejectReason
from handoff.services.answers import accept
from handoff.services.offers import withdraw
from handoff.services.returns import recycle
from handoff.services.snoozing import next_morning, snooze, wake
from handoff.services.sweeps import tell_of_snoozed
from leads.models import Activity, Lead, ReEntry
from tests.handoff.factories import clock, make_offer, open_around_the_clock, overdue, reason

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def handoff(mara, rita):
    open_around_the_clock()
    return make_offer(rita, mara)


def listed(user, client_of, address="/inbox/"):
    groups = client_of(user).get(address).context["groups"]
    return [item.handoff.pk for group in groups for item in group.items]


def test_a_snoozed_lead_is_out_of_sight_until_its_time_and_its_clock_runs_on(handoff, rita, client_of):
    due = clock(handoff, "accept").due_at

    snooze(handoff=handoff, actor=rita, until=database_now() + 10 * MINUTE)

    assert listed(rita, client_of) == []
    assert listed(rita, client_of, "/inbox/?show=snoozed") == [handoff.pk]
    assert clock(handoff, "accept").due_at == due

    Handoff.objects.update(snoozed_until=Now() - MINUTE / 10)

    assert listed(rita, client_of) == [handoff.pk]
    assert tell_of_snoozed() == 1


def test_without_script_too_a_snooze_can_be_taken_back(handoff, rita, client_of):
    rep = client_of(rita)

    page = rep.post(f"/handoffs/{handoff.pk}/snooze/", {"when": "hour"}, follow=True).content.decode()
    assert listed(rita, client_of) == []
    rep.post(re.search(r'data-undo.*?action="([^"]+)"', page, re.S)[1])

    assert listed(rita, client_of) == [handoff.pk]


def test_no_lead_sleeps_through_its_promise(handoff, rita):
    snooze(handoff=handoff, actor=rita, until=database_now() + timedelta(days=3))

    assert Handoff.objects.get().snoozed_until == clock(handoff, "accept").nearly_at


def test_a_lead_whose_promise_is_nearly_due_stays_in_sight(handoff, rita):
    overdue(clock(handoff, "accept"))

    with pytest.raises(CannotSnooze, match="stays in sight"):
        snooze(handoff=handoff, actor=rita, until=database_now() + MINUTE)

    assert Handoff.objects.get().snoozed_until is None


@pytest.mark.parametrize("wait", [-MINUTE, timedelta(days=91)])
def test_times_that_make_no_sense_are_refused(wait, handoff, rita):
    with pytest.raises(CannotSnooze, match="between now and 90 days"):
        snooze(handoff=handoff, actor=rita, until=database_now() + wait)


def test_what_left_the_inbox_cannot_be_snoozed_and_strangers_may_not(handoff, mara, rita, otto):
    with pytest.raises(PermissionDenied):
        snooze(handoff=handoff, actor=otto, until=database_now() + MINUTE)
    withdraw(handoff=handoff, actor=mara)

    with pytest.raises(CannotSnooze, match="no longer in the inbox"):
        snooze(handoff=handoff, actor=rita, until=database_now() + MINUTE)


def test_a_snoozed_lead_can_be_brought_back_and_answering_wakes_it(handoff, rita, client_of):
    snooze(handoff=handoff, actor=rita, until=database_now() + 10 * MINUTE)
    wake(handoff=handoff, actor=rita)
    assert listed(rita, client_of) == [handoff.pk]

    snooze(handoff=handoff, actor=rita, until=database_now() + 10 * MINUTE)
    accept(handoff=handoff, actor=rita)

    assert Handoff.objects.get().snoozed_until is None


def test_the_next_morning_is_when_the_reps_hours_begin(mara, rita):
    handoff = make_offer(rita, mara)
    row = clock(handoff, "accept")
    row.calendar |= {"tz": "Europe/Oslo", "weekly": {"mon": [["08:30", "16:00"]]}, "holidays": []}
    row.save()
    friday_evening = datetime(2026, 11, 20, 21, tzinfo=ZoneInfo("Europe/Oslo"))

    morning = next_morning(handoff, friday_evening, "Europe/Oslo")

    assert morning == datetime(2026, 11, 23, 8, 30, tzinfo=ZoneInfo("Europe/Oslo"))


def test_recycling_ends_the_cycle_and_empties_the_inbox(handoff, rita, client_of):
    accept(handoff=handoff, actor=rita)

    recycle(handoff=handoff, actor=rita, reason=reason(), note="No budget before summer.")

    lead = Lead.objects.get()
    assert (lead.stage, lead.owner) == ("recycled", None)
    assert handoff.cycle.lead.cycles.get().outcome == "recycled"
    assert listed(rita, client_of) == []
    with pytest.raises(NotWaiting):
        recycle(handoff=handoff, actor=rita, reason=reason())


def test_recycling_an_accepted_lead_has_the_consequences_of_its_reason(handoff, rita):
    accept(handoff=handoff, actor=rita)
    later = RejectReason.objects.create(
        label="Next year",
        digit=8,
        consequence="recycle",
        campaign=5,
        after_days=20,
        cool_down_days=30,
        lower_by=7,
    )

    recycle(handoff=handoff, actor=rita, reason=later, note="Asked us to call again.")

    cycle = handoff.cycle.lead.cycles.get()
    asked = ReEntry.objects.get()
    assert (cycle.outcome, cycle.outcome_reason) == ("recycled", "Next year: Asked us to call again.")
    assert cycle.cool_until - cycle.closed_at == timedelta(days=30)
    assert (asked.campaign, asked.due_at.date()) == (5, (cycle.closed_at + timedelta(days=20)).date())
    assert Activity.objects.get(shape__kind="score_lowered").seconds == 7


def test_an_accepted_lead_is_not_recycled_without_a_reason_that_recycles(handoff, rita, client_of):
    accept(handoff=handoff, actor=rita)
    rep, address = client_of(rita), f"/handoffs/{handoff.pk}/recycling/"

    sheet = rep.get(address, headers={"HX-Request": "true"}).content.decode()
    silent = rep.post(address, {})
    wrong = rep.post(address, {"reason": reason("disqualify").pk})

    assert "This cannot be undone." in sheet
    assert f'action="{address}"' in sheet
    assert [silent.status_code, wrong.status_code] == [422, 422]
    with pytest.raises(NotWaiting):
        recycle(handoff=handoff, actor=rita, reason=reason("disqualify"))
    assert handoff.cycle.lead.cycles.get().closed_at is None


def test_the_snooze_dialog_keeps_what_was_chosen(handoff, rita, client_of):
    address = f"/handoffs/{handoff.pk}/snooze/"

    silent = client_of(rita).post(address, {})
    timeless = client_of(rita).post(address, {"when": "chosen"})
    past = client_of(rita).post(address, {"when": "chosen", "at": "2020-01-01T10:00"})

    for answer, words in (
        (silent, "Choose until when."),
        (timeless, "Write the date and the time."),
        (past, "between now and 90 days"),
    ):
        assert answer.status_code == 422
        assert words in answer.content.decode()
    assert 'value="2020-01-01T10:00"' in past.content.decode()
    assert Handoff.objects.get().snoozed_until is None


def test_only_those_who_may_answer_set_aside_and_give_back(handoff, mara, otto, client_of):
    for name in ("snooze", "recycling"):
        for method in ("get", "post"):
            assert getattr(client_of(otto), method)(f"/handoffs/{handoff.pk}/{name}/").status_code == 404
            assert getattr(client_of(mara), method)(f"/handoffs/{handoff.pk}/{name}/").status_code == 403
    assert client_of(mara).post(f"/handoffs/{handoff.pk}/waking/").status_code == 403

    assert Handoff.objects.get().is_open
