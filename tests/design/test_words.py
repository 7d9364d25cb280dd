"""How numbers, instants and names are written."""

import datetime as dt

import pytest
from django.utils import timezone

from accounts.words import absolute_words, grouped, hue_of, initials_of, relative_words

NOW = dt.datetime(2026, 11, 17, 14, 26, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("value", "places", "signed", "words"),
    [
        (1204, 0, False, "1,204"),
        (-5, 1, True, "−5.0"),
        (24.44, 1, True, "+24.4"),
        (-0.04, 1, True, "0.0"),
        (0, 0, True, "0"),
        ("many", 0, False, "many"),
    ],
)
def test_numbers_are_grouped_and_carry_a_real_minus(value, places, signed, words):
    assert grouped(value, places, signed) == words


@pytest.mark.parametrize(
    ("ago", "words"),
    [
        (dt.timedelta(seconds=20), "just now"),
        (dt.timedelta(minutes=18), "18 min ago"),
        (dt.timedelta(hours=3), "3 h ago"),
        (dt.timedelta(hours=15), "yesterday"),
        (dt.timedelta(days=3), "14 Nov"),
        (dt.timedelta(days=400), "13 Oct 2025"),
        (-dt.timedelta(minutes=18), "in 18 min"),
        (-dt.timedelta(hours=3), "in 3 h"),
        (-dt.timedelta(hours=20), "tomorrow"),
    ],
)
def test_instants_are_told_from_now(ago, words):
    assert relative_words(NOW - ago, NOW) == words


def test_the_day_is_the_readers_day():
    just_after_midnight_in_oslo = dt.datetime(2026, 11, 16, 23, 10, tzinfo=dt.UTC)

    with timezone.override("Europe/Oslo"):
        words = relative_words(just_after_midnight_in_oslo, NOW)

    assert words == "15 h ago"


def test_a_plain_date_has_no_hours():
    assert relative_words(dt.date(2026, 11, 16), NOW) == "yesterday"
    assert absolute_words(dt.date(2026, 11, 16)) == "Mon 16 Nov 2026"


def test_the_absolute_instant_names_its_zone():
    with timezone.override("Europe/Oslo"):
        words = absolute_words(NOW)

    assert words == "Tue 17 Nov 2026, 15:26 CET"


@pytest.mark.parametrize(
    ("name", "initials"),
    [
        ("Ingrid Solheim", "IS"),
        ("Ana María de la Cruz", "AC"),
        ("prince", "P"),
        ("Élodie ", "É"),
        ("E\u0301lodie", "E\u0301"),
        ("🦊 Fox Ten", "FT"),
        ("👩🏽‍🔧", "👩🏽‍🔧"),
        ("🇳🇴", "🇳🇴"),
        ("王 伟玲", "王伟"),
        ("(van) Berg", "VB"),
        ("", ""),
        ("  -- ", ""),
    ],
)
def test_initials_of_any_name(name, initials):
    assert initials_of(name) == initials


def test_letters_that_would_join_are_kept_apart():
    assert initials_of("سارة الأحمد") == "س\u200cا"


def test_a_colour_stays_with_its_person():
    assert hue_of(6) == hue_of(6 + 8)
    assert {hue_of(key) for key in range(100)} == set(range(1, 9))
    assert hue_of("fjellheim.example") == hue_of("fjellheim.example")
