"""What waits to leave, one letter at a time: claimed by one worker, then settled or put off.

A letter is what leaves together: one mail, one message, or all that a digest gathers for one person. Only what is
sent next is claimed, so a worker that dies leaves one letter in doubt, not those behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from handoff.models import Delivery, NotificationPreference, SlackHook
from handoff.services.choices import choices_of

LEASE = timedelta(minutes=5)  # longer than the slowest letter takes
TRIES = 6
FIRST_WAIT = timedelta(minutes=1)  # then twice as long each time
LONGEST_WAIT = timedelta(hours=1)
SHORTEST_WAIT = 5  # seconds; "again at once" would spend all tries in one breath
ONE_CLAIMER = 7_320_114  # key of the advisory lock, so that one digest is not split between two workers
Channel, State = Delivery.Channel, Delivery.State
Letter = list[Delivery]


def forget_the_doubtful() -> None:
    """What a worker claimed and never settled: nobody knows whether it left."""
    Delivery.objects.given_up().update(state=State.UNKNOWN, settled_at=Now())


@transaction.atomic
def claim_next(channels: Iterable[str]) -> Letter:
    """The letter that waits longest; none when nothing is due."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_CLAIMER])
    due = Delivery.objects.due().filter(channel__in=list(channels))
    oldest = due.select_related("notification").order_by("due_at", "pk").first()
    if oldest is None:
        return []
    together = due.filter(pk=oldest.pk)
    if oldest.channel == Channel.DIGEST:
        together = due.filter(channel=Channel.DIGEST, notification__user=oldest.notification.user_id)
    pks = list(together.values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=pks).update(
        state=State.SENDING, claimed_until=Now() + LEASE, attempts=F("attempts") + 1
    )
    rows = Delivery.objects.filter(pk__in=pks).select_related("notification__user__slack_hook")
    return list(rows.order_by("notification__created_at", "pk"))


def still_wanted(letter: Letter) -> Letter:
    """Somebody may have left, read it, or turned it off since."""
    unwanted = [each for each in letter if not _is_wanted(each)]
    settle(unwanted, State.SKIPPED)
    return [each for each in letter if each not in unwanted]


def _is_wanted(delivery: Delivery) -> bool:
    """A mail is a mail: whoever changes its pace while it is on its way still gets it."""
    note, user = delivery.notification, delivery.notification.user
    choice = choices_of(user)[note.kind]
    if delivery.channel == Channel.SLACK:
        return user.is_active and choice.slack
    unread = delivery.channel != Channel.DIGEST or note.read_at is None
    return user.is_active and choice.mail != NotificationPreference.Mail.OFF and unread


def settle(letter: Letter, state: str, error: str = "") -> None:
    rows = Delivery.objects.filter(pk__in=[each.pk for each in letter], state=State.SENDING)
    rows.update(state=state, settled_at=Now(), claimed_until=None, error=error[:300])


def put_off(letter: Letter, error: str, wait: int | None = None) -> None:
    """Later, each time twice as late; after the last try it is refused."""
    for each in letter:
        if each.attempts >= TRIES:
            settle([each], State.FAILED, error)
            continue
        later = (
            timedelta(seconds=max(wait, SHORTEST_WAIT))
            if wait is not None
            else FIRST_WAIT * 2 ** (each.attempts - 1)
        )
        Delivery.objects.filter(pk=each.pk, state=State.SENDING).update(
            state=State.DUE, due_at=Now() + min(later, LONGEST_WAIT), claimed_until=None, error=error[:300]
        )


def let_wait(hook: SlackHook) -> None:
    """Nothing else is tried on a host that just failed: the news of everybody else would stand behind it."""
    same_host = Delivery.objects.due().filter(
        channel=Channel.SLACK, notification__user__slack_hook__host=hook.host
    )
    same_host.update(due_at=Now() + FIRST_WAIT)
