"""Public holidays kept on calendars: some years ahead, more as time goes by."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F

from handoff import public_holidays
from handoff.clock import database_now
from handoff.models import BusinessCalendar

YEARS_AHEAD = 3
YEARS_BACK = 1  # a promise of last December may still run


def dates_to_keep(country: str, region: str) -> dict[str, str]:
    """Name by date; nothing without a country. Raises UnknownPlace."""
    if not country:
        return {}
    year = database_now().year
    return public_holidays.names_by_date(country, region, range(year - YEARS_BACK, year + YEARS_AHEAD + 1))


def extend_holidays() -> int:
    """Once a year has begun, the calendars of a country learn the next one. Dates that are kept stay."""
    followers = BusinessCalendar.objects.exclude(holiday_country="").order_by("pk")
    return sum(_extend(pk) for pk in list(followers.values_list("pk", flat=True)))


@transaction.atomic
def _extend(pk: int) -> bool:
    calendar = BusinessCalendar.objects.select_for_update().get(pk=pk)
    last = max(calendar.public_holidays, default="")
    wanted = dates_to_keep(calendar.holiday_country, calendar.holiday_region)
    further = {day: name for day, name in wanted.items() if day > last}
    if not further:
        return False
    kept = calendar.public_holidays | further
    BusinessCalendar.objects.filter(pk=pk).update(public_holidays=kept, version=F("version") + 1)
    return True
