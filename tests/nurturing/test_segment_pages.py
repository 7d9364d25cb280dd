"""The builder of segments, and the pages of segments and lists."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.models import User
from leads.models import Lead
from nurturing.models import Segment, SegmentChange, SegmentMember
from nurturing.segment_forms import SegmentForm, shown
from nurturing.services import membership
from nurturing.services import segments as writing
from tests.nurturing import factories

pytestmark = pytest.mark.django_db

Typed = dict[str, Any]


def url(name: str, *args: int) -> str:
    return reverse(f"nurturing:{name}", args=args)


@pytest.fixture
def marketer(client_of: Any, mara: User) -> Client:
    return client_of(mara)


def field(place: str, name: str = "country", op: str = "is", value: str = "Norway") -> Typed:
    return {f"{place}-kind": "field", f"{place}-field": name, f"{place}-op": op, f"{place}-value": value}


def behaviour(place: str, **values: str) -> Typed:
    usual = {"activity": "page_view", "compare": "at_least", "n": "2", "count": "count", "unit": "days"}
    return {f"{place}-kind": "did"} | {f"{place}-{name}": value for name, value in (usual | values).items()}


def group(place: str, match: str = "any") -> Typed:
    return {f"{place}-kind": "group", f"{place}-match": match}


def test_a_tree_of_conditions_is_saved_as_typed_and_shown_again_as_saved(marketer: Client) -> None:
    friends = writing.make_list(name="Friends", actor=None)
    typed = {
        "name": "Warm",
        "r-match": "all",
        **field("r.0", "country", "in", "Norway, Sweden"),
        **group("r.1"),
        **behaviour("r.1.0", window="7"),
        "r.1.0-where_field": "path",
        "r.1.0-where_op": "contains_word",
        "r.1.0-where_value": "pricing",
        **field("r.1.1", "score", "at_least", "50"),
        "r.2-kind": "segment",
        "r.2-in": "no",
        "r.2-segment": str(friends.pk),
        **field("r.3", "", "is", ""),
    }

    answer = marketer.post(url("segment_new"), typed)

    segment = Segment.objects.get(name="Warm")
    assert answer["Location"] == url("segment", segment.pk)
    assert segment.conditions["items"][1]["items"][0] | {"where": []} == {
        "did": "page_view",
        "where": [],
        "count": "count",
        "distinct_by": "",
        "window_seconds": 604_800,
        "compare": "at_least",
        "n": 2,
    }
    again = shown(segment.conditions)
    assert [node.kind for node in again.all()] == ["group", "field", "group", "did", "field", "segment"]
    assert again.inner[1].inner[0].values["window"] == "7"
    page = marketer.get(url("segment", segment.pk)).text
    assert "views a pricing page at least 2 times within 7 days or score is at least 50" in page


def test_conditions_and_groups_are_added_and_removed_without_javascript(marketer: Client) -> None:
    typed = {"name": "N", **field("r.0"), **field("r.1", "city", "is", "Oslo")}

    def after(do: str, **more: str) -> SegmentForm:
        form: SegmentForm = marketer.post(url("segment_new"), {**typed, **more, "do": do}).context["form"]
        return form

    assert [node.kind for node in after("add-did r").root.inner] == ["field", "field", "did"]
    assert [node.values["field"] for node in after("remove r.0").root.inner] == ["city"]
    assert [node.path for node in after("add-group r").root.all()][-1] == "r.2.0"
    assert len(after("add-where r.2", **behaviour("r.2")).root.inner[2].where) == 1
    deep = {**group("r.2"), **group("r.2.0"), **field("r.2.0.0")}
    assert len(list(after("add-group r.2.0", **deep).root.all())) == 6  # three deep and no deeper
    assert len(after("nonsense r.0").root.inner) == len(after("remove r.77").root.inner) == 2
    assert not Segment.objects.exists()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (field("r.0", "employees", "at_least", "plenty"), "compared with a number"),
        (field("r.0", "owner__password"), "Choose a field"),
        (behaviour("r.0", activity="page_viewed"), "There is no activity"),
        (behaviour("r.0", n="many"), "how often with a whole number"),
        (behaviour("r.0", n="9" * 9), "from 1 to"),
        (behaviour("r.0", window="-3"), "how far back"),
        (behaviour("r.0", count="distinct"), "which property must differ"),
        (
            {**behaviour("r.0"), "r.0-where_field": "x", "r.0-where_op": "?", "r.0-where_value": "y"},
            "Name the",
        ),
        ({"r.0-kind": "segment", "r.0-segment": "9" * 18, "r.0-in": "yes"}, "that exists"),
        ({"r.0-kind": "campaign", "r.0-campaign": "x", "r.0-been": "yes"}, "Choose a campaign"),
        ({"r.0-kind": "nonsense"}, "at least one condition"),
        ({f"r{'.0' * depth}-kind": "group" for depth in range(1, 9)}, "at least one condition"),
        (field("r.0", value="\x00"), "Say what country"),
    ],
)
def test_what_nobody_can_mean_is_refused_and_stays_in_the_form(
    marketer: Client, typed: Typed, words: str
) -> None:
    saved = marketer.post(url("segment_new"), {"name": "Kept name", **typed, "do": "save"})
    looked = marketer.post(url("segment_new"), {"name": "Kept name", **typed, "do": "look"})

    assert (saved.status_code, looked.status_code) == (422, 200)
    assert words in saved.text
    assert 'value="Kept name"' in saved.text
    assert not Segment.objects.exists()


def test_a_circle_is_refused_by_name(marketer: Client) -> None:
    first = factories.segment(name="First")
    factories.segment(name="Second", conditions=[{"segment": first.pk}])
    second = Segment.objects.get(name="Second")

    answer = marketer.post(
        url("segment_edit", first.pk),
        {"name": "First", "r.0-kind": "segment", "r.0-segment": str(second.pk), "r.0-in": "yes"},
    )

    assert "“First” asks about “Second” asks about “First”" in answer.text


def test_a_look_answers_with_the_count_alone(marketer: Client) -> None:
    factories.lead()
    typed = {**field("r.0"), "do": "look"}

    answer = marketer.post(url("segment_new"), typed, headers={"HX-Request": "true"})

    assert answer.text.strip().startswith('<section class="stack g3" id="segment-live"')
    assert "1 lead of 1" in strip_tags(answer.text)


def test_the_list_says_how_many_and_what_changed(marketer: Client) -> None:
    segment, lead = factories.segment(), factories.lead()
    membership.build(segment.pk)
    gone = factories.lead()
    SegmentChange.objects.create(segment=segment, lead=gone, at=timezone.now(), entered=False, cause="stage")

    page = strip_tags(marketer.get(url("segments")).text)

    assert "1 in, 1 out" in page
    detail = marketer.get(url("segment", segment.pk)).text
    history = marketer.get(url("segment", segment.pk) + "?show=history").text
    assert lead.name in detail
    assert gone.name not in detail
    assert "The stage changed" in history


def test_deleting_says_what_still_uses_it(marketer: Client) -> None:
    campaign = factories.draft(name="Welcome")
    free = factories.segment()

    refused = marketer.post(url("segment_removal", campaign.segment_id), follow=True)
    marketer.post(url("segment_removal", free.pk))

    assert "it is used by the campaign “Welcome”" in refused.text
    assert list(Segment.objects.all()) == [campaign.segment]


def test_selected_leads_go_on_a_list_and_off_again(marketer: Client, mara: User) -> None:
    one, other = factories.lead(), factories.lead()
    asked = marketer.post(url("listing"), {"lead": [one.pk, other.pk], "next": "/leads/"})
    refused = marketer.post(url("listing"), {"lead": [one.pk], "choose": "1"})

    marketer.post(url("listing"), {"lead": [one.pk, other.pk], "choose": "1", "name": "Fair in May"})
    made = Segment.objects.get(name="Fair in May")
    marketer.post(url("list_removal", made.pk), {"lead": [other.pk]})

    assert "Add 2 leads to a list" in asked.text
    assert refused.status_code == 422
    assert list(SegmentMember.objects.values_list("segment", "lead")) == [(made.pk, one.pk)]
    entries = SegmentChange.objects.order_by("pk").values_list("entered", "cause", "by")
    assert list(entries) == [(True, "hand", mara.pk)] * 2 + [(False, "hand", mara.pk)]


def test_a_segment_by_definition_is_not_changed_by_hand(marketer: Client) -> None:
    segment, lead = factories.segment(), factories.lead()
    membership.build(segment.pk)

    answer = marketer.post(url("list_removal", segment.pk), {"lead": [lead.pk]}, follow=True)

    assert "its definition says who is in it" in answer.text
    assert SegmentMember.objects.count() == 1


def test_a_rep_puts_nobody_on_a_list(client_of: Any, rita: User) -> None:
    lead = factories.lead(owner=rita)

    assert (
        client_of(rita).post(url("listing"), {"lead": [lead.pk], "choose": "1", "name": "X"}).status_code
        == 403
    )

    assert not Segment.objects.exists()


def test_the_page_of_a_lead_names_its_segments(marketer: Client, client_of: Any, rita: User) -> None:
    lead = factories.lead(owner=rita)
    membership.build(factories.segment(name="Nordics").pk)

    for client in (marketer, client_of(rita)):
        assert "Nordics" in client.get(url("panel", lead.pk)).text
    assert Lead.objects.count() == 1


def test_pages_ask_as_many_questions_for_many_as_for_one(
    marketer: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        factories.lead()
        factories.segment()
    segment = Segment.objects.first()
    assert segment is not None
    membership.build(segment.pk)

    for page in (url("segments"), url("segment", segment.pk), url("segment", segment.pk) + "?show=history"):
        with django_assert_max_num_queries(30):
            assert marketer.get(page).status_code == 200
