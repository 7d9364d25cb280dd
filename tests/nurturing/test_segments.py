"""Segments answer in the database what scoring's conditions answer for one lead."""

from typing import Any

import pytest

from leads import fields
from leads.models import Company, CustomField, Lead
from nurturing import segments
from nurturing.segments import BadCondition, Condition
from scoring import conditions as oracle
from scoring.language import Condition as Asked
from tests.nurturing import factories

pytestmark = pytest.mark.django_db

ASKED = [
    ("country", "is", " norway "),
    ("country", "is_not", "Norway"),
    ("country", "in", ["Norway", "Chile"]),
    ("country", "not_in", ["Norway"]),
    ("country", "known", None),
    ("country", "unknown", None),
    ("title", "contains_word", ["head", "VP"]),
    ("title", "contains_word", ["c++", "a.b", "50%"]),
    ("title", "starts_with", ["head of"]),
    ("email_domain", "is", "acme.example"),
    ("email_class", "is", "free"),
    ("email_class", "in", ["business", "role"]),
    ("email_class", "unknown", None),
    ("employees", "at_least", 50),
    ("employees", "at_most", 50),
    ("employees", "between", [10, 100]),
    ("employees", "unknown", None),
    ("technologies", "is", "Django"),
    ("technologies", "is_not", "django"),
    ("technologies", "contains_word", ["postgres"]),
    ("technologies", "starts_with", ["dj"]),
    ("technologies", "unknown", None),
    ("custom.size", "at_least", 7),
    ("custom.size", "unknown", None),
    ("custom.colour", "is", "RED"),
    ("custom.vip", "is", "yes"),
    ("custom.vip", "unknown", None),
]


@pytest.fixture
def people() -> list[Lead]:
    for key, kind in (("size", "number"), ("colour", "text"), ("vip", "boolean")):
        CustomField.objects.create(key=key, label=key, type=kind)
    acme = Company.objects.create(name="Acme", employees=50, technologies=["Django", "Postgres 18"])
    tiny = Company.objects.create(name="Tiny", employees=3, technologies=["Djinn"])
    return [
        factories.lead(
            company=acme, title="Head of IT", email="a@acme.example", custom={"size": 7, "vip": True}
        ),
        factories.lead(
            company=tiny, title="Headhunter", country="Chile", email="b@gmail.com", custom={"size": 6.5}
        ),
        factories.lead(
            title="VP, C++ (50%)",
            country="",
            email="info@x.example",
            custom={"colour": " Red ", "vip": False},
        ),
        factories.lead(title="", country="NORWAY", email=None, custom={"size": None, "colour": ""}),
        factories.lead(title="a.b", country="Norwayland", email="x@mailinator.com", custom={"size": 100}),
    ]


@pytest.mark.parametrize(("field", "op", "value"), ASKED)
def test_the_database_agrees_with_the_definition(people: list[Lead], field: str, op: str, value: Any) -> None:
    ids = [lead.pk for lead in people]
    known = fields.columns(ids, [field])[field]
    asked = Asked(field, op, tuple(value) if isinstance(value, list) else value)
    expected = {
        pk for pk, has in zip(ids, known, strict=True) if oracle.verdict(asked, has) >= oracle.Verdict.LOOSE
    }

    found = segments.matching([Condition(field, op, value)])

    assert set(found.values_list("pk", flat=True)) == expected


def test_all_conditions_must_hold_and_merged_leads_never_count(people: list[Lead]) -> None:
    Lead.objects.filter(pk=people[4].pk).update(country="Norway", merged_into=people[0])

    found = segments.matching([Condition("country", "is", "Norway"), Condition("employees", "at_least", 10)])

    assert list(found) == [people[0]]


def test_score_and_stage_can_be_asked_for() -> None:
    lead = factories.lead(stage="recycled")
    version = Lead.score.related.related_model._meta.get_field("version").related_model.objects.create(
        number=91
    )
    Lead.score.related.related_model.objects.create(
        lead=lead, version=version, total=42, band="B2", as_of=lead.created_at
    )

    found = segments.matching(
        [
            Condition("score", "between", [30, 64]),
            Condition("band", "is", "b2"),
            Condition("stage", "is", "recycled"),
        ]
    )

    assert list(found) == [lead]


@pytest.mark.parametrize(
    ("key", "op", "written"),
    [
        ("employees", "at_least", "many"),
        ("employees", "between", "5"),
        ("employees", "between", "9, 2"),
        ("employees", "contains_word", "5"),
        ("employees", "at_least", "1e400"),
        ("employees", "at_least", "nan"),
        ("country", "is", " , "),
        ("country", "at_least", "5"),
        ("country", "nonsense", "5"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(key: str, op: str, written: str) -> None:
    with pytest.raises(BadCondition):
        segments.read(segments.registry()[key], op, written)


def test_a_field_that_does_not_exist_cannot_be_named() -> None:
    with pytest.raises(BadCondition):
        segments.matching([Condition("owner__password", "starts_with", ["a"])])


def test_the_count_stops_at_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(segments, "COUNT_CAP", 2)
    for _ in range(5):
        factories.lead()

    assert segments.count(segments.matching([Condition("country", "is", "Norway")])) == 3
