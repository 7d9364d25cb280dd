"""Keeping who is in which segment: of whoever was noted, of whoever time changed, of everybody after an edit.

Order   of two who look at a lead the later one waits for its clock and then reads, so that it sees all the earlier one
        saw. Definitions stand still while somebody looks, see `definitions_stand_still`
Same    a rebuild looks at everybody in large chunks without a lock, and hands whoever differs to the same `keep` that
        the notes lead to; so there is one writer, and both ways give the same members
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import numpy as np
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from numpy.typing import NDArray

from leads.arrays import arrays, people
from leads.events import publish
from leads.spans import among
from nurturing.events import MembersEntered
from nurturing.models import Segment, SegmentChange, SegmentMember
from nurturing.segments import reading
from nurturing.segments.evaluating import Found, evaluate
from nurturing.segments.language import BeenIn, Did, Group, Has, InSegment, leaves
from nurturing.segments.plan import Plan, asking, needed
from nurturing.segments.vocabulary import OWN
from scoring.compiler import NEVER
from scoring.facts import instant

Ids = NDArray[np.int64]
Causes = Mapping[int, Collection[str]]
Cause = SegmentChange.Cause
BATCH = 1_000  # notes a transaction
CHUNK = 50_000  # leads that a rebuild looks at together
CAREFUL = 5_000  # leads locked and written in one transaction
LEASE = "1 hour"
STANDS_STILL = 7_318_001  # advisory lock; shared by who reads definitions and writes members by them

DRAIN = """
DELETE FROM nurturing_segmenttouch
WHERE id = ANY(ARRAY(SELECT id FROM nurturing_segmenttouch ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED))
RETURNING lead_id, cause
"""
DUE = """
SELECT lead_id FROM nurturing_segmentclock WHERE next_change_at <= now()
ORDER BY next_change_at LIMIT %s FOR UPDATE SKIP LOCKED
"""
# What arrived for a lead while it was being merged is its winner's; scoring moved it there.
WINNERS = "SELECT id, merged_into_id FROM leads_lead WHERE id = ANY(%s) AND merged_into_id IS NOT NULL"
WIND = "INSERT INTO nurturing_segmentclock (lead_id) SELECT unnest(%s::bigint[]) ON CONFLICT DO NOTHING"
HOLD = "SELECT lead_id FROM nurturing_segmentclock WHERE lead_id = ANY(%s) ORDER BY lead_id FOR UPDATE"
# An older, earlier alarm is a safe one, so only one that is later than it may be, or over, is set anew.
SET = """
INSERT INTO nurturing_segmentclock AS clock (lead_id, next_change_at)
SELECT * FROM unnest(%s::bigint[], %s::timestamptz[])
ON CONFLICT (lead_id) DO UPDATE SET next_change_at = excluded.next_change_at
WHERE clock.next_change_at IS DISTINCT FROM excluded.next_change_at
  AND (clock.next_change_at IS NULL OR clock.next_change_at > excluded.next_change_at {over})
"""
ENTER = """
WITH given AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS row (segment_id, lead_id, cause)
), came AS (
    INSERT INTO nurturing_segmentmember (segment_id, lead_id, since)
    SELECT segment_id, lead_id, statement_timestamp() FROM given ORDER BY segment_id, lead_id
    ON CONFLICT DO NOTHING RETURNING segment_id, lead_id, since
)
INSERT INTO nurturing_segmentchange (segment_id, lead_id, at, entered, cause, by_id)
SELECT segment_id, lead_id, since, true, cause, %s FROM came JOIN given USING (segment_id, lead_id)
"""
LEAVE = """
WITH given AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS row (segment_id, lead_id, cause)
), went AS (
    DELETE FROM nurturing_segmentmember member USING given
    WHERE member.segment_id = given.segment_id AND member.lead_id = given.lead_id
    RETURNING member.segment_id, member.lead_id
)
INSERT INTO nurturing_segmentchange (segment_id, lead_id, at, entered, cause, by_id)
SELECT segment_id, lead_id, statement_timestamp(), false, cause, %s FROM went JOIN given USING (segment_id, lead_id)
"""


class Kept(NamedTuple):
    """How many leads were looked at, how many entered a segment, how many left one."""

    leads: int = 0
    entered: int = 0
    left: int = 0


class Differences(NamedTuple):
    """Pairs of one segment and one lead that is to enter or to leave it."""

    segments: Ids
    leads: Ids


def note(lead_ids: Iterable[int], cause: str) -> None:
    """These leads must be looked at again."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO nurturing_segmenttouch (lead_id, cause) SELECT unnest(%s::bigint[]), %s",
            [sorted(set(lead_ids)), cause],
        )


