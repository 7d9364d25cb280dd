"""Which day it is, where the organisation is at home: the same for every reader."""

from __future__ import annotations

import zoneinfo
from datetime import date, datetime

from django.utils import timezone

from accounts.models import Organisation


def home() -> zoneinfo.ZoneInfo:
    return zoneinfo.ZoneInfo(Organisation.current().time_zone)


def day_of(moment: datetime) -> date:
    return timezone.localdate(moment, home())


def today() -> date:
    return timezone.localdate(timezone=home())
