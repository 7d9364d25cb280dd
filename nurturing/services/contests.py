"""Which way of a split is better: judged once, when enough people have had enough time.

Who     the first `after` people of each way, in the order they came, over all versions of the step
When    each of them came at least `days` ago; what they did in those days counts, later deeds do not
Effect  from the decision on everybody goes the winner's way; those who went another way stay on theirs
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import connection

from nurturing.experiments import Contest
from nurturing.models import Campaign, SplitDecision, Step
from scoring.shares import Share

DEEDS = {
    "click": "EXISTS (SELECT 1 FROM nurturing_message m WHERE m.enrolment_id = came.run AND m.clicked_at >= came.at"
    " AND m.clicked_at < came.at + came.span)",
    "open": "EXISTS (SELECT 1 FROM nurturing_message m WHERE m.enrolment_id = came.run"
    " AND COALESCE(m.opened_at, m.clicked_at) >= came.at"
    " AND COALESCE(m.opened_at, m.clicked_at) < came.at + came.span)",
    "goal": "EXISTS (SELECT 1 FROM nurturing_enrolment e WHERE e.id = came.run AND e.ended_because = 'goal'"
    " AND e.ended_at < came.at + came.span)",
    "mql": "EXISTS (SELECT 1 FROM scoring_qualificationcycle c WHERE c.lead_id = came.lead AND c.opened_at >= came.at"
    " AND c.opened_at < came.at + came.span)",
}
FIRST = """
SELECT outcome, count(*), count(*) FILTER (WHERE at <= now() - span), count(*) FILTER (WHERE {did})
FROM (
    SELECT visit.outcome, visit.at, visit.enrolment_id AS run, run.lead_id AS lead, %(span)s::interval AS span,
           row_number() OVER (PARTITION BY visit.outcome ORDER BY visit.at, visit.id) AS place
    FROM nurturing_visit visit JOIN nurturing_step step ON step.id = visit.step_id
    JOIN nurturing_enrolment run ON run.id = visit.enrolment_id
    WHERE step.key = %(key)s AND run.campaign_id = %(campaign)s AND visit.outcome = ANY(%(arms)s)
) came WHERE place <= %(after)s GROUP BY outcome
"""


def decide_splits() -> int:
    """Judge every split that is due. How many were decided; a split that has its decision is not looked at again."""
    frozen = Step.objects.filter(
        version__frozen_at__isnull=False, version__campaign__state=Campaign.State.ACTIVE
    )
    steps = frozen.filter(kind=Step.Kind.SPLIT, settings__has_key="winner")
    newest: dict[UUID, Step] = {}
    for step in steps.select_related("version__campaign").order_by("version__number"):
        newest[step.key] = step
    done = set(SplitDecision.objects.filter(step_key__in=newest).values_list("step_key", flat=True))
    return sum(_decide(step) for key, step in newest.items() if key not in done)


def winner_of(step: Step) -> str:
    """The way that everybody goes from now on; empty when there is none."""
    decided = SplitDecision.objects.filter(campaign=step.version.campaign_id, step_key=step.key)
    return decided.values_list("winner", flat=True).first() or ""


def told(step: Step) -> str:
    """What is known of this split by now, in a sentence; empty when no winner is looked for."""
    rule = step.settings.get("winner")
    if not rule:
        return ""
    decided = SplitDecision.objects.filter(campaign=step.version.campaign_id, step_key=step.key).first()
    if decided is not None:
        return decided.words
    ready = {key: row[1] for key, row in _figures(step, rule).items()}
    names = {arm["key"]: arm["words"] for arm in step.settings["arms"]}
    counted = ", ".join(f"{ready.get(key, 0)} of {rule['after']} in {name}" for key, name in names.items())
    return f"Not enough data yet: {counted} have had their {rule['days']} days."


def _decide(step: Step) -> int:
    rule = step.settings["winner"]
    figures = _figures(step, rule)
    weighed = [arm["key"] for arm in step.settings["arms"] if arm["weight"]]
    if len(weighed) < 2 or any(figures.get(key, (0, 0, 0))[1] < rule["after"] for key in weighed):
        return 0
    contest = Contest({key: Share(figures[key][2], figures[key][0]) for key in weighed})
    decision = SplitDecision(
        campaign=step.version.campaign,
        step_key=step.key,
        winner=contest.winner,
        figures={key: [share.part, share.whole] for key, share in contest.arms.items()},
        words=_words(step, contest),
    )
    return len(SplitDecision.objects.bulk_create([decision], ignore_conflicts=True))


def _words(step: Step, contest: Contest) -> str:
    names = {arm["key"]: arm["words"] for arm in step.settings["arms"]}
    shares = ", ".join(
        f"{names[key]} {share.part} of {share.whole} ({share.part / share.whole:.1%})"
        for key, share in contest.arms.items()
    )
    if not contest.winner:
        return f"No way is surely better: {shares}. The shares stay."[:300]
    least = min(contest.against(key).interval[0] for key in contest.arms if key != contest.winner)
    return f"{names[contest.winner]} won, by {100 * least:.1f} points or more: {shares}."[:300]


def _figures(step: Step, rule: Mapping[str, Any]) -> dict[str, tuple[int, int, int]]:
    """{way: the first people of it, how many of them had their days, how many did it}."""
    values: dict[str, Any] = {
        "span": f"{int(rule['days'])} days",
        "key": step.key,
        "campaign": step.version.campaign_id,
        "arms": [arm["key"] for arm in step.settings["arms"]],
        "after": int(rule["after"]),
    }
    with connection.cursor() as cursor:
        cursor.execute(FIRST.replace("{did}", DEEDS[rule["by"]]), values)
        return {row[0]: row[1:] for row in cursor.fetchall()}
