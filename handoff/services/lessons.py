"""Which rules had scored a lead that sales sent back: the score as it stood when it was offered."""

from __future__ import annotations

from handoff.models import Handoff, ScoredBy
from scoring.explain import explain


def remember_score(handoff: Handoff) -> None:
    """By the version that made it an MQL; a second run changes nothing."""
    version = handoff.cycle.version
    why = explain(handoff.lead, as_of=handoff.offered_at, version=version)
    rows = [
        ScoredBy(
            handoff=handoff,
            rule_key=line.rule,
            rule_name=line.name[:150],
            points=line.points,
            version=version.number,
        )
        for line in why.lines
        if line.kind == "rule" and line.rule and (line.points or line.rule == why.result.critical)
    ]
    ScoredBy.objects.bulk_create(rows, ignore_conflicts=True)
