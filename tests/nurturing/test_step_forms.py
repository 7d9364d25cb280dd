"""The settings of each kind, as typed: what is kept, what is refused in words, and that nothing typed is lost."""

from typing import Any

import pytest
from django.http import QueryDict

from leads.models import CustomField
from nurturing import kinds
from nurturing.step_forms import FORMS

pytestmark = pytest.mark.django_db
AROUND = kinds.Surroundings(
    mails={"m1": "The guide"},
    segments={3: "Planners"},
    campaigns={4: "Welcome"},
    fields={"department": "Department", "seniority": "Seniority", "custom.seats": "Seats"},
    dates={"custom.budget": "Budget month"},
    pointed=frozenset({"points_added", "points_taken"}),
)
KEPT: list[tuple[str, dict[str, Any]]] = [
    ("wait", {"minutes": 7200}),
    ("wait", {"minutes": 90, "window": {"days": [0, 4], "opens": 480, "closes": 600}}),
    ("wait", {"window": {"days": [6], "opens": 1320, "closes": 1440}}),
    ("wait", {"before": {"field": "custom.budget", "days": 7}}),
    ("event", {"event": {"mail": "m1", "did": "open"}, "minutes": 60}),
    ("event", {"event": {"activity": "page_view", "where": [{"field": "path", "op": "in", "value": ["/a", "/b"]}],
                         "seconds": 1200}, "minutes": 1440}),
    ("condition", {"ask": {"mail": "m1", "did": "click"}}),
    ("condition", {"ask": {"activity": "custom:tour", "where": [], "seconds": 0}}),
    ("condition", {"ask": {"segment": 3}}),
    ("condition", {"ask": {"conditions": [{"field": "country", "op": "in", "value": ["Norway", "Sweden"]},
                                          {"field": "employees", "op": "at_least", "value": 50}]}}),
    ("split", {"arms": [{"key": "a", "words": "Short", "weight": 30}, {"key": "c", "words": "Long", "weight": 70}]}),
    ("field", {"field": "department", "value": "Operations"}),
    ("points", {"points": -5, "words": "Gone quiet"}),
    ("handoff", {"note": "Asked for prices"}),
    ("start", {"campaign": 4}),
    ("exit", {}),
]  # fmt: skip


def typed(form: Any) -> QueryDict:
    """What a browser would send back from the form as it is shown."""
    data = QueryDict(mutable=True)
    for field in form:
        value = field.value()
        if isinstance(value, list):
            data.setlist(field.html_name, [str(item) for item in value])
        elif value is True:
            data[field.html_name] = "on"
        elif value not in (None, False):
            shown = field.field.widget.format_value(value)
            data[field.html_name] = shown[0] if isinstance(shown, list) else str(shown)
    for rows in (getattr(form, name, None) for name in ("where", "about")):
        for row in rows.rows if rows else []:
            for part in ("field", "op", "value"):
                data.appendlist(f"{rows.name}_{part}", getattr(row, part))
    return data


@pytest.mark.parametrize(("kind", "settings"), KEPT, ids=lambda value: str(value)[:40])
def test_settings_survive_being_shown_and_saved(kind: str, settings: dict[str, Any]) -> None:
    shown = FORMS[kind](settings=settings, around=AROUND)

    form = FORMS[kind](typed(shown), settings=settings, around=AROUND)

    assert form.is_valid(), form.errors
    assert form.settings == settings
    assert not kinds.KINDS[kind].problems(form.settings, AROUND)


@pytest.mark.parametrize(
    ("kind", "data", "field", "words"),
    [
        ("wait", "amount=0&unit=days", "amount", "at least one minute"),
        ("wait", "amount=999&unit=weeks", "amount", "two years"),
        ("wait", "amount=-7&unit=days", "amount", "greater than"),
        ("wait", "only=on&opens=08:00&closes=10:00", "days", "Choose at least one day"),
        ("wait", "only=on&days=0&opens=08:00&closes=08:00", "closes", "never open"),
        ("wait", "how=date", "date", "Choose a date"),
        ("event", "what=mail&amount=1&unit=days", "mail", "Choose a mail"),
        ("event", "what=activity&activity=nonsense&amount=1", "activity", "no activity nonsense"),
        ("event", "what=mail&mail=m1&did=open", "amount", "how long"),
        ("condition", "what=segment", "segment", "Choose a segment"),
        ("condition", "what=segment&segment=99", "segment", "valid choice"),
        ("condition", "what=conditions", "__all__", "at least one condition"),
        ("condition", "what=conditions&ask_field=employees&ask_op=at_least&ask_value=many", "__all__", "understood"),
        ("split", "words_0=A&share_0=60&words_1=B&share_1=50", "__all__", "add up to 110%"),
        ("split", "words_0=A&share_0=100", "__all__", "two to"),
        ("field", "field=seniority&value=boss", "value", "One of owner"),
        ("field", "field=custom.seats&value=plenty", "value", "number"),
        ("points", "points=0", "points", "Zero"),
        ("points", "points=1000", "points", "less than"),
        ("start", "", "campaign", "Choose a campaign"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_beside_the_field(kind: str, data: str, field: str, words: str) -> None:
    CustomField.objects.create(key="seats", label="Seats", type="number")

    form = FORMS[kind](QueryDict(data), settings=kinds.KINDS[kind].starts, around=AROUND)

    assert not form.is_valid()
    assert words in str(form.errors[field])


@pytest.mark.parametrize("kind", list(FORMS))
def test_anything_may_be_sent_and_nothing_breaks(kind: str) -> None:
    names = [field.name for field in FORMS[kind](settings={}, around=AROUND)]
    names += [f"{rows}_{part}" for rows in ("where", "ask") for part in ("field", "op", "value")]
    for value in (
        "",
        "\x00",
        "x" * 5000,
        "-1",
        "99999999999999999999",
        "{{",
        "mail",
        "conditions",
        "activity",
    ):
        data = QueryDict(mutable=True)
        for name in names:
            data[name] = value

        form = FORMS[kind](data, settings={}, around=AROUND)

        assert form.is_valid() in (True, False)
