"""What people told others about our mail: activities that say "no more" suppress the address.

Our own unsubscribe page and our own mail server suppress by themselves (nurturing). Here come the rest: the events
API, the REST API, and whatever else records an activity. In the transaction that records it, so that nobody can be
enrolled or mailed between the two.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from django.apps import apps
from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone

from leads.kinds import describe
from leads.models import Activity, ActivityShape, Lead, Suppression
from leads.services.consent import suppress_many

Reason = Suppression.Reason
REASONS = {
    "email_complaint": Reason.COMPLAINED,
    "email_unsubscribe": Reason.UNSUBSCRIBED,
    "email_bounce": Reason.BOUNCED,
}
BY_PERSON = ("email_complaint", "email_unsubscribe")  # a bounce speaks of an address, not of somebody
OPT_IN = "newsletter_signup"
# How mail services say that an address may work again tomorrow, and where they say it.
SOFT = re.compile(r"soft|transient|temporar|defer|delay|block|undetermined|4\d\d\b|4\.\d", re.IGNORECASE)
SAID_IN = (
    "bounce_type",
    "bounceType",
    "bounce_class",
    "type",
    "severity",
    "classification",
    "status",
    "code",
)
CHUNK = 500

MISSED = """
SELECT DISTINCT lead_id FROM leads_activity a
WHERE shape_id = ANY(%s) AND NOT EXISTS (SELECT FROM leads_suppression s WHERE s.lead_id = a.lead_id)
ORDER BY lead_id
"""


class Recorded(Protocol):
    """An activity as it is being recorded."""

    @property
    def lead_id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def occurred_at(self) -> datetime: ...
    @property
    def props(self) -> dict[str, Any]: ...


class Said(NamedTuple):
    lead_id: int
    kind: str
    at: datetime


def opt_outs(rows: Iterable[Recorded]) -> list[Said]:
    """Those that forbid mail. Cheap for the many that do not; a soft bounce forbids nothing."""
    found = [row for row in rows if row.kind in REASONS]
    return [Said(row.lead_id, row.kind, row.occurred_at) for row in found if not _soft(row)]


def _soft(row: Recorded) -> bool:
    if row.kind != "email_bounce":
        return False
    return any(SOFT.match(str(row.props[key]).strip()) for key in SAID_IN if key in row.props)


def heed(said: Sequence[Said]) -> int:
    """Suppress the address that each lead has; how many are new.

    A complaint always counts. An unsubscribe or a bounce does not when it is older than the lead's latest signup
    for the newsletter, or than the day a colleague lifted the suppression because the person asked.
    """
    return _heed(said) if said else 0


@transaction.atomic
def _heed(said: Sequence[Said]) -> int:
    people = _lock({one.lead_id for one in said})
    allowed = _allowed_since(people)
    new = 0
    for kind, reason in REASONS.items():
        addresses = {
            address: holder.pk
            for one in said
            if one.kind == kind and (holder := people.get(one.lead_id)) and (address := _address(holder))
            if reason == Reason.COMPLAINED or one.at >= allowed(holder)
        }
        new += _suppress(addresses, kind) if addresses else 0
    return new


def heed_history(lead_ids: Iterable[int]) -> int:
    """For leads that got an address, or somebody's history: what was said before counts for it as well."""
    ids = sorted(set(lead_ids))
    shapes = _shapes(BY_PERSON)
    if not ids or not shapes:
        return 0
    rows = Activity.objects.filter(lead__in=ids, shape__in=shapes).values_list(
        "lead_id", "shape_id", "occurred_at"
    )
    return heed([Said(lead_id, shapes[shape_id], at) for lead_id, shape_id, at in rows])


def heed_missed() -> int:
    """Everybody who said no while nobody listened, such as before an upgrade. Doing it again changes nothing."""
    with connection.cursor() as cursor:
        cursor.execute(MISSED, [list(_shapes(BY_PERSON))])
        ids = [row[0] for row in cursor.fetchall()]
    return sum(heed_history(ids[start : start + CHUNK]) for start in range(0, len(ids), CHUNK))


def _lock(lead_ids: set[int]) -> dict[int, Lead]:
    """{id: who has this lead's history now}. Locked in pk order: a mail at its fence is out, or sees this."""
    locked = Lead.objects.order_by("pk").select_for_update()
    people = {lead.pk: lead for lead in locked.filter(pk__in=lead_ids)}
    while merged := {lead.merged_into_id for lead in people.values() if lead.merged_into_id}:
        winners = {lead.pk: lead for lead in locked.filter(pk__in=merged)}
        people = {
            pk: winners[lead.merged_into_id] if lead.merged_into_id else lead for pk, lead in people.items()
        }
    return people


def _allowed_since(people: Mapping[int, Lead]) -> Callable[[Lead], datetime]:
    """When each last said yes: signed up by themselves, or asked a colleague."""
    owners = {pk: lead.pk for pk, lead in people.items()} | {lead.pk: lead.pk for lead in people.values()}
    never = datetime.min.replace(tzinfo=timezone.get_default_timezone())
    found = dict.fromkeys(owners.values(), never)
    for pk, at in _signups(owners):
        found[owners[pk]] = max(found[owners[pk]], at)
    for pk, at in _lifts(owners):
        found[owners[pk]] = max(found[owners[pk]], at)
    return lambda lead: found[lead.pk]


def _signups(lead_ids: Iterable[int]) -> Iterable[tuple[int, datetime]]:
    """No robot's, and none from the future: either could outrun a real no."""
    rows = Activity.objects.filter(
        lead__in=list(lead_ids),
        shape__in=_shapes((OPT_IN,)),
        shape__machine=False,
        occurred_at__lte=timezone.now(),
    )
    return rows.values_list("lead_id").annotate(last=Max("occurred_at")).values_list("lead_id", "last")


def _lifts(lead_ids: Iterable[int]) -> Iterable[tuple[int, datetime]]:
    history = apps.get_model("leads", "SuppressionEvent").objects
    gone = history.filter(pgh_label="delete", lead__in=list(lead_ids))
    return gone.values_list("lead_id").annotate(last=Max("pgh_created_at")).values_list("lead_id", "last")


def _suppress(addresses: Mapping[str, int], kind: str) -> int:
    """The first reason stays, except that a complaint replaces any: it alone cannot be lifted."""
    detail = f"{describe(kind).label}, as we were told on {timezone.now():%-d %b %Y}"
    if kind == "email_complaint":
        milder = Suppression.objects.filter(address__in=addresses).exclude(reason=Reason.COMPLAINED)
        milder.update(reason=Reason.COMPLAINED, detail=detail)
    return suppress_many(addresses=addresses, reason=REASONS[kind], detail=detail)


def _address(lead: Lead) -> str:
    return (lead.email or "").strip().lower()


def _shapes(kinds: Sequence[str]) -> dict[int, str]:
    return dict(ActivityShape.objects.filter(kind__in=kinds).values_list("pk", "kind"))
