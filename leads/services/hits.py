"""Hits on our links, pictures and pages: kept, judged together, and told to the lead's history.

Held      a hit that looks like a person's takes effect HOLD after it happened, judged by all that came meanwhile
Late      a hit that took effect changes sides when later ones give it away, or a colleague says so
One       the lead is locked first, as everywhere; a visitor's repeated hit within a minute is one activity
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from leads.events import HitsJudged, publish
from leads.machines.judging import CROWD_SPAN, SURE, judge, judge_view
from leads.machines.rules import Rule, Rules
from leads.machines.seen import Seen, Verdict, in_words
from leads.models import Hit, HitRule, Lead
from leads.services.activities import NewActivity, record_activities
from leads.services.marks import Mark, mark

HOLD = timedelta(seconds=20)
KEPT = timedelta(days=180)
MOST = 200  # of one mail; more would be somebody at play
REPEAT = timedelta(minutes=1)
FIELDS = ("probability", "reasons", "machine", "again", "settled_at", "message_id", "marked", "stale")

# A proxy that does not say for whom it asks: its address is everybody's.
NEAR = ["127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"]
CROWD = """
SELECT hit.id, count(DISTINCT other.mail)
FROM leads_hit hit JOIN leads_hit other
  ON other.address = hit.address AND other.agent = hit.agent
 AND other.at BETWEEN hit.at - make_interval(secs => %s) AND hit.at + make_interval(secs => %s)
WHERE hit.mail = %s AND hit.kind <> 'open' AND other.kind <> 'open' AND other.mail IS NOT NULL AND hit.agent <> ''
  AND NOT hit.address <<= ANY (%s::inet[])
