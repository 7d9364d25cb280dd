"""A rule by itself: for questions about it alone."""

from __future__ import annotations

from dataclasses import replace

from scoring.language import MOST_GROUP, Group, Model, Rule


def alone(rule: Rule) -> Model:
    """A model of nothing but this rule, whose group holds nothing back."""
    axis = "fit" if rule.subject == "fit" else "engagement"
    group = Group("any", "Any", axis, -MOST_GROUP, MOST_GROUP)
    whole = replace(rule, group="any", enabled=True)
    return Model(0, MOST_GROUP, 0, 0, (3, 2, 1), (3, 2, 1), (group,), (whole,))


def timeless(rule: Rule) -> Rule:
    """Without its window and its decay."""
    return replace(rule, window_seconds=None, decay="none", decay_seconds=0)
