"""What admins set: hours that can be kept, one promise in force, reasons, the rotation."""

import json

import pytest

from handoff.models import BusinessCalendar, SlaPolicy
from tests.handoff.factories import clock, make_offer

pytestmark = pytest.mark.django_db


def calendar_form(**changes):
    fields = {
        "name": "Shifts",
        "tz": "Europe/Oslo",
        "weekly": {"mon": [["22:00", "06:00"]]},
        "holiday_country": "",
        "holiday_region": "",
        "holidays": [],
        "exceptions": {},
    }
    fields |= changes
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in fields.items()}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"weekly": {"mon": []}}, "nothing would ever fall due"),
        ({"weekly": {"mon": [["09:00", "25:00"]]}}, "weekly.mon"),
        ({"tz": "Mars/Olympus"}, "time zone"),
        ({"holidays": ["soon"]}, "holidays"),
        ({"weekly": "not json"}, "valid JSON"),
    ],
)
def test_a_calendar_that_cannot_be_kept_is_refused_with_the_field(change, words, ada, client_of):
    answer = client_of(ada).post("/admin/handoff/businesscalendar/add/", calendar_form(**change))

    assert words in answer.content.decode()
    assert not BusinessCalendar.objects.filter(name="Shifts").exists()


def test_each_change_of_a_calendar_is_a_new_version_and_running_clocks_keep_theirs(
    ada, mara, rita, client_of
):
    handoff = make_offer(rita, mara)
    calendar = SlaPolicy.in_force().calendar
    before = clock(handoff, "accept")

    admin, url = client_of(ada), f"/admin/handoff/businesscalendar/{calendar.pk}/change/"
    seen = admin.post(url, calendar_form()).context["seen"]
    admin.post(url, calendar_form() | {"_seen": seen})

    calendar.refresh_from_db()
    assert (calendar.tz, calendar.version) == ("Europe/Oslo", 2)
    assert clock(handoff, "accept").calendar == before.calendar


def test_exactly_one_policy_is_in_force(ada, client_of):
    old = SlaPolicy.in_force()
    fields = {
        "name": "Faster",
        "calendar": old.calendar_id,
        "hand_off_minutes": 60,
        "accept_minutes": 30,
        "first_touch_minutes": 60,
        "disposition_minutes": 600,
        "position": 100,
        "active": "on",
    }
    admin = client_of(ada)

    answer = admin.post("/admin/handoff/slapolicy/add/", fields | {"is_default": "on"})
    assert answer.status_code == 302, answer.context["errors"]
    faster = SlaPolicy.in_force()
    refused = admin.post(f"/admin/handoff/slapolicy/{faster.pk}/change/", fields)

    assert faster.name == "Faster"
    assert "One policy must be in force" in refused.content.decode()
    assert SlaPolicy.objects.filter(is_default=True).count() == 1


@pytest.mark.parametrize(
    "listing", ["businesscalendar", "teamhours", "slapolicy", "rejectreason", "roundrobinseat"]
)
def test_every_list_opens_for_admins_only(listing, ada, mara, client_of):
    assert client_of(ada).get(f"/admin/handoff/{listing}/").status_code == 200
    assert client_of(mara).get(f"/admin/handoff/{listing}/").status_code == 302
