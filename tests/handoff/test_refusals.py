"""What once broke a page is refused in words, and nothing is half-saved."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from handoff.errors import CannotPause, NotWaiting
from handoff.models import Absence, BusinessCalendar, ClockPause, Handoff, Opportunity, RejectReason
from handoff.services.answers import accept
from handoff.services.pauses import pause
from handoff.services.reassignments import reassign
from handoff.services.returns import recycle
from leads.models import Activity
from tests.handoff.factories import (
    clock,
    make_deal,
    make_offer,
    make_pipeline,
    open_around_the_clock,
    overdue,
    reason,
)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("start", ["0001-01-01T00:00", "9999-12-31T23:59"])
def test_an_absence_in_an_absurd_year_is_refused_and_the_team_page_lives_on(start, client_of, max, rita):
    client = client_of(max)

    answer = client.post(f"/team/{rita.pk}/absences/", {"starts_at": start, "ends_at": "", "most_owed": "2"})

    assert answer.status_code == 422
    assert "Choose a year from 2000 to 3000." in answer.content.decode()
    assert not Absence.objects.exists()
    assert client.get("/team/").status_code == 200


def test_a_pause_until_a_far_year_is_refused(rita, mara):
    open_around_the_clock()
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)

    with pytest.raises(CannotPause, match="a year at most"):
        pause(handoff=handoff, actor=rita, reason="waiting", until=timezone.now() + timedelta(days=3000))

    assert not ClockPause.objects.exists()


def test_a_lead_with_an_open_deal_is_not_recycled_under_it(rita, mara):
    open_around_the_clock()
    deal = make_deal(rita, mara)

    with pytest.raises(NotWaiting, match="open deal"):
        recycle(handoff=deal.handoff, actor=rita, reason=reason())

    assert Opportunity.objects.open().filter(pk=deal.pk).exists()
    assert deal.handoff.cycle.closed_at is None


def test_a_look_ahead_survives_a_null_character(client_of, ada):
    answer = client_of(ada).get(reverse("admin:handoff_routingrule_look_ahead"), {"lead": "\x00"})

    assert answer.status_code == 200


def test_the_same_touch_sent_twice_is_one_touch(client_of, rita, mara):
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)
    rep, url = client_of(rita), f"/handoffs/{handoff.pk}/touches/"
    key = rep.get(url).context["form"]["key"].value()

    for _ in range(2):
        rep.post(url, {"kind": "call", "note": "Wants a pilot.", "key": key})
    rep.post(
        url, {"kind": "call", "note": "Called again.", "key": rep.get(url).context["form"]["key"].value()}
    )

    assert Activity.objects.filter(lead=handoff.lead, shape__kind="call").count() == 2


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2101-01-01"])
def test_a_deal_expected_in_an_absurd_year_is_refused_and_keeps_what_was_typed(day, client_of, rita, mara):
    make_pipeline()
    handoff = accept(handoff=make_offer(rita, mara), actor=rita)
    rep, url = client_of(rita), f"/handoffs/{handoff.pk}/opportunity/"
    typed = {"name": "Fjellheim", "currency": "EUR", "expected_close": day, "key": str(uuid4())}

    answer = rep.post(url, typed)

    assert answer.status_code == 422
    assert "Choose a year from 2000 to 2100." in str(answer.context["form"].errors["expected_close"])
    assert f'value="{day}"' in answer.content.decode()
    assert not Opportunity.objects.exists()


@pytest.mark.parametrize("zone", ["localtime", "posixrules", "Factory", "EST", "", "Europe"])
def test_a_calendar_belongs_to_a_place(zone):
    with pytest.raises(ValidationError, match="not a known IANA time zone"):
        BusinessCalendar(name="Here", tz=zone).full_clean()

    BusinessCalendar(name="There", tz="Europe/Oslo").full_clean()
    BusinessCalendar(name="Everywhere", tz="UTC").full_clean()


@pytest.mark.parametrize(
    ("digit", "words"), [(1, "Another active reason has this digit"), (0, "digit from 1 to 9")]
)
def test_a_reason_says_what_is_wrong_with_its_digit(digit, words):
    RejectReason.objects.filter(digit=1).delete()
    RejectReason.objects.create(label="First", digit=1, consequence="recycle")

    with pytest.raises(ValidationError, match=words):
        RejectReason(label="Second", digit=digit, consequence="recycle").full_clean()


def test_an_overdue_lead_says_beforehand_why_it_cannot_be_snoozed(client_of, rita, mara):
    open_around_the_clock()
    handoff = make_offer(rita, mara)
    before = client_of(rita).get(f"/inbox/{handoff.pk}/").content.decode()

    overdue(clock(handoff, "accept"))
    after = client_of(rita).get(f"/inbox/{handoff.pk}/").content.decode()

    assert 'data-key="s"' in before
    assert 'data-key="s"' not in after
    assert "Nearly due, so it stays in sight" in after


def test_what_an_open_deal_forbids_is_not_offered_and_the_reason_stands_in_its_place(
    client_of, rita, otto, max, mara
):
    open_around_the_clock()
    deal = make_deal(rita, mara)
    inbox = f"/inbox/{deal.handoff_id}/"
    worked = client_of(rita).get(inbox).content.decode()
    reassign(handoff=deal.handoff, rep=otto, actor=max)
    offer = Handoff.objects.live().get()

    offered = client_of(otto).get(f"/inbox/{offer.pk}/").content.decode()
    dialogs = [client_of(otto).get(f"/handoffs/{offer.pk}/{way}/") for way in ("rejection", "recycling")]
    sheet = client_of(mara).get(f"/queue/{offer.cycle_id}/").content.decode()

    assert 'data-key="c"' not in worked
    assert 'data-key="a"' in offered
    assert 'data-key="r"' not in offered
    assert f"/handoffs/{offer.pk}/withdrawal/" not in sheet
    for page in (worked, offered, sheet):
        assert "Close the deal first" in page
    for dialog in dialogs:
        assert "has an open deal. Win or lose it first." in dialog.content.decode()
        assert 'name="reason"' not in dialog.content.decode()
