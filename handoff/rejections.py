"""What sales sent back this week, counted by reason, by the rules that had scored those leads, and by source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, QuerySet

from handoff.models import Handoff, RejectReason, ScoredBy

SHOWN = 6  # rows a count; the rest is in the list


@dataclass(frozen=True)
class Share:
    label: str
    count: int
    filter: dict[str, str]  # what narrows the list to these leads
    note: str = ""


@dataclass(frozen=True)
class Mix:
    title: str
    shares: list[Share]
    most: int


def mixes(rejected: QuerySet[Handoff]) -> list[Mix]:
    """Three queries, whatever the number of rejections."""
    ids = rejected.order_by().values("pk")
    return [_mix("By reason", _reasons(ids)), _mix("By rule", _rules(ids)), _mix("By source", _sources(ids))]


def _mix(title: str, shares: list[Share]) -> Mix:
    return Mix(title, shares, max((share.count for share in shares), default=0))


def _reasons(ids: Any) -> list[Share]:
    rows = Handoff.objects.filter(pk__in=ids).values("reject_reason", label=F("reject_reason__label"))
    return [
        Share(row["label"], row["n"], {"reason": str(row["reject_reason"])})
        for row in rows.annotate(n=Count("pk")).order_by("-n", "label")[:SHOWN]
    ]


def _rules(ids: Any) -> list[Share]:
    rows = ScoredBy.objects.filter(handoff__in=ids, points__gte=0).values("rule_key")
    named = dict(ScoredBy.objects.filter(handoff__in=ids).values_list("rule_key", "rule_name").distinct())
    return [
        Share(named.get(row["rule_key"], row["rule_key"]), row["n"], {"rule": row["rule_key"]})
        for row in rows.annotate(n=Count("pk")).order_by("-n", "rule_key")[:SHOWN]
    ]


def _sources(ids: Any) -> list[Share]:
    rows = Handoff.objects.filter(pk__in=ids).values(source=F("lead__source")).annotate(n=Count("pk"))
    return [
        Share(
            row["source"] or "Source not known", row["n"], {"source": row["source"]} if row["source"] else {}
        )
        for row in rows.order_by("-n", "source")[:SHOWN]
    ]


def names_of(reason: str, rule: str) -> dict[str, str]:
    """What people call a reason and a rule that the list is narrowed to."""
    found: dict[str, str] = {}
    if reason:
        labels = RejectReason.objects.filter(pk=int(reason)).values_list("label", flat=True)
        found["reason"] = labels.first() or "no such reason"
    if rule:
        newest = ScoredBy.objects.filter(rule_key=rule).order_by("-version", "-pk")
        found["rule"] = newest.values_list("rule_name", flat=True).first() or rule
    return found
