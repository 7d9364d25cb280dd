"""What forms ask and how answers are read; no database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leads.form_questions import (
    Definition,
    Question,
    asked,
    is_origin,
    is_web_address,
    plain,
    problems,
    read_answers,
)
from leads.form_words import SAID, language_of
from scoring.language import Condition, Model, Rule
from scoring.questions import ranked

EMAIL = Question("email", {"en": "E-mail"}, "email", required=True)
SIZE = Question("employees", {"en": "Size"}, "choice", ask="next", choices=("1-50", "51-200"))
ROLE = Question("title", {"en": "Role"}, ask="next")
CITY = Question("city", {"en": "City"}, ask="unknown")
FORM = Definition(
    title={"en": "Guide"}, questions=(EMAIL, SIZE, ROLE, CITY), at_most=1, mapping={"your-email": "email"}
)
PLAIN = {
    "version": 1,
    "threshold": 65,
    "fit_floor": 0,
    "margin": 5,
    "fit_cuts": (1, 2, 3),
    "engagement_cuts": (1, 2, 3),
}
FIELDS = ("email", "employees", "title", "city")


def test_only_the_most_telling_unknown_question_is_asked():
    first = asked(FORM, {}, ["title", "employees"])
    known = asked(FORM, {"email": "a@b.no", "title": "Director", "city": "Bergen"}, ["employees"])

    assert [one.name for one in first] == ["email", "title", "city"]
    assert [one.name for one in known] == ["employees"]


def test_the_field_that_could_move_the_fit_most_stands_first():
    def rule(key, points, *conditions):
        return Rule(key=key, name=key, group="fit", subject="fit", points=points, conditions=conditions)

    energy, big = Condition("industry", "is", "Energy"), Condition("employees", "gte", 500)
    model = Model(
        rules=(rule("a", 10, Condition("title", "contains_word", "director")), rule("b", 30, energy, big)),
        groups=(),
        **PLAIN,
    )

    assert ranked(model, ["title", "employees"], {}) == ["employees", "title"]
    assert ranked(model, ["title", "employees"], {"industry": "Health"}) == ["title"]


def test_wrong_answers_are_named_and_the_right_ones_read():
    posted = {"email": "nobody", "employees": "lots", "title": " Director ", "shoe": "42"}

    found = read_answers(FORM, posted, FIELDS, {})

    assert found.values == {"title": "Director"}
    assert found.errors == {"email": "email", "employees": "choice"}
    assert found.dropped == {"shoe": "No field is mapped to it."}


def test_a_foreign_form_is_read_by_its_mapping():
    found = read_answers(FORM, {"your-email": "A@B.no", "x": "1"}, None, {}, mapped=True)

    assert found.values == {"email": "a@b.no"}
    assert list(found.dropped) == ["x"]


def test_a_form_that_cannot_work_is_not_published():
    broken = Definition(
        questions=(
            Question("title", {}),
            Question("moon", {"en": "Moon?"}),
            Question("title", {"en": "Again"}),
        ),
        redirect="javascript:alert(1)",
        origins=("https://a.example/path",),
        topics=(1,),
    )

    places = {problem.place for problem in problems(broken, FIELDS, {})}

    assert places == {"title", "redirect", "consent", "origins", "questions", "moon"}
    assert problems(FORM, FIELDS, {}) == []


def test_a_choice_that_its_field_cannot_hold_is_named_before_anybody_sees_it():
    asks = Question("employees", {"en": "Size"}, "choice", choices=("51-200", "Quite a few", "unknown"))

    words = [
        problem.words for problem in problems(Definition({"en": "x"}, questions=(EMAIL, asks)), FIELDS, {})
    ]

    assert len(words) == 2
    assert "Quite a few" in words[0]


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "//evil.example",
        "https:\\\\evil",
        "https://good@evil.example",
        "data:text/html,x",
        "/x",
        "http://[",
        "",
    ],
)
def test_only_plain_web_addresses_are_redirected_to(address):
    assert not is_web_address(address)
    assert not is_origin(address)


@given(st.lists(st.tuples(st.text(max_size=12), st.text(max_size=12)), max_size=8))
def test_whatever_is_posted_is_read_without_a_fault(posted):
    raw = plain(posted)

    found = read_answers(FORM, raw, None, {}, mapped=True)

    assert len(raw) <= 100
    assert set(found.values) <= set(FIELDS)


def test_both_languages_say_everything():
    assert SAID["en"].keys() == SAID["de"].keys()
    assert language_of("", "de-AT,de;q=0.9,en;q=0.8", {"en", "de"}) == "de"
    assert language_of("", "fr", {"de"}) == "en"
