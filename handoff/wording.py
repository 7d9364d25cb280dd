"""Routing rules in plain words: the sentence above the editor, and in the list."""

from __future__ import annotations

from collections.abc import Mapping

from handoff.decisions import Route
from scoring.sentences import NO_LABELS, condition_words

GOES = {
    "owner": "goes to the rep who has the company",
    "rep": "goes to {who}",
    "team": "goes to {team}, in turn",
    "everybody": "goes to everybody, in turn",
    "queue": "waits until a colleague chooses a rep",
}


def sentence(route: Route, who: str = "", labels: Mapping[str, str] = NO_LABELS) -> str:
    """As in: When the country is Norway, the lead goes to Nordics, in turn; if nobody there can take it, …"""
    said = [condition_words(item, labels) for item in route.conditions]
    when = f"When {' and '.join(said)}, the lead" if said else "Every lead"
    goes = GOES.get(route.target, "goes …").format(who=who or "…", team=route.team_name or "…")
    return f"{when} {goes}{_otherwise(route)}."


def _otherwise(route: Route) -> str:
    if route.target == "queue":
        return ""
    return (
        "; if nobody can take it, it waits"
        if route.hold
        else "; if nobody can take it, the next rule is tried"
    )
