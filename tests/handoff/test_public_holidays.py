"""Public holidays by country and region: shown, kept by date, exactly the day itself."""

import pytest

from handoff import public_holidays
from handoff.calendars import due
from handoff.models import BusinessCalendar
from handoff.services import calendars
from tests.handoff.calendar_samples import at, calendar
from tests.handoff.test_admin import calendar_form

ADD = "/admin/handoff/businesscalendar/add/"


@pytest.mark.parametrize(
    ("country", "region", "day", "name"),
    [
        ("NO", "", "2026-05-17", "Constitution Day"),
        ("DE", "BY", "2026-01-06", "Epiphany"),
        ("US", "", "2026-11-26", "Thanksgiving Day"),
        ("GB", "SCT", "2026-11-30", "Saint Andrew's Day"),
        ("IN", "", "2026-01-26", "Republic Day"),
        ("JP", "", "2026-05-05", "Children's Day"),
    ],
)
def test_they_are_known_by_place_and_named(country, region, day, name):
    found = public_holidays.names_by_date(country, region, [2026])

    assert name in found[day]


def test_a_region_has_days_of_its_own():
    bavaria, germany = (public_holidays.names_by_date("DE", region, [2026]) for region in ("BY", ""))

    assert set(germany) < set(bavaria)


def test_a_holiday_on_a_saturday_leaves_the_days_around_it_open():
    closed = list(public_holidays.names_by_date("US", "", [2026]))
    hours = calendar("America/New_York", holidays=closed)

    assert due(hours, at("2026-07-03T16:00", "America/New_York"), 120) == at(
        "2026-07-06T10:00", "America/New_York"
    )


@pytest.mark.parametrize(("country", "region"), [("XX", ""), ("", "BY"), ("DE", "ZZ"), ("NO", "BY")])
def test_a_place_that_does_not_exist_is_refused_with_the_field(country, region, ada, client_of):
    form = calendar_form(holiday_country=country, holiday_region=region)

    answer = client_of(ada).post(ADD, form)

    wrong = answer.context["adminform"].form.errors
    assert set(wrong) & {"holiday_country", "holiday_region"}
    assert not BusinessCalendar.objects.filter(name="Shifts").exists()


def test_the_dates_are_kept_on_the_calendar_and_shown(ada, client_of):
    admin = client_of(ada)

    admin.post(ADD, calendar_form(holiday_country="NO", holidays=["12-24"]))

    made = BusinessCalendar.objects.get(name="Shifts")
    assert made.as_data()["holidays"] == ["12-24", *sorted(made.public_holidays)]
    assert len({day[:4] for day in made.public_holidays}) == calendars.YEARS_BACK + 1 + calendars.YEARS_AHEAD
    assert (
        "Constitution Day" in admin.get(f"/admin/handoff/businesscalendar/{made.pk}/change/").content.decode()
    )


@pytest.mark.django_db
def test_a_new_year_is_added_once_and_what_is_kept_stays():
    kept = {"2001-05-17": "An older list"}
    row = BusinessCalendar.objects.create(name="Oslo", holiday_country="NO", public_holidays=kept)

    done = [calendars.extend_holidays(), calendars.extend_holidays()]

    row.refresh_from_db()
    assert done == [1, 0]
    assert row.public_holidays["2001-05-17"] == "An older list"
    assert row.version == 2
