"""Segments answer for many leads at once what scoring's definitions say of one."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from leads import fields
from leads.models import Company, CustomField, Lead
from leads.services.activities import record_activity
from nurturing import segments
from nurturing.segments import BadDefinition, vocabulary
from nurturing.segments.language import parse, stored
from nurturing.segments.preview import preview
from nurturing.services.segments import save_segment
from scoring import conditions as oracle
from scoring.language import Condition as Asked
from scoring.models import ModelVersion, Score
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
    ("employees", "between", [10, 100]),
    ("employees", "unknown", None),
    ("technologies", "is", "Django"),
    ("technologies", "is_not", "django"),
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


def has(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op, "value": value}


def did(kind: str, **values: Any) -> dict[str, Any]:
    return {"did": kind, **values}


def group(match: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"match": match, "items": list(items)}


def inside(definition: Any) -> set[int]:
    return segments.matches(definition, Lead.objects.values_list("pk", flat=True))


def visits(lead: Lead, *days_ago: float, path: str = "/pricing", **values: Any) -> None:
    for days in days_ago:
        moment = timezone.now() - timedelta(days=days)
        record_activity(lead=lead, kind="page_view", occurred_at=moment, props={"path": path}, **values)


@pytest.mark.parametrize(("field", "op", "value"), ASKED)
def test_many_leads_get_the_verdicts_of_scoring(people: list[Lead], field: str, op: str, value: Any) -> None:
    ids = [lead.pk for lead in people]
    known = fields.columns(ids, [field])[field]
    asked = Asked(field, op, tuple(value) if isinstance(value, list) else value)
    expected = {
        pk for pk, has in zip(ids, known, strict=True) if oracle.verdict(asked, has) >= oracle.Verdict.LOOSE
    }

    assert inside([has(field, op, value)]) == expected


def test_a_bare_list_asks_for_all_and_merged_leads_never_count(people: list[Lead]) -> None:
    Lead.objects.filter(pk=people[4].pk).update(country="Norway", merged_into=people[0])

    found = inside([has("country", "is", "Norway"), has("employees", "at_least", 10)])

    assert found == {people[0].pk}


def test_groups_stand_in_groups(people: list[Lead]) -> None:
    head, hunter, _, nobody, _ = (lead.pk for lead in people)
    nordic_or_small = group("any", has("country", "is", "Norway"), has("employees", "at_most", 5))

    assert inside(group("all", nordic_or_small, has("email", "known"))) == {head, hunter}
    assert inside(group("none", has("country", "is", "Norway"), has("title", "starts_with", ["a"]))) == {
        hunter
    }
    assert inside(group("any", has("title", "unknown"), group("none", has("title", "known")))) == {nobody}


def test_none_of_and_is_not_agree_about_what_is_not_known(people: list[Lead]) -> None:
    assert inside(group("none", has("country", "is", "Norway"))) == inside(
        [has("country", "is_not", "Norway")]
    )


def test_behaviour_counts_occurrences_different_values_and_time() -> None:
    often, wide, long = factories.lead(), factories.lead(), factories.lead()
    visits(often, 1, 2, 3)
    visits(wide, 1, path="/plans")
    visits(wide, 40, 2, path="/pricing")
    record_activity(lead=long, kind="engaged_time", props={"path": "/pricing"}, seconds=300)
    pricing = [has("path", "contains_word", ["pricing"])]

    assert inside([did("page_view", where=pricing, n=3)]) == {often.pk}
    assert inside([did("page_view", where=pricing, n=2, window_seconds=86_400 * 30)]) == {often.pk}
    assert inside([did("page_view", count="distinct", distinct_by="path", n=2)]) == {wide.pk}
    assert inside([did("engaged_time", count="sum", n=300)]) == {long.pk}
    assert inside([did("page_view", n=3, compare="fewer_than")]) == {long.pk}


def test_machines_and_the_future_are_no_behaviour() -> None:
    lead = factories.lead()
    visits(lead, 1, machine=True)
    visits(lead, -0.5)

    assert inside([did("page_view")]) == set()


def test_stage_score_and_band_can_be_asked_for() -> None:
    lead, other = factories.lead(stage="recycled"), factories.lead()
    version = ModelVersion.objects.create(number=91)
    values = {"fit": 30, "engagement": 12, "band": "B2", "as_of": lead.created_at}
    Score.objects.create(lead=lead, version=version, total=42, **values)

    found = inside(
        [
            has("score", "between", [30, 64]),
            has("fit", "is", 30),
            has("engagement", "at_most", 12),
            has("band", "is", "b2"),
            has("stage", "is", "recycled"),
        ]
    )

    assert found == {lead.pk}
    assert inside([has("score", "unknown")]) == {other.pk}


def test_consent_can_be_asked_for() -> None:
    free, bounced, nameless = factories.lead(), factories.lead(), factories.lead(email=None)
    bounced.suppressions.create(address=bounced.email, reason="bounced")

    assert inside([has("mailable", "is", "yes")]) == {free.pk}
    assert inside([has("mailable", "is", "no")]) == {bounced.pk, nameless.pk}
    assert inside([has("suppressed", "is", "bounced")]) == {bounced.pk}
    assert inside([has("suppressed", "unknown")]) == {free.pk, nameless.pk}


def test_campaigns_and_other_segments_can_be_asked_for() -> None:
    run, other = factories.enrolled(), factories.lead()
    nordic = factories.segment()

    assert inside([{"campaign": run.campaign_id, "been": True}]) == {run.lead_id}
    assert inside([{"campaign": run.campaign_id, "been": False}]) == {other.pk}
    assert inside([{"segment": nordic.pk, "in": True}]) == {run.lead_id, other.pk}
    assert inside([{"segment": nordic.pk, "in": False}]) == set()


@pytest.mark.parametrize(
    ("key", "op", "written"),
    [
        ("employees", "at_least", "many"),
        ("employees", "between", "5"),
        ("employees", "between", "9, 2"),
        ("employees", "contains_word", "5"),
        ("employees", "at_least", "1e400"),
        ("employees", "at_least", "nan"),
        ("mailable", "is", "perhaps"),
        ("country", "is", " , "),
        ("country", "at_least", "5"),
        ("country", "nonsense", "5"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(key: str, op: str, written: str) -> None:
    with pytest.raises(BadDefinition):
        vocabulary.read(segments.registry()[key], op, written)


@pytest.mark.parametrize(
    ("definition", "words"),
    [
        ([has("owner__password", "starts_with", ["a"])], "there is no such field"),
        ([has("countri", "is", "Norway")], "Did you mean country?"),
        ([has("employees", "contains_word", ["5"])], "Company size cannot be asked"),
        ([did("page_views")], "There is no activity"),
        ([did("page_view", n=0)], "from 1 to"),
        ([did("page_view", count="distinct")], "which property must differ"),
        ([did("page_view", window_seconds=-1)], "window must be longer than 0"),
        ([did("page_view", where=[has("path", "at_least", "x")])], "must be a number"),
        ([{"segment": 987_654}], "segment or list that exists"),
        ([{"campaign": 10**30}], "campaign that exists"),
        (group("all"), "at least one condition"),
        (group("some", has("email", "known")), "all, any or none"),
        (group("all", group("any", group("any", group("any", has("email", "known"))))), "3 deep"),
        ([has("country", "is", "Norway")] * 61, "at most 60"),
        ([{"field": "country", "op": "is", "value": {"$ne": 1}}], "compares with text"),
        (["country"], "no condition"),
        ("country", "no condition"),
        ({"match": "all", "items": None}, "cannot be read"),
    ],
)
def test_a_definition_nobody_can_mean_is_not_saved(mara: Any, definition: Any, words: str) -> None:
    with pytest.raises(BadDefinition, match=words.replace("?", r"\?")):
        save_segment(segment=None, name="Bad", conditions=definition, actor=mara)


def test_segments_that_ask_about_each_other_in_a_circle_are_refused_by_name(mara: Any) -> None:
    first = factories.segment(name="First")
    second = factories.segment(name="Second", conditions=[{"segment": first.pk}])
    third = factories.segment(name="Third", conditions=[{"segment": second.pk}])

    with pytest.raises(
        BadDefinition, match="“First” asks about “Third” asks about “Second” asks about “First”"
    ):
        save_segment(segment=first, name="First", conditions=[{"segment": third.pk}], actor=mara)


def test_what_is_stored_comes_back_and_reads_as_a_sentence() -> None:
    written = group(
        "all",
        has("country", "in", ["Norway", "Sweden"]),
        group(
            "any",
            did(
                "page_view",
                where=[has("path", "contains_word", ["pricing"])],
                count="count",
                distinct_by="",
                window_seconds=604_800,
                compare="at_least",
                n=3,
            ),
            has("score", "at_least", 50),
        ),
        group("none", {"segment": 7, "in": True}),
    )

    assert stored(parse(written)) == written
    assert segments.sentence(written, segments.registry()) == (
        "country is one of Norway, Sweden and (views a pricing page at least 3 times within 7 days or score is at "
        "least 50) and not is in “a segment that is gone”"
    )


def test_the_count_of_a_large_base_is_drawn_and_says_so() -> None:
    for number in range(30):
        factories.lead(country="Norway" if number % 2 else "Chile")
    definition = parse([has("country", "is", "Norway")])

    whole, drawn = preview(definition), preview(definition, exact_up_to=10)

    assert (whole.count.hits, whole.count.exact, len(whole.shown)) == (15, True, 10)
    assert drawn.count.low <= 15 <= drawn.count.high
