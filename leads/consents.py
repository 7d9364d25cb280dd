"""What holds now, derived from the record of consents as conditions the database checks.

A topic is allowed to a lead when the newest word about that very topic is a yes that has not run out and nobody
withdrew everything since; or, without such a word, when the topic is open to all and the newest word about
everything is no refusal. Without a topic only that last one counts. What was asked for and waits to be confirmed is
neither: until then nothing is sent about it.

Names  `lead` and `topic` name fields of the outer query, or are ids; a topic may be None
Clock  the database's now()
"""

from __future__ import annotations

from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Now
from django.db.models.lookups import Exact, In

from leads.models import Consent, Topic

State = Consent.State
EMAIL = Consent.Channel.EMAIL
DECIDED = (State.GIVEN, State.WITHDRAWN)
SPOKEN = (*DECIDED, State.ASKED)
YES, NO, SPENT, WAITS = "yes", "no", "spent", "waits"
Ref = str | int | None


def allows(lead: Ref, topic: Ref, channel: str = EMAIL) -> Q:
    """May they get mail about this topic now? Suppressions are asked elsewhere: they belong to an address."""
    return _ruled(lead, topic, channel, at_once=YES, generally=~Q(_closed(lead, channel)))


def waits(lead: Ref, topic: Ref, channel: str = EMAIL) -> Q:
    """They asked for it, and nothing but their confirmation is missing."""
    asked = _about(lead, None, channel).filter(state=State.ASKED)
    generally = Q(Exists(asked.filter(~Exists(_newer_of_all(SPOKEN)))))
    return _ruled(lead, topic, channel, at_once=WAITS, generally=generally)


def _ruled(lead: Ref, topic: Ref, channel: str, *, at_once: str, generally: Q) -> Q:
    """By the word about the topic itself if that decides, else by what holds generally."""
    if topic is None:
        return generally
    own = Coalesce(Subquery(_own(lead, topic, channel).values("verdict")[:1]), Value(""))
    undecided = Q(In(own, ("", SPENT)))
    about_it = Q(Exact(own, Value(at_once))) | undecided & Q(_open(topic)) & generally
    return Q(**{topic: None}) & generally | about_it if isinstance(topic, str) else about_it


def refused(lead: Ref, channel: str = EMAIL) -> Exists:
    """The newest word about everything on this channel is a refusal, or a permission that has run out."""
    last = _about(lead, None, channel).filter(Q(state=State.WITHDRAWN) | Q(expires_at__lte=Now()))
    return Exists(last.filter(~Exists(_newer_of_all(DECIDED)), state__in=DECIDED))


def _closed(lead: Ref, channel: str) -> Exists:
    """Refused, or asked for and not confirmed."""
    no = Q(state__in=(State.WITHDRAWN, State.ASKED)) | Q(expires_at__lte=Now())
    last = _about(lead, None, channel).filter(no)
    return Exists(last.filter(~Exists(_newer_of_all(SPOKEN))))


def paused(lead: Ref) -> Exists:
    return Exists(_pauses(lead))


def pause_ends(lead: Ref) -> Subquery:
    """When the pause that holds now is over; empty when there is none."""
    return Subquery(_pauses(lead).order_by("-at", "-pk").values("expires_at")[:1])


def relied_on(lead: Ref, topic: Ref, channel: str = EMAIL) -> Coalesce:
    """The id of the entry that a mail about this topic relies on; empty when nothing was recorded."""
    own = _own(lead, topic, channel).annotate(id_if_yes=Case(When(verdict=YES, then=F("pk"))))
    general = _about(lead, None, channel).order_by("-at", "-pk")
    given = general.annotate(id_if_given=Case(When(state=State.GIVEN, then=F("pk"))))
    return Coalesce(
        Subquery(own.values("id_if_yes")[:1]),
        Subquery(given.values("id_if_given")[:1]),
        output_field=BigIntegerField(null=True),
    )


def _own(lead: Ref, topic: Ref, channel: str) -> QuerySet[Any]:
    """What was said about that very topic, newest first, with its `verdict`."""
    withdrawn = _newer_of_all((State.WITHDRAWN,))
    verdict = Case(
        When(state=State.WITHDRAWN, then=Value(NO)),
        When(Q(expires_at__lte=Now()) | Q(Exists(withdrawn)), then=Value(SPENT)),
        When(state=State.ASKED, then=Value(WAITS)),
        default=Value(YES),
        output_field=CharField(),
    )
    about_it = _about(lead, topic, channel).filter(topic__isnull=False)
    return about_it.annotate(verdict=verdict).order_by("-at", "-pk")


def _about(lead: Ref, topic: Ref, channel: str) -> QuerySet[Consent]:
    entries = Consent.objects.filter(lead=_ref(lead), channel=channel, state__in=SPOKEN)
    return entries.filter(topic=None) if topic is None else entries.filter(topic=_ref(topic))


def _newer_of_all(states: tuple[str, ...]) -> QuerySet[Consent]:
    """Entries about everything, said after the outer entry."""
    later = Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk"))
    return Consent.objects.filter(
        later, lead=OuterRef("lead_id"), channel=OuterRef("channel"), topic=None, state__in=states
    )


def _pauses(lead: Ref) -> QuerySet[Consent]:
    entries = Consent.objects.filter(lead=_ref(lead), state=State.PAUSED, expires_at__gt=Now())
    return entries.filter(~Exists(_newer_of_all((State.PAUSED, State.RESUMED))))


def _open(topic: Ref) -> Exists:
    return Exists(Topic.objects.filter(pk=_ref(topic), opt_in=False))


def _ref(name: Ref) -> Any:
    return OuterRef(name) if isinstance(name, str) else name
