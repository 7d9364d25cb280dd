"""Stored scores against what they must be, done again from nothing: nobody should ever hear of it.

Shadow  an hourly sample of the leads, worked out by the kernel, and some of them by the oracle too
Lines   a nightly sample, explained line by line: the lines must sum to what is stored
Clock   a wake-up that is set later than the score stays true is a difference, as the score would be stale till then
Standing whether a lead qualifies depends on what it did before, so it is held to the last line of the score's history
Fair    a lead that waits to be looked at (a touch, a due wake-up) may rightly be behind, so it is left out; one that
        differs is locked and looked at once more before it counts
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from leads.events import publish
from leads.models import Lead
from leads.services.touches import touch
from scoring import rows
from scoring.compiler import NEVER
from scoring.definition import model_of, published
from scoring.events import ScoresDiffer
from scoring.explain import Explanation, explain
from scoring.facts import instant, microseconds
from scoring.models import ModelVersion, Score, ScoreCheck
from scoring.rows import KEEP, ScoreRows, Words
from scoring.services import keeping

logger = logging.getLogger(__name__)
Difference = dict[str, Any]
SHARE = 100  # one lead in so many an hour
CHUNK = 10_000  # leads the kernel looks at together
BY_ORACLE = 300  # leads a run that the slow reckoning can afford
EXPLAINED = 1_000  # leads a night
WAKE_UPS = 100  # looked at while it is asked whether a clock is late
TOLD = 20  # differences kept with a check

# A share of the ids that is another one each time; new leads are scored within seconds, so older ones must be.
SAMPLE = """
SELECT l.id FROM leads_lead l
WHERE l.merged_into_id IS NULL AND l.created_at < now() - interval '5 minutes'
  AND mod(abs(hashint8extended(l.id, %s)), %s) = 0
ORDER BY l.id
"""
SETTLED = """
SELECT l.id, s.version_id FROM leads_lead l LEFT JOIN scoring_score s ON s.lead_id = l.id
WHERE l.id = ANY(%s) AND l.merged_into_id IS NULL
  AND (s.next_change_at IS NULL OR s.next_change_at > clock_timestamp())
  AND NOT EXISTS (SELECT 1 FROM leads_touch t WHERE t.lead_id = l.id)