GROUP BY hit.id
"""


def rules() -> Rules:
    rows = HitRule.objects.values_list("kind", "pattern", "people", "seconds")
    return Rules.of(Rule(*row) for row in rows)


@transaction.atomic
def record(hit: Hit) -> bool:
    """Keep a hit of a mail and judge all of that mail. False for one that is on file already, or one too many."""
    _lock(hit.lead_id)
    hit.key = _key(hit)
    known = list(Hit.objects.filter(mail=hit.mail).order_by("pk"))
    if len(known) >= MOST or any(each.key == hit.key for each in known):
        return False
    hit.save(force_insert=True)
    _judge([*known, hit], HOLD)
    return True


def settle_due(*, hold: timedelta = HOLD, limit: int = 500) -> int:
    """Let the hits take effect whose time has come; how many mails that were. Each mail stands for itself."""
    due = Hit.objects.filter(settled_at=None, at__lte=Now() - hold).order_by("at")
    mails = list(dict.fromkeys(due.values_list("mail", "lead")[:limit]))
    for key, lead_id in mails:
        if key:
            judge_mail(key, lead_id, hold=hold)
    return len(mails)


@transaction.atomic
def judge_mail(key: UUID, lead_id: int, *, hold: timedelta = HOLD) -> None:
    _lock(lead_id)
    _judge(list(Hit.objects.filter(mail=key).order_by("pk")), hold)


def judge_views(hits: Sequence[Hit]) -> None:
    """Views of pages stand each for itself. The caller locked their leads."""
    known, before = rules(), [_state(hit) for hit in hits]
    for hit in hits:
        _take(hit, judge_view(hit.agent, hit.address or "", known))
    _let_happen(hits)
    _save(hits, before)


def forget_old() -> int:
    """The evidence goes after half a year; what it said stays marked in the history."""
    old = Hit.objects.filter(received_at__lt=Now() - KEPT).order_by("received_at").values("pk")[:20_000]
    return Hit.objects.filter(pk__in=list(old.values_list("pk", flat=True))).delete()[0]


def _lock(lead_id: int) -> None:
    Lead.objects.select_for_update(of=("self",)).filter(pk=lead_id).first()


def _key(hit: Hit) -> UUID:
    """The same visitor on the same link within a minute is one hit; told twice, it is one as well."""
    minute = int(hit.at.timestamp() // 60)
    facts = [
        hit.mail,
        hit.kind,
        hit.link,
        hit.detail,
        hit.method,
        hit.agent,
        hit.address,
        sorted(hit.signs),
        minute,
    ]
    return UUID(bytes=hashlib.blake2b(repr(facts).encode("utf-8", "replace"), digest_size=16).digest())


def _judge(hits: list[Hit], hold: timedelta) -> None:
    crowd, before = _crowds(hits[0].mail) if hits else {}, [_state(hit) for hit in hits]
    for hit, verdict in zip(hits, judge([_seen(hit, crowd) for hit in hits], rules()), strict=True):
        _take(hit, verdict)
    latest = timezone.now() - hold
    for hit in hits:
        sure = hit.probability >= SURE or hit.decided or "people" in hit.reasons
        if hit.settled_at is None and (sure or hit.at <= latest):
            hit.settled_at, hit.stale = timezone.now(), True
    _let_happen(hits)
    _save(hits, before)


def _crowds(mail: UUID | None) -> dict[int, int]:
    with connection.cursor() as cursor:
        cursor.execute(CROWD, [CROWD_SPAN, CROWD_SPAN, mail, NEAR])
        return dict(cursor.fetchall())


def _seen(hit: Hit, crowd: dict[int, int]) -> Seen:
    facts = (hit.kind, hit.at, hit.sent_at, hit.link, hit.links, hit.method, hit.agent, hit.address or "")
    return Seen(*facts, hit.recipient, tuple(hit.signs), crowd.get(hit.pk, 0))


def _take(hit: Hit, verdict: Verdict) -> None:
    """What a colleague decided stands, whatever the signs say; those stay to be read."""
    hit.probability, hit.reasons, hit.again = verdict.probability, list(verdict.reasons), False
    hit.machine = hit.decided == Hit.Decided.MACHINE if hit.decided else verdict.machine


def _let_happen(hits: Sequence[Hit]) -> None:
    """The settled ones stand in the lead's history, each on its side."""
    told = [hit for hit in hits if hit.settled_at and hit.activity]
    flipped = [hit for hit in told if hit.message_id and hit.marked != hit.machine]
    for hit in told:
        hit.stale = hit.stale or hit in flipped
    mark([Mark(hit.lead_id, hit.at, hit.message_id, why(hit) if hit.machine else "") for hit in flipped])
    new = _without_activity(told)
    for hit in new:
        hit.message_id = f"hit:{hit.key}"
    record_activities([_activity(hit) for hit in new], heed=False)
    for hit in told:
        hit.marked = hit.machine
    if any(hit.stale for hit in hits):
        publish(HitsJudged())


def _without_activity(told: Sequence[Hit]) -> list[Hit]:
    """Those that need one: a link followed twice within a minute, by the same kind of visitor, is one thing done."""
    new: list[Hit] = []
    latest: dict[tuple[object, ...], Hit] = {}
    for hit in sorted(told, key=lambda hit: (hit.at, hit.pk)):
        what = (hit.mail, hit.activity, hit.link, hit.detail, hit.machine)
        before = latest.get(what)
        repeated = before is not None and hit.at - before.at < REPEAT
        if not hit.message_id and not repeated:
            new.append(hit)
        if not repeated or hit.message_id:
            latest[what] = hit
    return new


def why(hit: Hit) -> str:
    return "a colleague said so" if hit.decided else in_words(hit.reasons[:3])


def _activity(hit: Hit) -> NewActivity:
    props = hit.props | ({"machine": why(hit)} if hit.machine else {})
    return NewActivity(
        hit.lead_id, hit.activity, hit.at, props, message_id=hit.message_id, machine=hit.machine
    )


def _state(hit: Hit) -> list[Any]:
    return [getattr(hit, name) for name in FIELDS]


def _save(hits: Sequence[Hit], before: Sequence[list[Any]]) -> None:
    changed = [hit for hit, state in zip(hits, before, strict=True) if _state(hit) != state]
    Hit.objects.bulk_update(changed, FIELDS, batch_size=200)
