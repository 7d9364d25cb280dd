"""Who did what to a version and when, in words, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import Lag
from django.utils.dateparse import parse_datetime

from accounts.models import User
from scoring.history import USER, logs
from scoring.models import Approval, ModelVersion, Publication

SIZE = 100  # entries a page
TECHNICAL = {"id", "version", "group", "created_by", "created_at", "published_by", "published_at", "number"}
NOTHING: tuple[Any, ...] = ("", None, [])


@dataclass(frozen=True)
class Entry:
    at: datetime
    who: str
    what: str


def entries(version: ModelVersion, *, before: str = "") -> tuple[list[Entry], str]:
    """A page of them, and where the next one begins; empty when it is the last."""
    until = _instant(before)
    changes = [event for log in logs(version) for event in _page_of(log, until)]
    names = dict(User.objects.filter(pk__in={event["user"] for event in changes}).values_list("pk", "name"))
    made = {
        event["pgh_created_at"] for event in changes if event["state"] == "draft" and not event["previous"]
    }
    said = [_said(event, names) for event in changes if not _came_with_the_draft(event, made)]
    found = [entry for entry in (*said, *_acts(version, until)) if entry.what]
    found.sort(key=lambda entry: entry.at, reverse=True)
    page = found[:SIZE]
    return page, page[-1].at.isoformat() if len(found) > SIZE else ""


def _instant(text: str) -> datetime | None:
    try:
        return parse_datetime(text) if text else None
    except ValueError:
        return None


def _page_of(log: Any, until: datetime | None) -> list[dict[str, Any]]:
    """Each change with the one before it of the same row."""
    rows = log.filter(pgh_created_at__lt=until) if until else log
    before = Window(Lag("pgh_id"), partition_by=F("pgh_obj_id"), order_by=F("pgh_id").asc())
    marked = rows.annotate(before=before, user=F(USER)).order_by("-pgh_id")[: SIZE + 1]
    found = [(row, row.before) for row in marked]
    older = log.model.objects.in_bulk([pk for _, pk in found if pk])
    return [_event(row, older.get(pk)) for row, pk in found]


def _event(row: Any, previous: Any) -> dict[str, Any]:
    return {
        "pgh_created_at": row.pgh_created_at,
        "user": row.user,
        "label": row.pgh_label,
        "kind": row.pgh_tracked_model._meta.model_name,
        "name": getattr(row, "name", ""),
        "state": getattr(row, "state", ""),
        "row": row,
        "previous": previous,
    }


def _came_with_the_draft(event: Mapping[str, Any], made: Iterable[datetime]) -> bool:
    """Copied in the moment the draft was made: one line says it for all."""
    return event["kind"] != "modelversion" and event["label"] == "insert" and event["pgh_created_at"] in made


def _said(event: Mapping[str, Any], names: Mapping[int, str]) -> Entry:
    who = names.get(event["user"], "A machine or a shell")
    return Entry(event["pgh_created_at"], who, _what(event))


def _what(event: Mapping[str, Any]) -> str:
    noun = {"rule": f"rule “{event['name']}”", "rulegroup": f"group “{event['name']}”"}.get(event["kind"], "")
    if event["label"] == "insert":
        return f"Added {noun}." if noun else "Made the draft."
    if event["label"] == "delete":
        return f"Deleted {noun}." if noun else "Deleted the draft."
    changes = "; ".join(_changes(event["row"], event["previous"]))
    if not changes:
        return ""
    return f"Changed {noun}: {changes}." if noun else f"Changed {changes}."


def _changes(row: Any, previous: Any) -> Iterator[str]:
    for field in row.pgh_tracked_model._meta.concrete_fields:
        if previous is None or field.name in TECHNICAL or field.name == "state":
            continue
        old, new = getattr(previous, field.attname), getattr(row, field.attname)
        if old != new:
            yield f"{field.verbose_name} from {_shown(field, old)} to {_shown(field, new)}"


def _shown(field: Any, value: Any) -> str:
    if value in NOTHING:
        return "nothing"
    if isinstance(value, bool):
        return "on" if value else "off"
    if field.name == "conditions":
        return "“" + " and ".join(map(_condition, value)) + "”"
    return str(dict(field.flatchoices).get(value, value))


def _condition(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    value = item.get("value")
    said = ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
    return f"{item.get('field')} {str(item.get('op')).replace('_', ' ')} {said}".strip()


def _acts(version: ModelVersion, until: datetime | None) -> Iterator[Entry]:
    """Approvals, schedules and publications."""
    approvals = Approval.objects.filter(version=version).select_related("by").order_by("-pk")[:SIZE]
    plans = Publication.objects.filter(version=version).select_related("requested_by", "settled_by")
    acts = [Entry(row.at, str(row.by), "Approved the draft as it stood.") for row in approvals]
    for plan in plans.order_by("-pk")[:SIZE]:
        acts += _plan(plan)
    yield from (entry for entry in acts if until is None or entry.at < until)


def _plan(plan: Publication) -> Iterator[Entry]:
    who = str(plan.requested_by or "A machine or a shell")
    scheduled = plan.settled_at is None or plan.requested_at != plan.settled_at
    if scheduled:
        yield Entry(plan.requested_at, who, f"Scheduled it: {_how(plan)}.")
    if plan.settled_at is None:
        return
    if plan.state == Publication.State.DONE:
        yield Entry(plan.settled_at, who, f"Published it{' on schedule' if scheduled else ''}: {_how(plan)}.")
    else:
        words = f": {plan.words}" if plan.words else "."
        yield Entry(
            plan.settled_at, str(plan.settled_by or "The schedule"), f"{plan.get_state_display()}{words}"
        )


def _how(plan: Publication) -> str:
    pace = f", {plan.per_hour:,} MQLs an hour" if plan.per_hour else ""
    return f"{plan.get_mode_display().lower()}{pace}"
