"""What once broke a page is refused in words, and nothing is half-saved."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from handoff.errors import CannotPause, NotWaiting
from handoff.models import Absence, ClockPause, Opportunity
from handoff.services.answers import accept
from handoff.services.pauses import pause
from handoff.services.returns import recycle
from tests.handoff.factories import make_deal, make_offer, open_around_the_clock

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
        recycle(handoff=deal.handoff, actor=rita, reason="Not now.")

    assert Opportunity.objects.open().filter(pk=deal.pk).exists()
    assert deal.handoff.cycle.closed_at is None


def test_a_look_ahead_survives_a_null_character(client_of, ada):
    answer = client_of(ada).get(reverse("admin:handoff_routingrule_look_ahead"), {"lead": "\x00"})

    assert answer.status_code == 200
