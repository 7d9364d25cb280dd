"""Telling people of alerts: the rep who has the lead, else marketing; managers who asked for it; and no storms.

Of one kind somebody hears at most MOST an hour one by one. The rest of that hour is one row, "And 195 more", which
grows while it lasts, with one mail and one message at its end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import User
from handoff.live import announce
from handoff.models import Handoff, Notice, Notification
from handoff.services import notifications
from handoff.services.facts import Note
from scoring.models import Alert, Watch
from scoring.services import alerting

BATCH = 200
ROUNDS = 50
MOST = 5  # of one kind for one person in HOUR
HOUR = timedelta(hours=1)
ONE_TELLER = (
    7_320_115  # key of the advisory lock: what somebody was told lately is counted, so one counts at a time
)
MORE = {
    Notice.ACTION: "And {more:,} more {alerts}: what leads did within an hour.",
    Notice.CROSSING: "And {more:,} more {alerts}: scores that crossed a line within an hour.",
}


def tell() -> int:
    """All that nobody was told of; how many alerts. What fails is told by the next bell or sweep."""
    done = 0
    for _ in range(ROUNDS):
        told = _tell_batch()
        done += told
        if told < BATCH:
            break
    return done


@transaction.atomic
def _tell_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_TELLER])
    alerts = alerting.claim(limit=BATCH)
    notes: dict[tuple[int, str], list[Note]] = defaultdict(list)
    for note in _notes(alerts):
        notes[note.user_id, note.kind].append(note)
    known = notifications.people(user for user, _ in notes)
    for (user, kind), mine in notes.items():
        if user in known:
            _tell_one(known[user], kind, mine)
    return len(alerts)


def _tell_one(user: User, kind: str, mine: list[Note]) -> None:
    lately = Notification.objects.filter(user=user, kind=kind, more=0, created_at__gt=Now() - HOUR)
    room = max(MOST - lately.count(), 0)
    notifications.tell(mine[:room])
    if mine[room:]:
        _fold(user, kind, mine[room:])


def _fold(user: User, kind: str, mine: list[Note]) -> None:
    in_app, channels = notifications.ways(user, kind)
    if not in_app and not channels:
        return
    row = _open_fold(user, kind)
    if row is None:
        row = Notification.objects.create(
            user=user,
            kind=kind,
            key=f"more:{mine[0].key}",
            text=_words(kind, len(mine)),
            link=reverse("scoring:alerts"),
            in_app=in_app,
            more=len(mine),
        )
        notifications.deliver(user, row, channels, wait=HOUR)
    else:
        more = row.more + len(mine)
        Notification.objects.filter(pk=row.pk).update(more=more, text=_words(kind, more), read_at=None)
    if in_app:
        announce(users=[user.pk], kind="notification", id=row.pk)


def _open_fold(user: User, kind: str) -> Notification | None:
    folds = Notification.objects.filter(user=user, kind=kind, more__gt=0, created_at__gt=Now() - HOUR)
    return folds.order_by("-pk").first()


def _words(kind: str, more: int) -> str:
    return MORE[Notice(kind)].format(more=more, alerts="alert" if more == 1 else "alerts")


def _notes(alerts: list[Alert]) -> Iterable[Note]:
    reps = _reps_of(alerts)
    marketers = list(_active(role=User.Role.MARKETER).values_list("pk", flat=True)) if alerts else []
    leaders = _leaders_of(reps.values())
    for alert in alerts:
        rep = reps.get(alert.lead_id)
        users = [rep.pk, *leaders.get(rep.pk, ())] if rep else marketers
        yield from (_note(alert, user) for user in users)


def _note(alert: Alert, user_id: int) -> Note:
    kind = Notice.ACTION if alert.watch.on == Watch.On.ACTION else Notice.CROSSING
    lead = alert.lead
    who = f"{lead.name}, {lead.company.name}," if lead.company else lead.name
    return Note(
        user_id, kind, f"{kind}:{alert.pk}", lead.pk, f"{who} {alert.words}.", alert.get_absolute_url()
    )


def _reps_of(alerts: list[Alert]) -> dict[int, Any]:
    """Who works the lead or was offered it; else who owns it. Nobody who left."""
    leads = {alert.lead_id for alert in alerts}
    live = Handoff.objects.live().filter(lead__in=leads, cycle__closed_at=None).select_related("rep")
    reps = {alert.lead_id: alert.lead.owner for alert in alerts if alert.lead.owner}
    reps |= {row.lead_id: row.rep for row in live.order_by("pk")}
    return {lead: rep for lead, rep in reps.items() if rep.is_active}


def _leaders_of(reps: Iterable[Any]) -> dict[int, list[int]]:
    """The managers of each rep's team."""
    teams = {rep.pk: rep.team_id for rep in reps if rep.team_id}
    managers = _active(role=User.Role.MANAGER).filter(team__in=set(teams.values())) if teams else ()
    by_team: dict[int, list[int]] = defaultdict(list)
    for manager in managers:
        by_team[manager.team_id].append(manager.pk)
    return {rep: [pk for pk in by_team[team] if pk != rep] for rep, team in teams.items()}


def _active(**terms: Any) -> Any:
    return User.objects.filter(Q(is_active=True), **terms).order_by("pk")
