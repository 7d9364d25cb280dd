"""Who did what to a campaign, from its audit rows: settings, states, versions, changes of drafts, moved people."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

from django.db.models import QuerySet

from accounts.models import User
from leads.models import Topic
from nurturing.models import Campaign, CampaignVersion, DraftChange, PeopleMove, Segment

SIZE = 40
FETCHED = SIZE + 5
UNSEEN = {"id", "state", "complaints_from", "activated_at", "paused_because", "created_by"}
VERBS = {"active": "Started or resumed", "paused": "Paused", "ended": "Ended for good", "draft": "Set back"}
NO_VALUE = "empty"


Rows = tuple[list[Any], datetime | None]
Things = dict[str, dict[int, str]]


class Entry(NamedTuple):
    at: datetime
    icon: str
    words: str
    detail: str
    who: str  # empty: Tandem itself


class Told(NamedTuple):
    """What one source says; it may have more from `floor` on back."""

    entries: list[Entry]
    floor: datetime | None


class Chapter(NamedTuple):
    """Newest first; the next page begins at `older`."""

    entries: list[Entry]
    older: datetime | None


def chapter(campaign: Campaign, until: datetime | None = None) -> Chapter:
    """A fixed number of statements. Entries of one instant stay on one page."""
    told = [source(campaign, until) for source in (_settings, _versions, _drafts, _moves)]
    floor = max((each.floor for each in told if each.floor), default=None)
    found = sorted(chain.from_iterable(each.entries for each in told), key=lambda e: e.at, reverse=True)
    shown = [entry for entry in found if floor is None or entry.at > floor]
    if floor is not None and not shown:  # more at one instant than is fetched: the next page begins before it
        return Chapter(found, floor - timedelta(microseconds=1))
    if len(shown) <= SIZE:
        return Chapter(shown, floor)
    edge = shown[SIZE - 1].at
    rest = [entry.at for entry in shown if entry.at < edge]
    return Chapter([entry for entry in shown if entry.at >= edge], max(rest) if rest else floor)


def _settings(campaign: Campaign, until: datetime | None) -> Told:
    """Each audit row against the one before it, which is therefore fetched as well."""
    rows, floor = _events(Campaign, until, pgh_obj=campaign.pk)
    names, things = _names(rows), _things()
    entries: list[Entry] = []
    for newer, older in zip(rows, [*rows[1:], None], strict=True):
        if older is not None:
            entries += _changed(newer, older, _who(newer, names), things)
        elif newer.pgh_label == "insert":
            entries.append(Entry(newer.pgh_created_at, "plus", "Made the campaign", "", _who(newer, names)))
    return Told(entries, floor)


def _things() -> dict[str, dict[int, str]]:
    """What settings name by an id."""
    segments, topics = Segment.objects.values_list("pk", "name"), Topic.objects.values_list("pk", "name")
    return {"segment": dict(segments), "topic": dict(topics)}


def _changed(newer: Any, older: Any, who: str, things: Things) -> Iterable[Entry]:
    if newer.state != older.state:
        detail = newer.paused_because if newer.state == Campaign.State.PAUSED else ""
        icon = {"active": "play", "paused": "pause"}.get(newer.state, "flag")
        yield Entry(newer.pgh_created_at, icon, VERBS[newer.state], detail, who)
    found = [
        f"{_label(field)}: {_shown(older, field, things)} → {_shown(newer, field, things)}"
        for field in Campaign._meta.concrete_fields
        if field.name not in UNSEEN and getattr(newer, field.attname) != getattr(older, field.attname)
    ]
    if found:
        yield Entry(newer.pgh_created_at, "settings", "Changed the settings", ". ".join(found)[:500], who)


def _versions(campaign: Campaign, until: datetime | None) -> Told:
    rows, floor = _events(CampaignVersion, until, campaign=campaign.pk)
    names = _names(rows)
    said = [(row, _version_words(row)) for row in rows]
    return Told(
        [Entry(row.pgh_created_at, *words, "", _who(row, names)) for row, words in said if words], floor
    )


def _version_words(row: Any) -> tuple[str, str] | None:
    if row.pgh_label == "insert" and row.number > 1:
        return "pencil", f"Began a draft of version {row.number}"
    if row.pgh_label == "delete":
        return "trash-2", f"Discarded the draft of version {row.number}"
    if row.pgh_label == "update" and row.frozen_at is not None:
        return "send", f"Published version {row.number}"
    return None


def _drafts(campaign: Campaign, until: datetime | None) -> Told:
    changes = DraftChange.objects.filter(version__campaign=campaign, undone=False)
    rows, floor = _newest(changes.select_related("actor", "version"), "at", until)
    return Told([_draft(row) for row in rows], floor)


def _draft(row: DraftChange) -> Entry:
    where = f"In the draft of version {row.version.number}"
    return Entry(row.at, "square-pen", row.words, where, _name(row.actor))


def _moves(campaign: Campaign, until: datetime | None) -> Told:
    moves = PeopleMove.objects.filter(campaign=campaign).select_related("asked_by", "target")
    rows, floor = _newest(moves, "asked_at", until)
    return Told([_move(row) for row in rows], floor)


def _move(row: PeopleMove) -> Entry:
    detail = f"{row.moved:,} moved, {row.left:,} left" + ("" if row.finished_at else ". Under way")
    words = f"Moved people to version {row.target.number}"
    return Entry(row.asked_at, "arrow-right-left", words, detail, _name(row.asked_by))


def _events(model: Any, until: datetime | None, **of: Any) -> Rows:
    rows = model.pgh_event_model.objects.filter(**of).select_related("pgh_context")
    return _newest(rows, "pgh_created_at", until)


def _newest(rows: QuerySet[Any], at: str, until: datetime | None) -> Rows:
    """With the instant of the last one if there may be more."""
    rows = rows.filter(**{f"{at}__lte": until}) if until else rows
    found = list(rows.order_by(f"-{at}", "-pk")[:FETCHED])
    return found, getattr(found[-1], at) if len(found) == FETCHED else None


def _names(rows: Iterable[Any]) -> dict[int, str]:
    wanted = {_user(row) for row in rows} - {None}
    return {user.pk: user.name for user in User.objects.filter(pk__in=wanted)}


def _user(row: Any) -> int | None:
    return row.pgh_context.metadata.get("user") if row.pgh_context else None


def _who(row: Any, names: dict[int, str]) -> str:
    user = _user(row)
    return "" if user is None else names.get(user, "A former colleague")


def _name(user: Any) -> str:
    return user.name if user else "A former colleague"


def _label(field: Any) -> str:
    return str(field.verbose_name).replace("_", " ").capitalize()


def _shown(row: Any, field: Any, things: Things) -> str:
    if field.choices:
        return str(getattr(row, f"get_{field.name}_display")())
    value = getattr(row, field.attname)
    if field.name in things and value is not None:
        return things[field.name].get(value, "one that is gone")
    return NO_VALUE if value in (None, "") else str(value)
