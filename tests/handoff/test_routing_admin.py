"""What admins set and try: rules in words, their order, a look ahead, and the past through a draft."""

import pytest

from handoff.models import Handoff, RoutingRule
from tests.handoff.factories import make_cycle, make_lead, make_offer

pytestmark = pytest.mark.django_db
BASE = "/admin/handoff/routingrule/"


def typed(*conditions, **changes):
    rows = [*conditions, ("", "", "")]
    fields = {"name": "Nordic", "state": "live", "position": 10, "target": "everybody"} | changes
    columns = zip(("field", "op", "value"), zip(*rows, strict=True), strict=True)
    return fields | {f"conditions_{name}": values for name, values in columns}


def test_a_rule_says_itself_in_words_while_it_is_typed(ada, team, client_of):
    form = typed(("country", "in", "Norway, Sweden"), target="team", team=team.pk, hold="on")

    live = client_of(ada).post(f"{BASE}sentence/", form).content.decode()
    client_of(ada).post(f"{BASE}add/", form)

    words = "When the country is Norway or Sweden, the lead goes to Nordics, in turn; if nobody can take it, it waits."
    assert words in live
    assert words in client_of(ada).get(BASE).content.decode()
    assert RoutingRule.objects.get().conditions == [
        {"field": "country", "op": "in", "value": ["Norway", "Sweden"]}
    ]


@pytest.mark.parametrize(
    ("conditions", "changes", "words"),
    [
        ([("contry", "is", "Norway")], {}, "Did you mean country?"),
        ([("score", "at_least", "many")], {}, "the value must be a number"),
        ([("country", "is", "")], {}, "say what country is compared with"),
        ([], {"target": "rep"}, "Choose the rep"),
        ([], {"target": "team"}, "Choose the team"),
        ([], {"target": "moon"}, "not one of the available choices"),
        ([], {"name": ""}, "This field is required"),
    ],
)
def test_a_rule_that_cannot_be_asked_is_refused_in_words(conditions, changes, words, ada, client_of):
    admin, form = client_of(ada), typed(*conditions, **changes)

    assert words in admin.post(f"{BASE}sentence/", form).content.decode()
    assert words in admin.post(f"{BASE}add/", form).content.decode()
    assert not RoutingRule.objects.exists()


def test_rules_are_reordered_and_copied_as_drafts(ada, client_of):
    for place, name in enumerate(("One", "Two", "Three")):
        RoutingRule.objects.create(name=name, target="queue", state="live", position=place)
    last = RoutingRule.objects.get(name="Three")

    for action in ("move_up", "copy_as_draft"):
        client_of(ada).post(BASE, {"action": action, "_selected_action": [last.pk]})

    live = RoutingRule.objects.filter(state="live")
    assert list(live.values_list("name", flat=True)) == ["One", "Three", "Two"]
    assert RoutingRule.objects.get(state="draft").name.startswith("Three (draft")


def test_an_admin_asks_who_would_get_a_lead_and_nothing_happens(ada, rita, otto, client_of):
    cycle, cold = make_cycle(), make_lead("Cold One", total=10)
    admin = client_of(ada)

    pages = [
        admin.get(f"{BASE}look-ahead/", {"lead": wanted}).content.decode()
        for wanted in (cycle.lead.pk, cold.email, "nobody@example.com")
    ]

    assert "<b>Rita Rep</b>" in pages[0]
    assert "Rules for Cold One" in pages[1]
    assert "There is no lead" in pages[2]
    assert not Handoff.objects.exists()


def test_the_past_goes_through_a_draft(ada, rita, otto, mara, client_of):
    for country in ("Italy", "Italy", "Norway"):
        make_offer(rita, mara, make_cycle(make_lead(f"From {country}", country=country)))
    draft = RoutingRule.objects.create(
        name="Italy",
        target="rep",
        rep=otto,
        conditions=[{"field": "country", "op": "is", "value": "Italy"}],
    )

    answer = client_of(ada).get(f"{BASE}simulation/", {"run": "1", "days": 30, "rules": [draft.pk]})
    result = answer.context["result"]

    assert (result.offers, result.differ, result.held) == (3, 2, 0)
    assert [(share.name, share.was, share.would_be) for share in result.shares] == [
        ("Otto Other", 0, 2),
        ("Rita Rep", 3, 1),
    ]
    assert "named there" in answer.content.decode()


@pytest.mark.parametrize("days", ["0", "many", "9999"])
def test_impossible_days_are_refused(days, ada, client_of):
    answer = client_of(ada).get(f"{BASE}simulation/", {"run": "1", "days": days})

    assert answer.context["result"] is None
    assert answer.context["form"].errors["days"]


@pytest.mark.parametrize("path", ["", "look-ahead/", "simulation/", "add/"])
def test_only_admins_come_here(path, max, mara, client_of):
    assert {client_of(user).get(BASE + path).status_code for user in (max, mara)} == {302}


@pytest.mark.parametrize("listing", ["routingrule", "absence", "routingdecision", "roundrobinseat"])
def test_every_list_opens(listing, ada, rita, mara, client_of):
    make_offer(rita, mara)
    client_of(ada).post(f"{BASE}add/", typed())

    assert client_of(ada).get(f"/admin/handoff/{listing}/").status_code == 200