@transaction.atomic
def keep_noted(limit: int = BATCH) -> int:
    """Looks at whoever was noted, oldest note first; the notes go in the same transaction. How many notes."""
    with connection.cursor() as cursor:
        cursor.execute(DRAIN, [limit])
        notes = cursor.fetchall()
        causes: dict[int, set[str]] = {}
        for lead, cause in notes:
            causes.setdefault(lead, set()).add(cause)
        cursor.execute(WINNERS, [list(causes)])
        for loser, winner in cursor.fetchall():
            causes[loser].add(Cause.MERGE)
            causes.setdefault(winner, set()).update(causes[loser])
            follow_merge(loser, winner)
    keep(causes, causes)
    return len(notes)


@transaction.atomic
def keep_due(limit: int = BATCH) -> int:
    """Looks at whoever time alone may have changed."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, [limit])
        due = [lead for (lead,) in cursor.fetchall()]
    keep(due, {lead: [Cause.TIME] for lead in due})
    return len(due)


@transaction.atomic
def keep(lead_ids: Iterable[int], causes: Causes, *, only: Collection[int] | None = None) -> Kept:
    """Looks at these leads now and writes who enters and leaves what: every segment, or `only` these."""
    ids = np.unique(np.fromiter(lead_ids, np.int64))
    if not len(ids):
        return Kept()
    definitions_stand_still()
    definitions = reading.definitions()
    if not definitions:
        return Kept(len(ids))
    _hold(ids)
    wanted = definitions if only is None else needed(only, definitions)
    found = evaluate(Plan.of(wanted), ids)
    entering, leaving = differences(found, ids, definitions if only is None else only)
    _write(ENTER, entering, causes, definitions)
    _write(LEAVE, leaving, causes, definitions)
    _set_clocks(found, ids, whole=only is None)
    if len(entering.leads):
        publish(MembersEntered())
    return Kept(len(ids), len(entering.leads), len(leaving.leads))


def definitions_stand_still(*, change: bool = False) -> None:
    """Until the end of the transaction nobody changes a definition; who is about to waits for those who read them.

    Without it somebody might write by an old definition after the rebuild by the new one has passed.
    """
    lock = "pg_advisory_xact_lock" if change else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {lock}(%s)", [STANDS_STILL])


def _hold(ids: Ids) -> None:
    with connection.cursor() as cursor:
        cursor.execute(WIND, [ids.tolist()])
        cursor.execute(HOLD, [ids.tolist()])


def differences(found: Found, ids: Ids, segments: Iterable[int]) -> tuple[Differences, Differences]:
    """Who is to enter, and who to leave, of `ids`; whoever is merged or gone leaves everything."""
    entering, leaving = [], []
    kept = stored(segments, ids)
    for pk in segments:
        if pk not in found.inside:  # it cannot be read, or asks in a circle
            continue
        inside, was = found.leads[found.inside[pk]], kept.get(pk, ids[:0])
        entering.append((pk, np.setdiff1d(inside, was, assume_unique=True)))
        leaving.append((pk, np.setdiff1d(was, inside, assume_unique=True)))
    return _pairs(entering), _pairs(leaving)


def _pairs(found: list[tuple[int, Ids]]) -> Differences:
    segments = [np.full(len(leads), pk, np.int64) for pk, leads in found]
    none = np.zeros(0, np.int64)
    return Differences(
        np.concatenate([none, *segments]), np.concatenate([none, *(leads for _, leads in found)])
    )


def stored(segments: Iterable[int], ids: Ids) -> dict[int, Ids]:
    """Who of these (ascending) is kept as a member, by segment."""
    where, params = among("lead_id", ids)
    query = (
        "SELECT array_agg(segment_id), array_agg(lead_id) FROM nurturing_segmentmember"  # noqa: S608  own words
        f" WHERE segment_id = ANY(%s) AND {where}"
    )
    segment, lead = arrays(query, [">i8", ">i8"], [list(segments), *params])[0]
    asked = np.isin(lead, ids)
    segment, lead = segment[asked], lead[asked]
    return {int(pk): np.sort(lead[segment == pk]) for pk in np.unique(segment)}


def _write(query: str, rows: Differences, causes: Causes, definitions: Mapping[int, Group]) -> None:
    if not len(rows.leads):
        return
    reads = {pk: sources(definitions[pk]) for pk in set(rows.segments.tolist())}
    pairs = list(zip(rows.segments.tolist(), rows.leads.tolist(), strict=True))
    why = [cause_of(causes.get(lead, ()), reads[segment]) for segment, lead in pairs]
    with connection.cursor() as cursor:
        cursor.execute(query, [[pk for pk, _ in pairs], [lead for _, lead in pairs], why, None])


def sources(group: Group) -> set[str]:
    """Which causes can change who meets a definition."""
    found: set[str] = {Cause.MERGE, Cause.DEFINITION, Cause.CHECK}
    for leaf in leaves(group):
        match leaf:
            case Has(condition):
                found |= OF_FIELDS.get(condition.field, {Cause.EVENT, Cause.COMPANY})
            case Did():
                found |= {Cause.EVENT, Cause.TIME}
            case InSegment():
                found.add(Cause.SEGMENT)
            case BeenIn():
                found.add(Cause.CAMPAIGN)
    return found


OF_FIELDS: dict[str, set[str]] = {
    **{key: {str(Cause.SCORE)} for key in OWN},
    "stage": {Cause.STAGE},
    "mailable": {Cause.CONSENT, Cause.STAGE, Cause.EVENT},
    "suppressed": {Cause.CONSENT},
}
RANKED = (
    *(Cause.MERGE, Cause.DEFINITION, Cause.CHECK, Cause.TIME, Cause.STAGE, Cause.CONSENT, Cause.CAMPAIGN),
    *(Cause.COMPANY, Cause.EVENT, Cause.SCORE, Cause.SEGMENT),
)


def cause_of(noted: Collection[str], reads: Collection[str]) -> str:
    """Of what was noted, what the definition asks about; a segment that asks about another follows it."""
    fitting = [cause for cause in RANKED if cause in noted and cause in reads]
    return str(
        fitting[0] if fitting else Cause.SEGMENT if Cause.SEGMENT in reads else next(iter(noted), Cause.EVENT)
    )


def _set_clocks(found: Found, ids: Ids, *, whole: bool) -> None:
    """Of everybody looked at. Whoever looked at a part of the segments only may set an alarm earlier, never later."""
    alarms = dict(zip(found.leads.tolist(), found.next_change_at.tolist(), strict=True))
    rows = [(pk, alarms.get(pk, NEVER)) for pk in ids.tolist()]
    set_alarms([row for row in rows if whole or row[1] < NEVER], whole=whole)


def set_alarms(rows: list[tuple[int, int]], *, whole: bool = False) -> None:
    if not rows:
        return
    over = "OR clock.next_change_at <= now()" if whole else ""
    wake = [None if at >= NEVER else instant(at) for _, at in rows]
    with connection.cursor() as cursor:
        cursor.execute(SET.format(over=over), [[pk for pk, _ in rows], wake])


def follow_merge(loser: int, winner: int) -> None:
    """On lists the winner takes the loser's place."""
    on = SegmentMember.objects.filter(lead=loser, segment__kind=Segment.Kind.LIST)
    lists = list(on.values_list("segment", flat=True))
    if lists:
        put(lists, [winner] * len(lists), Cause.MERGE)
        take(lists, [loser] * len(lists), Cause.MERGE)