ORDER BY l.id
"""


def check_shadow(*, share: int = SHARE, seed: int | None = None) -> ScoreCheck | None:
    """Compares one lead in `share`, another sample each hour. None before anything is published."""
    return _checked(ScoreCheck.Kind.SHADOW, _sample(share, seed), _shadow)


def check_lines(*, most: int = EXPLAINED, seed: int | None = None) -> ScoreCheck | None:
    """Explains a sample of leads and adds the lines up. None before anything is published."""
    share = max(Score.objects.count() // max(most, 1), 1)
    return _checked(ScoreCheck.Kind.LINES, _sample(share, seed), _lines)


def _checked(
    kind: str, lead_ids: list[int], compare: Callable[[list[int]], tuple[int, int, list[Difference]]]
) -> ScoreCheck | None:
    current = published()
    if current is None:
        return None
    began = rows.database_now()
    leads, by_oracle, found = compare(lead_ids)
    return _recorded(kind, current[0], began, leads, by_oracle, found)


@transaction.atomic
def _recorded(
    kind: str, version: ModelVersion, began: datetime, leads: int, by_oracle: int, found: list[Difference]
) -> ScoreCheck:
    """Whatever differs is told, kept as evidence, and put right by the usual way: a touch."""
    check = ScoreCheck.objects.create(
        kind=kind,
        version=version,
        began_at=began,
        leads=leads,
        by_oracle=by_oracle,
        differing=len({each["lead"] for each in found}),
        details=found[:TOLD],
    )
    if found:
        logger.error("%s of %s leads have a score that differs: %s", check.differing, leads, found[:3])
        keeping.set_straight([each["lead"] for each in found])
        touch(each["lead"] for each in found)
        publish(ScoresDiffer(check_id=check.pk))
    return check


def _sample(share: int, seed: int | None) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(SAMPLE, [int(rows.database_now().timestamp()) if seed is None else seed, share])
        return [row[0] for row in cursor.fetchall()]


def settled(lead_ids: list[int]) -> dict[int, int | None]:
    """{lead: version of its score}; who waits for a scorer is left out. None for a lead without a score."""
    with connection.cursor() as cursor:
        cursor.execute(SETTLED, [lead_ids])
        return dict(cursor.fetchall())


def _shadow(lead_ids: list[int]) -> tuple[int, int, list[Difference]]:
    leads, found = 0, []
    for at in range(0, len(lead_ids), CHUNK):
        calm = settled(lead_ids[at : at + CHUNK])
        leads += len(calm)
        suspects = [pk for pk, version in calm.items() if version is None]
        for version, ids in _by_version(calm):
            suspects += _kernel_differs(version, ids)
        found += [each for pk in suspects for each in _confirmed(pk)]
    spread = lead_ids[:: max(len(lead_ids) // BY_ORACLE, 1)][:BY_ORACLE]
    told = [_by_oracle(pk) for pk in spread]
    return leads, sum(each is not None for each in told), found + [d for each in told for d in each or []]


def _by_version(calm: dict[int, int | None]) -> Iterator[tuple[ModelVersion, list[int]]]:
    """Each under the version that its score is true under by now, whichever it names."""
    named = ModelVersion.objects.in_bulk({version for version in calm.values() if version})
    tell = ModelVersion.objects.teller()
    told = {pk: tell(version) for pk, version in named.items()}
    for version in set(told.values()):
        yield version, [pk for pk, own in calm.items() if own and told[own] == version]


def _kernel_differs(version: ModelVersion, lead_ids: list[int]) -> list[int]:
    words = Words.of(model_of(version))
    before = rows.peek(lead_ids, words)
    after = keeping.expected_rows(version, before, microseconds(rows.database_now()))
    sleepy = after.next_change_at < before.next_change_at
    return sorted(
        {*before.lead[rows.differ(before, after, KEEP) | sleepy].tolist(), *keeping.astray(lead_ids)}
    )


@transaction.atomic
def _confirmed(lead_id: int) -> list[Difference]:
    """A second look with the score locked: nobody may change it now, and whoever waited is not behind."""
    Score.objects.select_for_update().filter(lead_id=lead_id).first()
    calm = settled([lead_id])
    if lead_id not in calm:
        return []
    version_id = calm[lead_id]
    if version_id is None:
        return [{"lead": lead_id, "what": "score", "stored": None, "expected": "a score"}]
    version = ModelVersion.objects.teller()(ModelVersion.objects.get(pk=version_id))
    words = Words.of(model_of(version))
    before = rows.peek([lead_id], words)
    after = keeping.expected_rows(version, before, microseconds(rows.database_now()))
    found = _named(before, after, words) or _overslept(version, before, after)
    return found + [_strays(lead_id, bool(before.qualified[0]))] * bool(keeping.astray([lead_id]))


def _strays(lead_id: int, qualified: bool) -> Difference:
    return {"lead": lead_id, "what": "qualified", "stored": qualified, "expected": not qualified}


def _overslept(version: ModelVersion, before: ScoreRows, after: ScoreRows) -> list[Difference]:
    """The score changes before the instant at which anybody would look. An earlier wake-up than needed harms nobody, so
    from one to the next the score itself is worked out.
    """
    for _ in range(WAKE_UPS):
        at = int(after.next_change_at[0])
        if at >= before.next_change_at[0]:
            return []
        after = keeping.expected_rows(version, before, at)
        if rows.differ(before, after, KEEP).any():
            wakes = int(before.next_change_at[0])
            stored = "never" if wakes >= NEVER else instant(wakes).isoformat()
            expected = instant(at).isoformat()
            return [
                {
                    "lead": int(before.lead[0]),
                    "what": "next_change_at",
                    "stored": stored,
                    "expected": expected,
                }
            ]
    return []


def _named(before: ScoreRows, after: ScoreRows, words: Words) -> list[Difference]:
    stored, expected = rows.spelled(before, words, KEEP), rows.spelled(after, words, KEEP)
    return [
        {"lead": int(before.lead[0]), "what": name, "stored": was[0], "expected": must[0]}
        for name, was, must in zip(KEEP, stored, expected, strict=True)
        if was[0] != must[0]
    ]


def _by_oracle(lead_id: int) -> list[Difference] | None:
    """None for a lead that cannot be compared now."""
    return _with_explanation(lead_id, _oracle_differences)


def _lines(lead_ids: list[int]) -> tuple[int, int, list[Difference]]:
    told = [_with_explanation(pk, _line_differences) for pk in lead_ids]
    compared = sum(each is not None for each in told)
    return compared, compared, [d for each in told for d in each or []]


@transaction.atomic
def _with_explanation(
    lead_id: int, compare: Callable[[Score, Explanation], Iterable[Difference]]
) -> list[Difference] | None:
    """The score is locked, so that neither side moves while both are read."""
    score = Score.objects.select_for_update(of=("self",)).select_related("version").filter(lead_id=lead_id)
    stored = score.first()
    lead = Lead.objects.filter(pk=lead_id).first()
    if stored is None or lead is None or lead_id not in settled([lead_id]):
        return None
    return list(compare(stored, explain(lead, version=ModelVersion.objects.teller()(stored.version))))


def _oracle_differences(stored: Score, why: Explanation) -> Iterator[Difference]:
    result = why.result
    excluded = rows.BY_HAND if why.excluded_because else result.disqualified or ""
    pairs = {
        "total": (stored.total, result.total),
        "fit": (stored.fit, result.fit),
        "engagement": (stored.engagement, result.engagement),
        "band": (stored.band, result.band),
        "fit_low": (stored.fit_low, result.fit_low),
        "fit_high": (stored.fit_high, result.fit_high),
        "critical": (stored.critical_rule, result.critical or ""),
        "disqualified": (stored.disqualifying_rule, excluded),
    }
    for name, (was, must) in pairs.items():
        if was != must:
            yield {"lead": stored.lead_id, "what": name, "stored": was, "expected": must}


def _line_differences(stored: Score, why: Explanation) -> Iterator[Difference]:
    sums = {group.name: 0 for group in why.model.groups}
    for line in why.lines:
        sums[line.group] += line.points
    fit = sum(sums[group.name] for group in why.model.groups if group.axis == "fit")
    pairs = {
        "total": (stored.total, sum(line.points for line in why.lines)),
        "fit": (stored.fit, fit),
    }
    for name, (was, must) in pairs.items():
        if was != must:
            yield {"lead": stored.lead_id, "what": f"lines of the {name}", "stored": was, "expected": must}


def forget_old(*, keep: int = 1_000) -> int:
    """Checks without a finding go after the newest `keep`; evidence stays."""
    old = ScoreCheck.objects.filter(differing=0).order_by("-pk").values_list("pk", flat=True)[keep:]
    return ScoreCheck.objects.filter(pk__in=list(old)).delete()[0]
