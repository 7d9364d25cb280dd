"""Models, shapes and histories for the scoring tests: small builders for worked cases, and random ones on borders."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

from scoring.language import DAY, SECOND, Condition, Fact, Group, Model, Rule, Shape

NOW = 1_767_225_600 * SECOND  # 2026-01-01T00:00:00Z
HOUR = 3_600

FIT = Group("fit", "Fit", "fit", -1_000, 1_000)
ENGAGEMENT = Group("engagement", "Engagement", "engagement", -1_000, 1_000)


def behaviour(key: str = "views", **terms: Any) -> Rule:
    defaults = {"name": key, "group": "engagement", "activity": "page_view", "points": 10}
    return Rule(key=key, subject="behaviour", **{**defaults, **terms})


def fit(key: str = "title", *conditions: Condition, **terms: Any) -> Rule:
    return Rule(
        key=key, subject="fit", conditions=conditions, **{"name": key, "group": "fit", "points": 10, **terms}
    )


def model_of(*rules: Rule, groups: tuple[Group, ...] = (FIT, ENGAGEMENT), **terms: Any) -> Model:
    defaults: dict[str, Any] = {
        "version": 1,
        "threshold": 50,
        "fit_floor": 0,
        "margin": 5,
        "fit_cuts": (30, 20, 10),
        "engagement_cuts": (60, 40, 20),
    }
    return Model(groups=groups, rules=rules, **{**defaults, **terms})


def ago(age: float, shape_id: int = 1, **terms: Any) -> Fact:
    """`age` in seconds before NOW."""
    return Fact(shape_id, NOW - round(age * SECOND), **terms)


@dataclass(frozen=True)
class Case:
    """One model with many leads: histories and fields run in parallel."""

    model: Model
    shapes: dict[int, Shape]
    histories: list[list[Fact]]
    fields: list[dict[str, Any]]

    @property
    def columns(self) -> dict[str, list[Any]]:
        return {name: [fields.get(name) for fields in self.fields] for name in FIELD_VALUES}


SPANS = [HOUR, DAY, 7 * DAY, 30 * DAY]
KINDS = ["page_view", "content_download", "webinar_attended"]
PATHS = ["/pricing", "/pricing/enterprise", "/Careers ", "/blog/pricing-myths", ""]
ASSETS = ["Guide", " guide", "report", "", "checklist"]
FIELD_VALUES: dict[str, list[Any]] = {
    "job_title": [None, "", "VP Sales", "Director of IT", "vpn engineer", "Student"],
    "employees": [None, 5, 200, "200", 1_000, 199.5],
    "technologies": [None, [], ["Salesforce", "HubSpot"], ["hubspot"], [" "], "Excel"],
    "country": [None, "DE", "de ", "US", True, 1],
}


def random_case(random: Random, leads: int) -> Case:
    shapes = {number: random_shape(random) for number in range(1, random.randint(4, 14))}
    model = random_model(random)
    return Case(
        model,
        shapes,
        [random_history(random, model, shapes) for _ in range(leads)],
        [{name: random.choice(values) for name, values in FIELD_VALUES.items()} for _ in range(leads)],
    )


def random_shape(random: Random) -> Shape:
    props = {"path": random.choice(PATHS), "asset": random.choice(ASSETS)}
    chosen = {name: value for name, value in props.items() if random.random() < 0.8}
    return Shape(random.choice(KINDS), chosen, machine=random.random() < 0.1)


def random_model(random: Random) -> Model:
    engagement = [f"e{n}" for n in range(random.randint(1, 3))]
    groups = (
        _random_group(random, "fit", "fit"),
        *(_random_group(random, key, "engagement") for key in engagement),
    )
    rules = [
        _random_behaviour(random, f"b{n}", random.choice(engagement)) for n in range(random.randint(1, 7))
    ]
    rules += [
        _random_fit(random, f"f{n}", random.choice(["fit", *engagement])) for n in range(random.randint(0, 5))
    ]
    random.shuffle(rules)
    return model_of(
        *rules, groups=groups, threshold=random.randint(-10, 60), fit_floor=random.randint(-20, 20)
    )


def _random_group(random: Random, key: str, axis: str) -> Group:
    return Group(key, key, axis, random.choice([-1_000, -15, 0]), random.choice([1_000, 40, 12]))


def _random_behaviour(random: Random, key: str, group: str) -> Rule:
    aggregate = random.choice(["count", "count", "distinct", "sum"])
    decay = random.choice(["none", "half_life", "half_life", "expiry"])
    rule = behaviour(
        key,
        group=group,
        activity=random.choice(KINDS),
        conditions=tuple(_random_behaviour_condition(random) for _ in range(random.choice([0, 0, 1, 2]))),
        aggregate=aggregate,
        distinct_by="asset" if aggregate == "distinct" else "",
        window_seconds=random.choice([None, *SPANS]),
        mode=random.choice(["threshold", "each"]),
        n=random.choice([1, 2, 3, 5]) if aggregate != "sum" else random.choice([1, 7, 60, 300]),
        decay=decay,
        decay_seconds=0 if decay == "none" else random.choice(SPANS),
        points=random.choice([-25, -3, 1, 5, 8, 25]),
        cap=random.choice([None, None, 1, 12, 30]),
        enabled=random.random() < 0.95,
    )
    effect = random.choice(["points"] * 6 + ["critical", "disqualify"])
    return rule if effect == "points" else replace(rule, effect=effect, points=0)


def _random_behaviour_condition(random: Random) -> Condition:
    return random.choice(
        [
            Condition("path", "contains_word", ("pricing", "careers")),
            Condition("path", "starts_with", "/pricing"),
            Condition("path", "is_not", "/careers"),
            Condition("asset", "known"),
            Condition("asset", "unknown"),
            Condition("asset", "in", ("guide", "Report")),
            Condition("seconds", "at_least", 60),
            Condition("seconds", "between", (10, 300)),
            Condition("amount", "at_most", 5_000),
        ]
    )


def _random_fit(random: Random, key: str, group: str) -> Rule:
    conditions = [
        Condition("job_title", "contains_word", ("vp", "director")),
        Condition("job_title", "unknown"),
        Condition("employees", "at_least", 200),
        Condition("employees", "between", (10, 500)),
        Condition("technologies", "is", "hubspot"),
        Condition("technologies", "not_in", ("Salesforce",)),
        Condition("country", "in", ("de", "us")),
        Condition("country", "is", 1),
        Condition("country", "known"),
    ]
    effect = random.choice(["points"] * 8 + ["critical", "disqualify"])
    chosen = random.sample(conditions, random.choice([1, 1, 2]))
    return fit(
        key,
        *chosen,
        group=group,
        effect=effect,
        points=random.choice([-20, 5, 12]) if effect == "points" else 0,
    )


def random_history(random: Random, model: Model, shapes: dict[int, Shape]) -> list[Fact]:
    """Half the instants lie on, or one microsecond beside, an edge of some rule; some repeat, some are to come."""
    edges = [
        0,
        *(edge for rule in model.rules for edge in (rule.reach, rule.half_life, rule.award_life) if edge),
    ]
    facts: list[Fact] = []
    for _ in range(random.choice([0, 1, 3, 8, 16])):
        if facts and random.random() < 0.15:
            facts.append(random.choice(facts))
            continue
        age = random.choice(edges) + random.choice([-1, 0, 0, 1])
        if random.random() < 0.5:
            age = random.randint(-HOUR * SECOND, 40 * DAY * SECOND)
        facts.append(_random_fact(random, shapes, NOW - age, len(facts) + 1))
    return facts


def _random_fact(random: Random, shapes: dict[int, Shape], at: int, number: int) -> Fact:
    seconds = random.choice([0, 9, 10, 60, 300, 301, 100_000, -1])
    return Fact(
        random.choice(list(shapes)), at, seconds, random.choice([0, 5_000, 5_001]), random.choice([0, number])
    )