def put(segments: list[int], leads: list[int], cause: str, actor: int | None = None) -> int:
    """Pairs of a list and a lead; how many are new."""
    return _by_hand(ENTER, segments, leads, cause, actor)


def take(segments: list[int], leads: list[int], cause: str, actor: int | None = None) -> int:
    return _by_hand(LEAVE, segments, leads, cause, actor)


def _by_hand(query: str, segments: list[int], leads: list[int], cause: str, actor: int | None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(query, [segments, leads, [str(cause)] * len(leads), actor])
        return cursor.rowcount


# Everybody


def unbuilt() -> list[int]:
    free = Q(building_until=None) | Q(building_until__lte=Now())
    rows = Segment.objects.filter(free, kind=Segment.Kind.RULES, kept_since=None)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def build(segment_id: int) -> Kept:
    """Finds the members of a segment that is new or changed, and of those that ask about it. Nothing while another
    does it. Safe to repeat.
    """
    if not _claimed(segment_id):
        return Kept()
    conditions = Segment.objects.values_list("conditions", flat=True).get(pk=segment_id)
    kept = rebuild(asking([segment_id], reading.definitions()), cause=Cause.DEFINITION)
    same = Segment.objects.filter(pk=segment_id, conditions=conditions)
    same.update(kept_since=Now(), building_until=None)
    Segment.objects.filter(pk=segment_id).update(building_until=None)
    publish(MembersEntered())
    return kept


def _claimed(segment_id: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE nurturing_segment SET building_until = now() + %s::interval WHERE id = %s AND kind = 'rules'"
            " AND kept_since IS NULL AND (building_until IS NULL OR building_until <= now())",
            [LEASE, segment_id],
        )
        return cursor.rowcount == 1


def rebuild(only: Collection[int] | None = None, *, cause: str = Cause.CHECK) -> Kept:
    """Everybody, in the order of ids. A look without locks finds the few that need the careful way."""
    total = Kept()
    for ids in people(CHUNK):
        total = _added(total, _put_right(ids, only, cause))
    gone = np.array(strays(), np.int64)
    return _added(total, carefully(gone, only, cause)) if len(gone) else total


def _put_right(ids: Ids, only: Collection[int] | None, cause: str) -> Kept:
    found, differing = look(ids, only)
    alarms = zip(found.leads.tolist(), found.next_change_at.tolist(), strict=True)
    set_alarms([row for row in alarms if row[1] < NEVER])
    kept = carefully(differing, only, cause)
    return Kept(len(ids), kept.entered, kept.left)


def carefully(ids: Ids, only: Collection[int] | None, cause: str) -> Kept:
    total = Kept()
    for at in range(0, len(ids), CAREFUL):
        part = ids[at : at + CAREFUL].tolist()
        total = _added(total, keep(part, dict.fromkeys(part, (cause,)), only=only))
    return total


def look(ids: Ids, only: Collection[int] | None = None) -> tuple[Found, Ids]:
    """What the definitions say of these leads, and for whom the kept members say another."""
    definitions = reading.definitions()
    wanted = definitions if only is None else needed(only, definitions)
    found = evaluate(Plan.of(wanted), ids)
    entering, leaving = differences(found, ids, definitions if only is None else only)
    return found, np.unique(np.concatenate([entering.leads, leaving.leads]))


def strays() -> list[int]:
    """Kept as members though they were merged into others."""
    merged = SegmentMember.objects.filter(lead__merged_into__isnull=False, segment__kind=Segment.Kind.RULES)
    return sorted(set(merged.values_list("lead", flat=True)))


def _added(one: Kept, other: Kept) -> Kept:
    return Kept(*(a + b for a, b in zip(one, other, strict=True)))
