"""What `{% load ui %}` puts into a page."""

import datetime as dt
from types import SimpleNamespace

import pytest
from django.template import Context, Template

NOW = dt.datetime(2026, 11, 17, 14, 26, tzinfo=dt.UTC)
EVIL = '"><script>alert(1)</script>'


def render(source: str, **context: object) -> str:
    return Template("{% load ui %}" + source).render(Context(context))


@pytest.mark.parametrize(
    "source",
    [
        "{% icon evil label=evil %}",
        "{% score evil evil %}",
        "{% pill evil evil evil %}",
        "{% tag evil %}",
        "{% avatar evil evil evil %}",
        "{% number evil unit=evil %}",
        "{% plural 2 evil %}",
        "{% sla clock %}",
        "{% when None evil %}",
    ],
)
def test_nothing_typed_by_a_stranger_becomes_markup(source):
    clock = {"state": EVIL, "words": EVIL, "due_at": NOW}

    html = render(source, evil=EVIL, clock=clock)

    assert "<script" not in html


def test_a_picture_is_silent_unless_it_has_a_name():
    assert 'aria-hidden="true"' in render('{% icon "inbox" %}')
    assert 'role="img" aria-label="Inbox"' in render('{% icon "inbox" label="Inbox" %}')


@pytest.mark.parametrize(("total", "level"), [(80, 4), (79, 3), (70, 3), (69, 2), (65, 2), (64, 1), (-3, 1)])
def test_the_blue_grows_with_the_score(total, level):
    assert f'data-level="{level}"' in render("{% score total %}", total=total)


def test_the_line_of_the_model_decides_the_paler_blue():
    assert 'data-level="2"' in render("{% score 50 'C2' threshold=50 %}")
    assert 'data-level="1"' in render("{% score 66 'C2' threshold=67 %}")


def test_a_score_row_is_shown_as_it_judges_itself():
    row = SimpleNamespace(total=89, band="A1", level=2)

    html = render("{% score row %}", row=row)

    assert 'data-level="2"' in html
    assert "<b>89</b>" in html
    assert "A1" in html


def test_no_score_yet_is_said_in_words():
    assert "not scored" in render("{% score None %}")


def test_a_running_clock_tells_the_browser_what_is_left():
    clock = {"state": "soon", "words": "18 min left", "percent": 15, "due_at": NOW, "left": 1080.4}

    html = render("{% sla clock %}", clock=clock)

    assert 'data-due="2026-11-17T14:26:00Z"' in html
    assert 'title="Due Tue 17 Nov 2026, 14:26 UTC"' in html
    assert 'data-left="1080" data-running' in html
    assert 'stroke-dasharray="15 100"' in html
    assert "18 min left" in html


def test_a_stopped_clock_does_not_count():
    clock = {"state": "ok", "words": "2 h left", "percent": 60, "due_at": NOW, "left": 7200, "running": False}

    assert "data-running" not in render("{% sla clock %}", clock=clock)


@pytest.mark.parametrize("state", ["paused", "met", "missed"])
def test_a_clock_that_is_over_has_a_sign_instead_of_a_ring(state):
    html = render("{% sla clock %}", clock={"state": state, "words": "Met in 21 min"})

    assert "<circle" not in html
    assert "data-left" not in html


def test_a_lead_without_a_promise_shows_none():
    assert render("{% sla None %}") == ""


def test_unknown_is_said_in_words():
    assert "not known" in render("{% number None %}")
    assert "not known" in render("{% when None %}")
    assert "never" in render('{% when None "never" %}')


def test_a_number_carries_its_unit():
    assert ">18.9%<" in render('{% number 18.9 places=1 unit="%" %}')
    assert ">42\u00a0min<" in render('{% number 42 unit="min" %}')


def test_one_lead_and_many():
    assert render('{% plural 1 "lead" %}') == "1 lead"
    assert render('{% plural 1204 "company" "companies" %}') == "1,204 companies"


def test_an_instant_keeps_both_its_readings(time_machine):
    time_machine.move_to(NOW)

    html = render("{% when moment %}", moment=NOW - dt.timedelta(minutes=18))

    assert 'datetime="2026-11-17T14:08:00Z"' in html
    assert ">18 min ago<" in html


def test_a_neutral_pill_has_no_tone():
    assert "data-tone" not in render('{% pill "Neutral" %}')
    assert "data-tone" not in render('{% pill "Neutral" "shocking" %}')


@pytest.mark.parametrize(
    "text", ["", "Anna", "Anna Maria", "Å" * 9, "A\u030anna", "A\u030a" * 12, "<b>&amp; long</b>"]
)
def test_clipped_says_what_django_says(text):
    ours = Template("{% load ui %}{{ text|clipped:8 }}").render(Context({"text": text}))

    assert ours == Template("{{ text|truncatechars:8 }}").render(Context({"text": text}))
