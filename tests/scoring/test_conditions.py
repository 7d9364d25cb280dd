"""Which values meet which conditions."""

import pytest

from scoring.conditions import Verdict, all_of, verdict
from scoring.language import Condition

HIT, MISS, OPEN, LOOSE = Verdict.HIT, Verdict.MISS, Verdict.OPEN, Verdict.LOOSE


@pytest.mark.parametrize(
    ("op", "wanted", "value", "expected"),
    [
        ("is", "Germany", " germany ", HIT),
        ("is", "Germany", "German", MISS),
        ("is", True, True, HIT),
        ("is", 1, True, MISS),
        ("is", True, 1, MISS),
        ("is", 200, "200", HIT),
        ("is", 200, 200.0, HIT),
        ("is", "Straße", "STRASSE", HIT),
        ("is", "ﬁrm", "firm", HIT),
        ("is_not", "Germany", "France", HIT),
        ("is_not", "Germany", "GERMANY", MISS),
        ("in", ("de", "at"), "AT", HIT),
        ("not_in", ("de", "at"), "fr", HIT),
        ("contains_word", ("vp", "vice president"), "Senior Vice  President, Sales", HIT),
        ("contains_word", ("vp",), "VPN engineer", MISS),
        ("contains_word", ("pricing",), "/pricing/enterprise", HIT),
        ("contains_word", ("c++",), "C++ developer", HIT),
        ("contains_word", (".*",), "anything", MISS),
        ("starts_with", "/pricing", "/Pricing/a", HIT),
        ("starts_with", ("/a", "/b"), "/c", MISS),
        ("at_least", 200, 200, HIT),
        ("at_least", 200, "199.9", MISS),
        ("at_most", 10, 10, HIT),
        ("at_least", 200, "many", MISS),
        ("between", (10, 20), 10, HIT),
        ("between", (10, 20), 20, HIT),
        ("between", (10, 20), 21, MISS),
        ("known", None, 0, HIT),
        ("known", None, False, HIT),
        ("unknown", None, "x", MISS),
    ],
)
def test_one_value(op, wanted, value, expected):
    assert verdict(Condition("field", op, wanted), value) == expected


@pytest.mark.parametrize("blank", [None, "", "   ", [], ["", None], float("nan")])
def test_a_blank_value_is_unknown_and_never_a_mismatch(blank):
    for op, wanted in [("is", "a"), ("is_not", "a"), ("not_in", ("a",)), ("at_least", 1), ("known", None)]:
        assert verdict(Condition("field", op, wanted), blank) == OPEN
    assert verdict(Condition("field", "unknown"), blank) == LOOSE


def test_a_list_matches_when_any_element_does():
    technologies = ["Salesforce", "HubSpot"]

    assert verdict(Condition("technologies", "is", "hubspot"), technologies) == HIT
    assert verdict(Condition("technologies", "in", ("sap", "hubspot")), technologies) == HIT
    assert verdict(Condition("technologies", "is_not", "hubspot"), technologies) == MISS
    assert verdict(Condition("technologies", "not_in", ("sap",)), technologies) == HIT


def test_a_miss_outweighs_what_is_not_known():
    assert all_of([HIT, OPEN, MISS]) == MISS
    assert all_of([HIT, OPEN, LOOSE]) == OPEN
    assert all_of([HIT, LOOSE]) == LOOSE
    assert all_of([]) == HIT


def test_an_operator_nobody_knows_is_an_error():
    with pytest.raises(ValueError, match="sounds_like"):
        verdict(Condition("field", "sounds_like", "a"), "a")
