"""What people choose on their preference page. Every change is an entry of the record, with the words they read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, QuerySet

from leads import consents
from leads.models import Consent, Lead, Suppression, Topic
from leads.services import consents as record
from leads.services.consent import NOT_OURS_TO_LIFT, lift, suppress
from leads.services.consents import Origin
from leads.services.merges import holder
from nurturing.models import Message
from nurturing.services import enrolments, mails

PHONE, ADS = Consent.Channel.PHONE, Consent.Channel.ADS
KEEP, AT_ONCE = "keep", "0"
PAUSES = ("30", "60", "90")


@dataclass(frozen=True)
class Choices:
    """What stands on the page. `words`: what was shown for each of them, in the language it was shown in."""

    topics: Mapping[int, bool] = field(default_factory=dict)
    channels: Mapping[str, bool] = field(default_factory=dict)
    pause: str = KEEP
    language: str = ""
    words: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Present:
    """What holds for a person now, as the page shows it."""

    lead: Lead
    topics: QuerySet[Any]  # with `allowed`
    channels: Mapping[str, bool]
    pause_ends: datetime | None
    suppression: Suppression | None
    first_yes: Consent | None


def present(message: Message) -> Present:
    lead = holder(message.enrolment.lead)
    suppression = Suppression.objects.filter(address=_address(message)).first()
    said = lead.consents.filter(state=Consent.State.GIVEN, basis=Consent.Basis.CONSENT)
    return Present(
        lead,
        _topics(lead),
        {channel: _reachable(lead, channel) for channel in (PHONE, ADS)},
        Lead.objects.filter(pk=lead.pk).values_list(consents.pause_ends("pk"), flat=True).first(),
        suppression,
        said.order_by("at").first(),
    )


@transaction.atomic
def choose(*, message: Message, choices: Choices, origin: Origin) -> bool:
    """Takes effect when it commits. Whoever wants a topic again may be mailed again. True if anything changed.

    Raises leads.services.consent.CannotLift after a spam complaint; nothing is changed then.
    """
    lead = _locked(message)
    before = lead.consents.count(), lead.language
    if any(choices.topics.values()):
        lift(address=_address(message), wording=choices.words["again"], origin=origin)
    suppressed = Suppression.objects.filter(address=_address(message)).exists()
    for topic in () if suppressed else _topics(lead):
        _switch(lead, topic, choices, origin)
    for channel, wanted in choices.channels.items():
        if wanted != _reachable(lead, channel):
            verb = record.give if wanted else record.withdraw
            verb(lead=lead, topic=None, channel=channel, wording=choices.words[channel], origin=origin)
    _pause(lead, choices, origin)
    if choices.language and choices.language != lead.language:
        Lead.objects.filter(pk=lead.pk).update(language=choices.language)
    enrolments.stop_lead(lead.pk)
    lead.refresh_from_db(fields=["language"])
    return before != (lead.consents.count(), lead.language)


@transaction.atomic
def not_me(*, message: Message, wording: str, origin: Origin) -> None:
    """The address belongs to somebody else: it is never mailed again, and the record says whose word that is."""
    lead = _locked(message)
    suppress(address=_address(message), reason="unsubscribed", lead=lead, detail=wording, origin=origin)
    enrolments.stop_lead(lead.pk)


def stop_all(*, message: Message, origin: Origin) -> None:
    mails.unsubscribe(message=message, how="page", origin=origin)


def _switch(lead: Lead, topic: Any, choices: Choices, origin: Origin) -> None:
    """Only what the page showed is changed: a topic that came since keeps its state."""
    wanted = choices.topics.get(topic.pk, topic.allowed)
    if wanted != topic.allowed:
        verb = record.give if wanted else record.withdraw
        verb(lead=lead, topic=topic, wording=choices.words[f"topic-{topic.pk}"], origin=origin)


def _pause(lead: Lead, choices: Choices, origin: Origin) -> None:
    paused = Lead.objects.filter(consents.paused("pk"), pk=lead.pk).exists()
    if choices.pause in PAUSES:
        record.pause(lead=lead, days=int(choices.pause), wording=choices.words["pause"], origin=origin)
    elif choices.pause == AT_ONCE and paused:
        record.resume(lead=lead, wording=choices.words["pause"], origin=origin)
        mails.wake(lead.pk)


def _topics(lead: Lead) -> QuerySet[Any]:
    rule = ExpressionWrapper(consents.allows(lead.pk, "pk"), output_field=BooleanField())
    return Topic.objects.filter(public=True).annotate(allowed=rule)


def _reachable(lead: Lead, channel: str) -> bool:
    """We may call until they mind; advertising wants a yes."""
    said = Lead.objects.annotate(entry=consents.relied_on("pk", None, channel)).get(pk=lead.pk).entry
    if channel == ADS and said is None:
        return False
    return not Lead.objects.filter(consents.refused("pk", channel), pk=lead.pk).exists()


def _locked(message: Message) -> Lead:
    """As everywhere the lead first, so a mail at its fence is out already or will see this."""
    lead = holder(message.enrolment.lead)
    return Lead.objects.select_for_update(of=("self",)).get(pk=lead.pk)


def _address(message: Message) -> str:
    return message.to_address.strip().lower()


def may_come_back(suppression: Suppression | None) -> bool:
    return suppression is None or suppression.reason not in NOT_OURS_TO_LIFT
