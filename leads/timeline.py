"""What a lead did, what we did and what became of it, as one list, newest first. Reads only."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import orjson
from django.db import connection
from django.db.models import F, Q, Window
from django.db.models.functions import Lag

from leads.kinds import KNOWN, describe
from leads.models import Activity, Lead, StageChange

SIZE = 30
IN_POINTS = ("score_lowered", "points_added", "points_taken")  # measured in points, not in seconds
MOST_COUNTED = 1000
CHANNELS = {"web": "Web", "email": "E-mail", "event": "Events", "sales": "Sales", "system": "System"}
NOTED = (
    "title",
    "name",
    "asset",
    "path",
    "topic",
    "form",
    "webinar",
    "campaign",
    "subject",
    "url",
    "product",
    "text",
)
TONES = {"good": ("customer", "sql", "opportunity"), "bad": ("disqualified",), "info": ("mql",)}


@dataclass(frozen=True)
class Entry:
    at: datetime
    rank: int  # of entries at one instant: 0 activities, 1 stages, 2 scores
    id: int
    icon: str
    words: str
    detail: str = ""
    tone: str = ""
    machine: bool = False

    @property
    def place(self) -> tuple[datetime, int, int]:
        return (self.at, self.rank, self.id)


@dataclass(frozen=True)
class Slice:
    entries: list[Entry]
    older: str  # cursor; empty at the end


def timeline(lead: Lead, channel: str = "", cursor: str = "") -> Slice:
    """One page of a lead's history before the cursor; `channel` as in CHANNELS, blank for all. Three queries."""
    place = _decode(cursor)
    sources: list[Iterable[Entry]] = []
    if channel != "system":
        sources.append(_activities(lead, channel, place))
    if channel in ("", "system"):
        sources += [_stages(lead, place), _crossings(lead, place)]
    found = sorted((entry for source in sources for entry in source), key=lambda e: e.place, reverse=True)
    return Slice(found[:SIZE], _encode(found[SIZE - 1]) if len(found) > SIZE else "")


def counts(lead: Lead) -> dict[str, str]:
    """{channel: how many}, capped: the newest thousand activities are looked at."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT s.kind, count(*) FROM (SELECT shape_id FROM leads_activity WHERE lead_id = %s LIMIT %s) a"
            " JOIN leads_activityshape s ON s.id = a.shape_id GROUP BY s.kind",
            [lead.pk, MOST_COUNTED],
        )
        kinds = cursor.fetchall()
    found = dict.fromkeys(["", "web", "email", "event", "sales"], 0)
    for kind, number in kinds:
        found[describe(kind).channel] += number
        found[""] += number
    capped = found[""] >= MOST_COUNTED
    return {
        channel: f"{number:,}+" if capped and number else str(number) for channel, number in found.items()
    }


def entries_of(lead_id: int, facts: Iterable[tuple[datetime, int]]) -> list[tuple[Entry, str]]:
    """These activities (instant, id), newest first, each with a cursor to the timeline from it on. One query."""
    places = {pk: at for at, pk in facts}
    if not places:
        return []
    rows = Activity.objects.filter(
        lead_id=lead_id, id__in=list(places), occurred_at__range=(min(places.values()), max(places.values()))
    )
    found = [_activity(row) for row in rows.select_related("shape").newest_first()]
    return [(entry, _encode(replace(entry, id=entry.id + 1))) for entry in found]


def _before(place: tuple[datetime, int, int] | None, rank: int, at: str, key: str) -> Q:
    """Entries of one source that stand below `place`."""
    if place is None:
        return Q()
    moment, other, last = place
    level = {f"{at}__lte" if rank < other else f"{at}__lt": moment}
    return Q(**level) | Q(**{at: moment, f"{key}__lt": last}) if rank == other else Q(**level)


def _activities(lead: Lead, channel: str, place: tuple[datetime, int, int] | None) -> list[Entry]:
    rows = Activity.objects.filter(_before(place, 0, "occurred_at", "id"), lead_id=lead.pk).select_related(
        "shape"
    )
    if channel == "web":  # kinds of the company's own belong to the web
        rows = rows.exclude(shape__kind__in=[kind for kind, words in KNOWN.items() if words.channel != "web"])
    elif channel:
        rows = rows.filter(
            shape__kind__in=[kind for kind, words in KNOWN.items() if words.channel == channel]
        )
    return [_activity(row) for row in rows.newest_first()[: SIZE + 1]]


def _activity(row: Activity) -> Entry:
    kind = describe(row.shape.kind)
    props = {**row.shape.props, **(row.props or {})}
    span = "" if row.shape.kind in IN_POINTS else _span(row.seconds)
    notes = [_noted(props), span, f"{row.amount / 100:,.2f}" if row.amount else ""]
    if row.shape.machine:
        notes.append(f"done by a machine, not scored: {props.get('machine') or 'a known program'}")
    return Entry(
        row.occurred_at,
        0,
        row.id,
        "shield-alert" if row.shape.machine else kind.icon,
        kind.label,
        ", ".join(note for note in notes if note),
        "warn" if row.shape.machine else "",
        row.shape.machine,
    )


def _noted(props: dict[str, Any]) -> str:
    """The one property that says most."""
    return next((str(props[name])[:160] for name in NOTED if props.get(name)), "")


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s" if rest else ""


def _stages(lead: Lead, place: tuple[datetime, int, int] | None) -> list[Entry]:
    rows = StageChange.objects.filter(_before(place, 1, "at", "id"), lead=lead).select_related("by")
    return [
        Entry(row.at, 1, row.pk, "flag", f"Became {row.get_stage_display()}", _why(row), _tone(row.stage))
        for row in rows.order_by("-at", "-id")[: SIZE + 1]
    ]


def _why(row: StageChange) -> str:
    version = f"version {row.model_version}" if row.model_version else ""
    return ", ".join(word for word in (row.reason, version, f"by {row.by}" if row.by else "") if word)


def _tone(stage: str) -> str:
    return next((tone for tone, stages in TONES.items() if stage in stages), "")


def _crossings(lead: Lead, place: tuple[datetime, int, int] | None) -> list[Entry]:
    """Where the score crossed the line; read by the relation's name, for scores belong to the floor above."""
    changes = lead.score_changes.annotate(
        was=Window(Lag("qualified", default=False), order_by=[F("at").asc(), F("id").asc()]),
        before=Window(Lag("total"), order_by=[F("at").asc(), F("id").asc()]),
    )
    rows = changes.exclude(qualified=F("was")).filter(_before(place, 2, "at", "id")).order_by("-at", "-id")
    return [
        Entry(
            row.at,
            2,
            row.pk,
            "gauge",
            "Crossed the MQL line" if row.qualified else "Fell below the MQL line",
            f"Score {row.before if row.before is not None else 0} → {row.total}, {row.band}",
            "good" if row.qualified else "warn",
        )
        for row in rows[: SIZE + 1]
    ]


def _encode(entry: Entry) -> str:
    data = orjson.dumps([entry.at.isoformat(), entry.rank, entry.id])
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> tuple[datetime, int, int] | None:
    """None for the first page, and for a cursor that cannot be read."""
    try:
        at, rank, pk = orjson.loads(base64.urlsafe_b64decode(text[:200] + "=="))
        moment = datetime.fromisoformat(at)
        return (moment, int(rank), int(pk)) if moment.tzinfo else None
    except (ValueError, TypeError, binascii.Error):
        return None
