"""What the lead page shows of the record of consents: what is allowed now, since when, by which words, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, QuerySet

from leads import consents
from leads.models import Consent, Lead, Topic

SHOWN = 30
State = Consent.State


@dataclass(frozen=True)
class Standing:
    """One topic, or everything, for one lead."""

    name: str
    allowed: bool
    waits: bool  # was asked to confirm and has not done so
    entry: Consent | None  # whose words decide; none when nothing was said


def standing(lead: Lead) -> list[Standing]:
    """All topics, and mail about nothing in particular first. Says nothing about suppressed addresses."""
    said = list(history(lead))
    general = _ruled(Lead.objects.filter(pk=lead.pk), "pk", None).get()
    rows = [Standing("Mail in general", general.allowed, general.waits, _newest(said, None))]
    topics = _ruled(Topic.objects.all(), lead.pk, "pk").annotate(relied=consents.relied_on(lead.pk, "pk"))
    cited = Consent.objects.select_related("by", "topic").in_bulk({topic.relied for topic in topics} - {None})
    for topic in topics:
        entry = cited.get(topic.relied) if topic.allowed else _newest(said, topic.pk)
        rows.append(Standing(topic.name, topic.allowed, topic.waits, entry))
    return rows


def _ruled(rows: QuerySet[Any], lead: consents.Ref, topic: consents.Ref) -> QuerySet[Any]:
    rules = {"allowed": consents.allows(lead, topic), "waits": consents.waits(lead, topic)}
    kind = BooleanField()
    return rows.annotate(**{name: ExpressionWrapper(rule, output_field=kind) for name, rule in rules.items()})


def history(lead: Lead) -> QuerySet[Consent]:
    return lead.consents.select_related("topic", "by").order_by("-at", "-pk")[:SHOWN]


def pause(lead: Lead) -> Any:
    """When the lead's pause is over; empty when there is none."""
    return Lead.objects.filter(pk=lead.pk).values_list(consents.pause_ends("pk"), flat=True).first()


def _newest(said: list[Consent], topic_id: int | None) -> Consent | None:
    """Its own newest word, else the newest about everything."""
    heard = [one for one in said if one.channel == consents.EMAIL and one.state in consents.SPOKEN]
    own = [one for one in heard if one.topic_id == topic_id]
    general = [one for one in heard if one.topic_id is None]
    return next(iter([*own, *general]), None)
