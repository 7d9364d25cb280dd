"""A stored rule in words, whatever state it is in."""

from scoring.definition import rule_of
from scoring.models import Rule
from scoring.sentences import sentence


def in_words(rule: Rule) -> str:
    try:
        return sentence(rule_of(rule))
    except (KeyError, TypeError, ValueError, AttributeError):
        return "This rule cannot be read yet: its conditions are incomplete."
