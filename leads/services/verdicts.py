"""What colleagues decide about hits: one by one, or by a rule for a network, a program, a domain."""

from __future__ import annotations

import time
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from leads.events import HitRulesChanged, publish
from leads.machines.rules import DOMAIN, clean
from leads.models import Hit, HitRule, Lead
from leads.services import hits

SECONDS = 20  # of one run of `judge_again`; the rest waits for the next
AT_ONCE = 300  # views


class NotThere(ValueError):
    """Nothing can be decided about this hit; says why in words."""


@transaction.atomic
def decide(*, hit: Hit, person: bool, actor: Any) -> Hit:
    """A colleague says who it was. Scores follow; deciding twice changes nothing. Raises NotThere."""
    Lead.objects.select_for_update(of=("self",)).filter(pk=hit.lead_id).first()
    found = Hit.objects.select_for_update().filter(pk=hit.pk).exclude(activity="").first()
    if found is None:
        raise NotThere("This hit is no longer on file, so nothing was changed. Reload the page.")
    word = Hit.Decided.PERSON if person else Hit.Decided.MACHINE
    if found.decided != word:
        found.decided, found.decided_by, found.decided_at = word, actor, timezone.now()
        found.save(update_fields=["decided", "decided_by", "decided_at"])
        _judge(found)
    found.refresh_from_db()
    return found


@transaction.atomic
def rule(*, kind: str, pattern: str, people: bool, actor: Any, seconds: int = 0, note: str = "") -> HitRule:
    """Sets a rule, or changes the one of the same pattern; hits on file are judged again. Raises BadPattern."""
    pattern = clean(kind, pattern)
    values = {"people": people, "seconds": seconds if kind == DOMAIN else 0, "note": note[:200]}
    made, _ = HitRule.objects.update_or_create(
        kind=kind, pattern=pattern, defaults=values, create_defaults=values | {"created_by": actor}
    )
    look_again(kind, pattern)
    return made


@transaction.atomic
def forget_rule(found: HitRule) -> None:
    look_again(found.kind, found.pattern)
    found.delete()


def look_again(kind: str, pattern: str) -> int:
    """Have the hits that such a rule speaks of judged again; how many they are."""
    met = Hit.objects.filter(matching(kind, pattern)).update(again=True)
    publish(HitRulesChanged())
    return met


def matching(kind: str, pattern: str) -> Q:
    match kind:
        case "network":
            return Q(address__within=pattern)
        case "agent":
            return Q(agent__icontains=pattern)
    return Q(recipient__iendswith=f"@{pattern}")


def judge_again() -> int:
    """Bounded; found again by each sweep. How many mails and views were looked at."""
    done, ends = 0, time.monotonic() + SECONDS
    while time.monotonic() < ends and (some := _some_mails() + _some_views()):
        done += some
    return done


def _some_mails() -> int:
    waiting = Hit.objects.filter(again=True, mail__isnull=False).order_by("pk")
    mails = list(dict.fromkeys(waiting.values_list("mail", "lead")[:AT_ONCE]))
    for key, lead_id in mails:
        if key:
            hits.judge_mail(key, lead_id)
    return len(mails)


@transaction.atomic
def _some_views() -> int:
    waiting = list(Hit.objects.filter(again=True, mail=None).order_by("lead", "pk")[:AT_ONCE])
    leads = sorted({hit.lead_id for hit in waiting})
    list(Lead.objects.select_for_update(of=("self",)).filter(pk__in=leads).order_by("pk").values_list("pk"))
    hits.judge_views(waiting)
    return len(waiting)


def _judge(hit: Hit) -> None:
    if hit.mail:
        hits.judge_mail(hit.mail, hit.lead_id)
    else:
        hits.judge_views([hit])
