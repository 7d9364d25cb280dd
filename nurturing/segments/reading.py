"""What segments ask about leads, read for many at once and as it is now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from django.contrib.postgres.fields import ArrayField
from django.db import connection
from django.db.models import BigIntegerField, BooleanField, F, Func, QuerySet, Value
from numpy.typing import NDArray

from leads.arrays import WORDS, arrays, mixed
from leads.fields import raw_columns
from leads.models import Lead
from leads.spans import among
from nurturing import gates
from nurturing.models import Segment
from nurturing.segments.language import BadDefinition, Group, parse
from nurturing.segments.plan import needed
from nurturing.segments.vocabulary import OWN
from scoring.fit import Column, encode, encode_raw

Ids = NDArray[np.int64]
DRAFT = 0  # in place of the id of a segment that is not saved

STANDING = (
    "SELECT array_agg(id), array_agg(stage), array_agg(total), array_agg(fit), array_agg(engagement), array_agg(band)"
    " FROM (SELECT l.id, l.stage::text, s.total, s.fit, s.engagement, s.band::text FROM leads_lead l"
    " LEFT JOIN scoring_score s ON s.lead_id = l.id WHERE {where} ORDER BY l.id) found"
)
STANDS = ("stage", "score", "fit", "engagement", "band")
SUPPRESSED = (
    "SELECT id, min(reason) FROM (SELECT l.id, p.reason FROM leads_lead l JOIN leads_suppression p"
    " ON p.lead_id = l.id WHERE {where} UNION ALL SELECT l.id, p.reason FROM leads_lead l JOIN leads_suppression p"
    " ON lower(p.address) = lower(l.email) WHERE {where}) found GROUP BY id"
)


def definitions(draft: Group | None = None) -> dict[int, Group]:
    """Of every segment that has one; with `draft`, only that one (as DRAFT) and what it asks about.

    One that cannot be read any more is left out, so it takes nobody in and lets nobody go.
    """
    found: dict[int, Group] = {}
    rows = Segment.objects.filter(kind=Segment.Kind.RULES).order_by("pk")
    for pk, stored in rows.values_list("pk", "conditions"):
        try:
            found[pk] = parse(stored)
        except BadDefinition:
            continue
    return found if draft is None else needed([DRAFT], {**found, DRAFT: draft})


class AnyOf(Func):
    """`expression = ANY(array)`: one array instead of thousands of parameters."""

    template, arg_joiner = "(%(expressions)s))", " = ANY("
    output_field = BooleanField()


def chosen(rows: QuerySet[Lead], leads: Iterable[int]) -> QuerySet[Lead]:
    return rows.filter(
        AnyOf(F("pk"), Value(list(map(int, leads)), output_field=ArrayField(BigIntegerField())))
    )


def people(leads: Ids) -> Ids:
    """Who of these there is, and was not merged into another lead."""
    where, params = among("l.id", leads)
    query = f"SELECT l.id FROM leads_lead l WHERE {where} AND l.merged_into_id IS NULL"  # noqa: S608  own words
    return np.intersect1d(leads, _ids(query, params), assume_unique=True)


def enrolled(campaign: int, leads: Ids) -> Ids:
    where, params = among("lead_id", leads)
    query = f"SELECT DISTINCT lead_id AS id FROM nurturing_enrolment WHERE campaign_id = %s AND {where}"  # noqa: S608
    return _ids(query, [campaign, *params])


def listed(segment: int, leads: Ids) -> Ids:
    where, params = among("lead_id", leads)
    query = f"SELECT lead_id AS id FROM nurturing_segmentmember WHERE segment_id = %s AND {where}"  # noqa: S608
    return _ids(query, [segment, *params])


def _ids(query: str, params: list[Any]) -> Ids:
    return arrays(f"SELECT array_agg(id) FROM ({query}) found", [">i8"], params)[0][0]  # noqa: S608  own words


def columns(leads: Ids, keys: Iterable[str]) -> dict[str, Column]:
    """By field; ascending ids."""
    if not len(leads):
        return {}
    wanted = set(keys)
    raw = raw_columns(leads.tolist(), sorted(wanted - OWN.keys()))
    found = {key: encode_raw(*column) for key, column in raw.items()}
    if wanted & set(STANDS):
        found |= _standing(leads, wanted)
    if "mailable" in wanted:
        found["mailable"] = _column(leads, _mailable(leads))
    if "suppressed" in wanted:
        found["suppressed"] = _column(leads, _suppressed(leads))
    return found


def _standing(leads: Ids, wanted: set[str]) -> dict[str, Column]:
    where, params = among("l.id", leads)
    ids, *values = mixed(STANDING.format(where=where), [">i8", *[WORDS] * len(STANDS)], params)[0]
    place = np.searchsorted(ids, leads)
    return {
        key: _taken(encode(column), place)
        for key, column in zip(STANDS, values, strict=True)
        if key in wanted
    }


def _taken(column: Column, place: Ids) -> Column:
    return Column(column.codes[place], column.values)


def _column(leads: Ids, known: Mapping[int, Any]) -> Column:
    return encode([known.get(pk) for pk in leads.tolist()])


def _mailable(leads: Ids) -> dict[int, str]:
    answers = dict.fromkeys(leads.tolist(), "no")
    return answers | dict.fromkeys(chosen(gates.mailable(), leads).values_list("pk", flat=True), "yes")


def _suppressed(leads: Ids) -> dict[int, str]:
    where, params = among("l.id", leads)
    with connection.cursor() as cursor:
        cursor.execute(SUPPRESSED.format(where=where), params * 2)
        return dict(cursor.fetchall())
