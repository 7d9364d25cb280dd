"""A model, a shape and a fact survive the way to the database and back, and a typing error does not."""

import json

import pytest

from scoring.language import Condition, Fact, Model, Rule, Shape
from tests.scoring.cases import DAY, behaviour, fit, model_of


def through_json(thing):
    return type(thing).from_data(json.loads(json.dumps(thing.to_data())))


def test_a_model_survives_json():
    model = model_of(
        behaviour(
            conditions=(Condition("path", "in", ("/a", "/b")), Condition("seconds", "between", (1, 60)))
        ),
        fit("title", Condition("title", "known"), Condition("size", "at_least", 200)),
        behaviour("faded", window_seconds=7 * DAY, decay="half_life", decay_seconds=30 * DAY, cap=25),
    )

    assert through_json(model) == model


@pytest.mark.parametrize(
    "thing", [Shape("page_view", {"path": "/"}, machine=True), Fact(3, 17, 60, 5_000, 9)]
)
def test_shapes_and_facts_survive_json(thing):
    assert through_json(thing) == thing


def test_a_misspelt_name_is_refused_not_ignored():
    with pytest.raises(TypeError, match="windows_seconds"):
        Rule.from_data({**behaviour().to_data(), "windows_seconds": 60})


def test_a_model_without_cuts_is_refused():
    data = model_of().to_data()
    del data["fit_cuts"]

    with pytest.raises(KeyError):
        Model.from_data(data)
