"""What happens when a rep stays silent: the organisation's rule, once a handoff, in working time.

The instant is written down when the promise to answer breaks, by the calendar the clock started with; a later
edit of the agreement changes only offers that break theirs afterwards. Each act is one conditional update.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Now

from handoff.calendars import Calendar, due_after
from handoff.clock import database_now
from handoff.events import HandoffAccepted, HandoffSilent
from handoff.models import Agreement, Handoff, SlaClock
from handoff.services import clocks
from handoff.services.news import tell
from handoff.services.offers import lock_cycle
from handoff.services.qualification import become_sql
from leads.events import publish
from leads.services.people import assign_owner

Rule = Agreement.Silence
Silence = Handoff.Silence
ACCEPTED_WORDS = "Nobody answered in time: accepted by the silence rule."


def keep_silence_rule(*, limit: int = 500) -> int:
    """How many offers the rule acted on."""
    agreement = Agreement.current()
    if agreement.silence == Rule.NOTHING:
        return 0
    _plan(agreement, limit)
    due = Handoff.objects.open().filter(silence="", silence_due_at__lte=Now())
    ids = due.order_by("silence_due_at").values_list("pk", flat=True)[:limit]
    return sum(act(pk, str(agreement.silence)) for pk in list(ids))


def _plan(agreement: Agreement, limit: int) -> None:
    broken = SlaClock.objects.running().filter(
        kind=SlaClock.Kind.ACCEPT,
        breached_at__isnull=False,
        cycle__closed_at=None,
        handoff__silence_due_at=None,
    )
    grace = timedelta(minutes=agreement.silence_minutes)
    for clock in broken.exclude(due_at=None).order_by("due_at")[:limit]:
        calendar = Calendar.from_data(clock.calendar)
        due = due_after(calendar, clock.due_at, grace) if clock.due_at else None
        Handoff.objects.filter(clocks=clock, silence_due_at=None).update(silence_due_at=due)


@transaction.atomic
def act(handoff_id: int, rule: str) -> bool:
    handoff = Handoff.objects.select_related("cycle", "lead", "rep").get(pk=handoff_id)
    cycle = lock_cycle(handoff.cycle)
    if rule == Rule.RETURN and Handoff.objects.with_open_deal().filter(pk=handoff_id).exists():
        rule = Rule.ESCALATE  # marketing could do nothing with a lead whose deal is open
    change, what = {
        Rule.ACCEPT: ({"accepted_at": Now()}, Silence.ACCEPTED),
        Rule.RETURN: ({"withdrawn_at": Now()}, Silence.RETURNED),
        Rule.ESCALATE: ({}, Silence.ESCALATED),
    }[Rule(rule)]
    waiting = Handoff.objects.open().filter(pk=handoff_id, silence="", rep_id=handoff.rep_id)
    if cycle.closed_at or not waiting.update(silence=what, silence_at=Now(), **change):
        return False
    handoff.refresh_from_db()
    _follow(handoff, what)
    publish(HandoffSilent(lead_id=handoff.lead_id, handoff_id=handoff.pk))
    return True


def _follow(handoff: Handoff, what: str) -> None:
    if what == Silence.ACCEPTED:
        _accepted(handoff)
    elif what == Silence.RETURNED:
        _returned(handoff)
    else:
        tell(handoff, "escalated")


def _accepted(handoff: Handoff) -> None:
    """The promise to answer stays broken; first touch and decision are promised from now on."""
    clocks.cancel(clocks.of_handoff(handoff, SlaClock.Kind.ACCEPT))
    since = handoff.accepted_at or database_now()
    clocks.start_clock(kind=SlaClock.Kind.FIRST_TOUCH, cycle=handoff.cycle, handoff=handoff, started_at=since)
    become_sql(handoff, reason=ACCEPTED_WORDS, actor=None)
    publish(HandoffAccepted(lead_id=handoff.lead_id, handoff_id=handoff.pk))
    tell(handoff, "accepted")


def _returned(handoff: Handoff) -> None:
    clocks.cancel(clocks.of_handoff(handoff, SlaClock.Kind.ACCEPT))
    clocks.restart_hand_off_clock(handoff, database_now())
    assign_owner(lead=handoff.lead, owner=None, actor=None)
    tell(handoff, "withdrawn")
