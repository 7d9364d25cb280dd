"""Public holidays by country and region, from the `holidays` library, as plain dates with their names.

Exactly the days themselves: where the law moves a holiday that falls on a weekend to the Monday after, that Monday
is not closed unless the calendar lists it. A promise would otherwise depend on a habit that many offices do not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

import holidays
from holidays.registry import COUNTRIES

LAST_YEAR = 2099  # of what the library knows well enough to be worth keeping


class UnknownPlace(ValueError):
    """The message names what can be chosen instead."""


@lru_cache(maxsize=1)
def countries() -> dict[str, str]:
    """Names by ISO code, in the order of names."""
    named = {codes[1]: _spoken(codes[0]) for codes in COUNTRIES.values()}
    return dict(sorted(named.items(), key=lambda item: item[1]))


def regions(country: str) -> list[str]:
    return list(holidays.list_supported_countries(include_aliases=False).get(country, []))


def check(country: str, region: str) -> None:
    """Raises UnknownPlace."""
    if country not in countries():
        raise UnknownPlace(f"There are no public holidays for the country “{country}”.")
    known = regions(country)
    if region and region not in known:
        choices = f"one of {', '.join(known)}, or leave it empty" if known else "leave it empty"
        raise UnknownPlace(f"“{region}” is not a region of {countries()[country]}: {choices}.")


def names_by_date(country: str, region: str, years: Iterable[int]) -> dict[str, str]:
    """{"2026-12-25": "Christmas Day"}, in English where the library speaks it. Raises UnknownPlace."""
    check(country, region)
    wanted = [year for year in years if year <= LAST_YEAR]
    language = "en_US" if "en_US" in holidays.country_holidays(country).supported_languages else None
    found = holidays.country_holidays(
        country, subdiv=region or None, years=wanted, expand=False, observed=False, language=language
    )
    return {day.isoformat(): str(name)[:100] for day, name in sorted(found.items())}


def _spoken(name: str) -> str:
    """UnitedStates is a name for programs."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
