"""What the decided leads teach: lifts of the rules there are, ideas for others, and a scorecard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scoring import facts
from scoring.batch import score_many
from scoring.explain import labels
from scoring.fit import encode, fit_points
from scoring.health import fitting
from scoring.health.candidates import candidates
from scoring.health.examining import shown
from scoring.health.flags import Flags, Ints, held
from scoring.health.moments import Moments
from scoring.health.populations import Basis
from scoring.health.suggesting import Bools, Idea, added, changed
from scoring.language import Group, Model, Rule

WHO, DEEDS = "card-fit", "card-deeds"  # keys of a scorecard's two groups


@dataclass(frozen=True)
class Lesson:
    """Per outcome: whose it is, and (reached, decided) of those with each rule, by its key."""

    bases: dict[str, Basis]
    lifts: dict[str, dict[str, tuple[int, int]]]
    ideas: list[Idea]
    card: fitting.Card | None
    card_rules: list[Rule]
    card_outcome: str
    refusal: str


class Classroom:
    """The decided leads with what holds for each, at the instant of each."""

    def __init__(self, model: Model, moments: Moments) -> None:
        self.model, self.moments = model, moments
        self.columns = {key: encode(values) for key, values in moments.columns.items()}
        self.known = self._flags(model)
        self.tried = self._candidates()
        self.tried_flags = self._flags(_trial(self.tried))

    def _flags(self, model: Model) -> Flags:
        moments = self.moments
        return held(shown(model, moments.facts), moments.facts, self.columns, moments.at).flags

    def _candidates(self) -> list[Rule]:
        moments, types = self.moments, {key: field.type for key, field in self.moments.fields.items()}
        counts = np.bincount(moments.facts.shape)
        ids = np.flatnonzero(counts).tolist()
        shapes = facts.shapes(ids)
        occurrences = {pk: int(counts[pk]) for pk in ids}
        return candidates(moments.columns, types, occurrences, shapes, labels())

    def scored(self, model: Model) -> tuple[Ints, Bools]:
        """Totals, and who qualifies."""
        moments = self.moments
        fit = fit_points(model, self.columns, len(moments))
        result = score_many(shown(model, moments.facts), moments.facts, fit, moments.at, want_next=False)
        return result.total, result.qualifies

    def qualifies(self, model: Model) -> Bools:
        return self.scored(model)[1]


def _trial(rules: Sequence[Rule]) -> Model:
    groups = (Group("fit", "Fit", "fit", -100, 100), Group("deeds", "Deeds", "engagement", -100, 100))
    return Model(0, 1, 0, 0, (3, 2, 1), (3, 2, 1), groups, tuple(rules))


def learn(model: Model, moments: Moments) -> Lesson:
    room = Classroom(model, moments)
    ideas: dict[str, Idea] = {}
    for name, outcome in moments.outcomes.items():
        for idea in _ideas(room, name, outcome):
            ideas.setdefault(idea.rule.key, idea)
    card, rules, learnt_from, refusal = _card(room)
    return Lesson(
        bases=dict(moments.bases),
        lifts={name: _lifts(model, room.known, outcome) for name, outcome in moments.outcomes.items()},
        ideas=list(ideas.values()),
        card=card,
        card_rules=rules,
        card_outcome=learnt_from,
        refusal=refusal,
    )


def _lifts(model: Model, known: Flags, outcome: Ints) -> dict[str, tuple[int, int]]:
    having = known.astype(np.int64)
    reached, decided = (outcome == 1) @ having, (outcome >= 0) @ having
    return {
        rule.key: (int(reached[row]), int(decided[row]))
        for row, rule in enumerate(model.rules)
        if rule.enabled
    }


def _ideas(room: Classroom, name: str, outcome: Ints) -> list[Idea]:
    if not (outcome >= 0).any():
        return []
    new = added(room.model, room.tried, room.tried_flags, room.known, outcome, name, room.qualifies)
    return new + changed(room.model, room.known, outcome, name, room.qualifies)


def _card(room: Classroom) -> tuple[fitting.Card | None, list[Rule], str, str]:
    """From the outcome that enough is known of, which it names: SQL first. Otherwise why not."""
    rows = [row for row, rule in enumerate(room.model.rules) if rule.enabled and rule.effect == "points"]
    features = [room.model.rules[row] for row in rows] + [
        replace(rule, key=f"learnt-{rule.key}"[:60]) for rule in room.tried
    ]
    flags = np.hstack([room.known[:, rows], room.tried_flags])
    refusal = ""
    for name, outcome in room.moments.outcomes.items():
        try:
            totals = room.scored(room.model)[0]
            card = fitting.fit(flags, outcome, room.moments.at, totals, room.model.threshold)
        except fitting.TooLittle as error:
            refusal = refusal or str(error)
            continue
        if card is None:
            return None, [], name, "No set of rules separates the outcomes better than chance."
        return card, [_homed(rule) for rule in fitting.rules_of(card, features)], name, ""
    return None, [], "", refusal


def _homed(rule: Rule) -> Rule:
    return replace(rule, group=WHO if rule.subject == "fit" else DEEDS)


def card_model(model: Model, rules: Sequence[Rule], line: int) -> Model:
    """The scorecard as a definition: what qualifies at once or excludes stays as it is."""
    kept = tuple(rule for rule in model.rules if rule.effect != "points")
    homes = {rule.group for rule in kept}
    groups = tuple(group for group in model.groups if group.key in homes)
    who, deeds = (
        _group(rules, WHO, "Scorecard: who they are"),
        _group(rules, DEEDS, "Scorecard: what they do"),
    )
    return replace(
        model,
        threshold=line,
        fit_floor=who.minimum,
        fit_cuts=_quarters(who.maximum),
        engagement_cuts=_quarters(deeds.maximum),
        groups=(*groups, who, deeds),
        rules=(*kept, *rules),
    )


def _group(rules: Sequence[Rule], key: str, name: str) -> Group:
    """As wide as its rules reach, so that it takes nothing from them."""
    points = [rule.points for rule in rules if rule.group == key]
    axis = "fit" if key == WHO else "engagement"
    return Group(key, name, axis, sum(p for p in points if p < 0), sum(p for p in points if p > 0))


def _quarters(most: int) -> tuple[int, int, int]:
    most = max(most, 4)
    return 3 * most // 4, 2 * most // 4, most // 4
