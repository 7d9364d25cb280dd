"""Watches as stored, and where leads meet them: read from the batch that was just scored, so nothing waits for it.

Which of the newest activities matter is settled over their shapes, as for rules. Only for leads that did such a
thing, and only where one occurrence does not decide, the oracle counts their activities.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import numpy as np

from leads.arrays import EPOCH_2000, arrays
from leads.models import Activity, Pulse
from scoring import facts, rules
from scoring import watches as language
from scoring.compiler import CompiledModel, compile_model
from scoring.definition import HOUR, condition_of
from scoring.explain import labels
from scoring.language import MEASURES, Fact, Rule
from scoring.models import Watch
from scoring.rows import ScoreRows, Words, rows_of
from scoring.watches import Standing, crossed

logger = logging.getLogger(__name__)
FRESH = timedelta(days=1)  # what a lead did longer ago is no news, however late it arrives
DAY_LONG = FRESH // facts.MICROSECOND
SKEW = timedelta(minutes=5)  # a sender's clock may be ahead of ours
NOT_DISQUALIFIED = 1  # the code of the empty key in `rows.Words`
RECENT = (
    "SELECT array_agg(lead_id), array_agg(occurred_at), array_agg(id), array_agg(shape_id) FROM ("
    "SELECT lead_id, occurred_at, id, shape_id FROM leads_activity WHERE lead_id = ANY(%s::bigint[])"
    " AND occurred_at > %s AND occurred_at <= %s ORDER BY lead_id, occurred_at, id) found"
)


@dataclass(frozen=True)
class Met:
    """A lead meets a watch; times in microseconds, and 0 for no activity."""

    watch: language.Watch
    lead_id: int
    standing: Standing
    activity_id: int = 0
    evidence_at: int = 0
    aggregate: int = 1


@dataclass(frozen=True)
class Batch:
    """Leads of one scoring, before and after, without those who are disqualified."""

    before: ScoreRows
    after: ScoreRows
    words: Words
    as_of: datetime

    @classmethod
    def of(cls, before: ScoreRows, after: ScoreRows, words: Words, as_of: datetime) -> Batch:
        may = after.disqualified == NOT_DISQUALIFIED
        return cls(rows_of(before, may), rows_of(after, may), words, as_of)

    def was(self, row: int) -> Standing:
        return self._standing(self.before, row)

    def now(self, row: int) -> Standing:
        return self._standing(self.after, row)

    def _standing(self, rows: ScoreRows, row: int) -> Standing:
        band = self.words.bands[int(rows.band[row]) - 1]
        return Standing(int(rows.total[row]), band, bool(rows.qualified[row]))


def enabled() -> list[language.Watch]:
    """What cannot be read is left out and said to whoever keeps the machine; scores must not wait for it."""
    found = []
    for row in Watch.objects.enabled():
        try:
            found.append(watch_of(row))
        except (KeyError, TypeError, ValueError, AttributeError):
            logger.exception("watch %s cannot be read", row.pk)
    return found


def watch_of(row: Watch) -> language.Watch:
    """Hours of the admin become seconds. Raises KeyError or TypeError for conditions that cannot be read."""
    on_action = row.on == Watch.On.ACTION
    return language.Watch(
        id=row.pk or 0,
        action=_action(row) if on_action else None,
        crossing="" if on_action else row.crossing,
        points=row.points or 0,
        band=row.band,
        least_score=row.least_score,
        only_qualified=row.only_qualified,
        only_owned=row.only_owned,
        cool_down=row.cool_down_hours * HOUR,
        since=facts.microseconds(row.since) if isinstance(row.since, datetime) else 0,
    )


def in_words(row: Watch) -> str:
    """Whatever state it is in, so also while somebody types."""
    try:
        return language.sentence(watch_of(row), labels())
    except (KeyError, TypeError, ValueError, AttributeError):
        return "This watch cannot be read yet: something is missing."


def _action(row: Watch) -> Rule:
    return Rule(
        key="watch",
        name=row.name,
        group=language.GROUP.key,
        subject="behaviour",
        points=1,
        conditions=tuple(condition_of(item) for item in row.conditions),
        activity=row.activity,
        aggregate=row.aggregate,
        distinct_by=row.distinct_by,
        window_seconds=row.window_hours * HOUR if row.window_hours is not None else None,
        n=row.n,
    )


def crossings(watches: Iterable[language.Watch], batch: Batch) -> list[Met]:
    """A rise counts only for a lead that did something lately: an import or an edit alone is no news."""
    wanted = [watch for watch in watches if watch.crossing]
    moved = np.flatnonzero(
        (batch.before.total != batch.after.total)
        | (batch.before.band != batch.after.band)
        | (batch.before.qualified != batch.after.qualified)
    )
    if not wanted or not len(moved):
        return []
    found = [
        Met(watch, int(batch.after.lead[row]), batch.now(row))
        for row in moved.tolist()
        for watch in wanted
        if crossed(watch, batch.was(row), batch.now(row))
    ]
    rising = {met.lead_id for met in found if met.watch.crossing in language.UPWARDS}
    active = _active(rising, batch.as_of)
    return [met for met in found if met.watch.crossing not in language.UPWARDS or met.lead_id in active]


def _active(lead_ids: set[int], as_of: datetime) -> set[int]:
    if not lead_ids:
        return set()
    pulses = Pulse.objects.filter(lead__in=lead_ids, last_active_at__gt=as_of - FRESH)
    return set(pulses.values_list("lead_id", flat=True))


def actions(watches: Iterable[language.Watch], batch: Batch) -> list[Met]:
    """Leads whose newest activities are such as somebody watches for; `decided` says whether they are enough."""
    wanted = [watch for watch in watches if watch.action is not None]
    if not wanted or not len(batch.after.lead):
        return []
    compiled = _compiled(tuple(watch.action for watch in wanted if watch.action))
    newest = _newest(compiled, batch)
    place = {int(lead): row for row, lead in enumerate(batch.after.lead.tolist())}
    return [
        Met(wanted[row], lead_id, batch.now(place[lead_id]), activity_id, at)
        for (row, lead_id), (at, activity_id) in newest.items()
        if at > wanted[row].since
    ]


def _newest(compiled: CompiledModel, batch: Batch) -> dict[tuple[int, int], tuple[int, int]]:
    """By row of the watch and lead: instant and id of the last activity that the watch is about."""
    span = [batch.after.lead.tolist(), batch.as_of - FRESH, batch.as_of + SKEW]
    lead, at, pk, shape = arrays(RECENT, [">i8", ">i8", ">i8", ">i4"], span)[0]
    unseen = compiled.missing(np.unique(shape).tolist())
    if unseen:
        compiled.extend(facts.shapes(unseen))
    spans, entries = compiled.snapshot.spans[shape], compiled.snapshot.entries
    found: dict[tuple[int, int], tuple[int, int]] = {}
    for fact in np.flatnonzero(spans[:, 1] > spans[:, 0]).tolist():
        for row in entries[spans[fact, 0] : spans[fact, 1], 0].tolist():
            found[row, int(lead[fact])] = int(at[fact]) + EPOCH_2000, int(pk[fact])
    return found


@lru_cache(maxsize=2)
def _compiled(actions: tuple[Rule, ...]) -> CompiledModel:
    return compile_model(language.alone(*actions))


def decided(candidates: Iterable[Met], as_of: datetime) -> Iterator[Met]:
    """Those whose activities are really enough; for one plain occurrence that is known already."""
    counted: dict[language.Watch, list[Met]] = defaultdict(list)
    for met in candidates:
        if met.watch.action is None or _one_is_enough(met.watch.action):
            yield met
        else:
            counted[met.watch].append(met)
    for watch, mets in counted.items():
        yield from _counted(watch, mets, as_of)


def _one_is_enough(rule: Rule) -> bool:
    measured = any(condition.field in MEASURES for condition in rule.conditions)
    return rule.n == 1 and rule.aggregate != "sum" and not measured


def _counted(watch: language.Watch, mets: list[Met], as_of: datetime) -> Iterator[Met]:
    rule = watch.action
    assert rule is not None
    histories = _histories(rule, [met.lead_id for met in mets], as_of)
    shapes = facts.shapes({fact.shape_id for history in histories.values() for fact in history})
    for met in mets:
        now = max(facts.microseconds(as_of), met.evidence_at)
        past = sorted(
            histories.get(met.lead_id, ()), key=lambda fact: (fact.occurred_at, fact.id), reverse=True
        )
        tally = rules.tally(rule, shapes, [fact for fact in past if fact.occurred_at <= now], now)
        newest = tally.counted[0] if tally.counted else None
        if tally.satisfied and newest and newest.occurred_at > max(watch.since, now - DAY_LONG):
            yield Met(watch, met.lead_id, met.standing, newest.id, newest.occurred_at, tally.aggregate)


def _histories(rule: Rule, lead_ids: list[int], as_of: datetime) -> Mapping[int, list[Fact]]:
    rows = Activity.objects.filter(
        lead_id__in=lead_ids, shape__kind=rule.activity, occurred_at__lte=as_of + SKEW
    )
    if rule.reach is not None:
        rows = rows.filter(occurred_at__gt=as_of - timedelta(microseconds=rule.reach))
    found: dict[int, list[Fact]] = defaultdict(list)
    for lead, shape, at, seconds, amount, pk in rows.values_list(
        "lead_id", "shape_id", "occurred_at", "seconds", "amount", "id"
    ):
        found[lead].append(Fact(shape, facts.microseconds(at), seconds, amount, pk))
    return found
