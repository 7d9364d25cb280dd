"""Whether a lead meets conditions written in the scoring language: fields of lead and company, and how it qualified.

`band`, `fit`, `engagement` and `score` are those of the cycle, as they were when the lead became an MQL.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from leads.fields import all_fields, columns
from scoring.conditions import Verdict, all_of, verdict
from scoring.language import Condition
from scoring.models import QualificationCycle
from scoring.sentences import conditions_sentence
from scoring.validation import condition_problem

OF_THE_CYCLE = {"band": "Band", "fit": "Fit", "engagement": "Engagement", "score": "Score"}
Conditions = Sequence[dict[str, Any]]
Values = Mapping[str, Any]


def problems(conditions: Conditions) -> list[str]:
    """What its author has to mend, one line a condition."""
    known = OF_THE_CYCLE.keys() | all_fields().keys()
    found = []
    for number, item in enumerate(conditions, start=1):
        condition = Condition.from_data(item)
        wrong = condition_problem(condition)
        if condition.field not in known:
            wrong = f"there is no field “{condition.field}”. Fields are {', '.join(sorted(known))}."
        if wrong:
            found.append(f"Condition {number}: {wrong}")
    return found


def meets(conditions: Conditions, values: Values) -> bool:
    """All of them hold. Without conditions everybody does; what is not known meets only `unknown`."""
    asked = (Condition.from_data(item) for item in conditions)
    return all_of(verdict(condition, values.get(condition.field)) for condition in asked) >= Verdict.LOOSE


def values_of(cycles: Sequence[QualificationCycle], asked: Iterable[Conditions]) -> dict[int, Values]:
    """What the conditions ask for, by cycle id. One query, and none when they ask only about the cycle."""
    fields = {item["field"] for conditions in asked for item in conditions} - OF_THE_CYCLE.keys()
    found = columns([cycle.lead_id for cycle in cycles], sorted(fields)) if fields and cycles else {}
    return {
        cycle.pk: {name: column[place] for name, column in found.items()} | _of_cycle(cycle)
        for place, cycle in enumerate(cycles)
    }


def _of_cycle(cycle: QualificationCycle) -> dict[str, Any]:
    band = cycle.band
    return {"band": band, "fit": band[:1], "engagement": band[1:], "score": cycle.total}


def sentence(conditions: Conditions) -> str:
    labels = OF_THE_CYCLE | {key: field.label for key, field in all_fields().items()}
    return conditions_sentence([Condition.from_data(item) for item in conditions], labels)
