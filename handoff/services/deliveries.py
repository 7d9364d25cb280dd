"""Sending what is due: mails, digests, messages to webhooks; each leaves once.

    claim (one worker at a time) -> look again whether it is wanted -> send -> settle

A claim is committed before anything is sent. What a worker leaves behind unsettled becomes "unknown" and is not
sent again. Before the first byte has left, trying again is safe and bounded.
"""

from __future__ import annotations

import smtplib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import orjson
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import User
from handoff import slack, webhooks
from handoff.models import Delivery, WebhookSettings
from handoff.services import slack_hooks
from handoff.services.notifications import choices_of

BATCH = 50
LEASE = timedelta(minutes=5)
TRIES = 6
FIRST_WAIT = timedelta(minutes=1)  # then twice as long each time
LONGEST_WAIT = timedelta(hours=1)
ONE_CLAIMER = 7_320_114  # key of the advisory lock, so that one digest is not split between two workers
Channel, State = Delivery.Channel, Delivery.State


def send_due() -> int:
    """One batch; how many deliveries were settled or put off."""
    Delivery.objects.given_up().update(state=State.UNKNOWN, settled_at=Now())
    claimed = _claim()
    wanted = [each for each in claimed if _still_wanted(each)]
    by_channel: dict[str, list[Delivery]] = defaultdict(list)
    for each in wanted:
        by_channel[each.channel].append(each)
    _send_mails([*([each] for each in by_channel[Channel.MAIL]), *_digests(by_channel[Channel.DIGEST])])
    for each in by_channel[Channel.SLACK]:
        _send_message(each)
    return len(claimed)


@transaction.atomic
def _claim() -> list[Delivery]:
    """The oldest, and with a digest all that is due to the same person."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_CLAIMER])
    due = Delivery.objects.due().order_by("due_at", "pk")
    oldest = list(due.values_list("pk", "channel", "notification__user")[:BATCH])
    readers = {user for _, channel, user in oldest if channel == Channel.DIGEST}
    digests = Delivery.objects.due().filter(channel=Channel.DIGEST, notification__user__in=readers)
    pks = {pk for pk, _, _ in oldest} | set(digests.values_list("pk", flat=True))
    Delivery.objects.filter(pk__in=pks).update(
        state=State.SENDING, claimed_until=Now() + LEASE, attempts=F("attempts") + 1
    )
    related = ("notification__user__slack_hook",)
    return list(
        Delivery.objects.filter(pk__in=pks)
        .select_related(*related)
        .order_by("notification__created_at", "pk")
    )


def _still_wanted(delivery: Delivery) -> bool:
    """Somebody may have left, read it, or turned it off since."""
    note, user = delivery.notification, delivery.notification.user
    wanted = user.is_active and delivery.channel in choices_of(user)[note.kind].channels
    if delivery.channel == Channel.DIGEST and note.read_at:
        wanted = False
    if not wanted:
        _settle([delivery], State.SKIPPED)
    return wanted


def _digests(deliveries: Iterable[Delivery]) -> list[list[Delivery]]:
    by_user: dict[int, list[Delivery]] = defaultdict(list)
    for each in deliveries:
        by_user[each.notification.user_id].append(each)
    return list(by_user.values())


def _send_mails(letters: Sequence[list[Delivery]]) -> None:
    if not letters:
        return
    post = get_connection()
    try:
        post.open()
    except (OSError, smtplib.SMTPException) as error:
        for letter in letters:
            _put_off(letter, f"The mail server cannot be reached: {type(error).__name__}.")
        return
    try:
        for letter in letters:
            _send_mail(post, letter)
    finally:
        _hang_up(post)


def _send_mail(post: Any, letter: list[Delivery]) -> None:
    try:
        post.send_messages([_mail(letter, post)])
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        _refused(letter, code, words)
    except smtplib.SMTPResponseException as error:
        _refused(letter, error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        _settle(letter, State.UNKNOWN, f"The line broke while sending: {type(error).__name__}.")
    else:
        _settle(letter, State.SENT)


def _refused(letter: list[Delivery], code: int, words: Any) -> None:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    error = f"The mail server answered {code}: {said}"
    if 400 <= code < 500:
        _put_off(letter, error)
    else:
        _settle(letter, State.FAILED, error)


def _mail(letter: list[Delivery], post: Any) -> EmailMessage:
    user: User = letter[0].notification.user
    alone = letter[0].channel == Channel.MAIL
    subject = letter[0].notification.text if alone else f"{len(letter)} news for you in Tandem"
    lines = [f"{each.notification.text}\n{url_of(each)}" for each in letter]
    ways = f"Choose what you are told, and how: {settings.BASE_URL}/notifications/preferences/"
    body = "\n\n".join([f"Hello {user.get_short_name()},", *lines, ways]) + "\n"
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip("> ") or "localhost"
    headers = {"Message-ID": f"<notification-{letter[0].pk}@{host}>", "Auto-Submitted": "auto-generated"}
    return EmailMessage(
        " ".join(subject.split())[:150], body, to=[user.email], headers=headers, connection=post
    )


def _send_message(delivery: Delivery) -> None:
    note, hook = delivery.notification, getattr(delivery.notification.user, "slack_hook", None)
    if hook is None or hook.broken_at:
        _settle([delivery], State.SKIPPED)
        return
    body = slack.message(heading=note.get_kind_display(), text=note.text, url=url_of(delivery))
    try:
        answer = webhooks.post(slack_hooks.address_of(hook), orjson.dumps(body), WebhookSettings.hosts())
    except (webhooks.NotAllowed, slack_hooks.Unreadable) as error:
        _give_up(delivery, hook, str(error))
    except webhooks.Unreachable as error:
        _put_off([delivery], str(error))
    except webhooks.Unsure as error:
        _settle([delivery], State.UNKNOWN, str(error))
    else:
        _answered(delivery, hook, answer)


def _answered(delivery: Delivery, hook: Any, answer: webhooks.Answer) -> None:
    words = f"{hook.host} answered {answer.status}: {answer.text}"
    if 200 <= answer.status < 300:
        _settle([delivery], State.SENT)
    elif answer.status == 429 or answer.status >= 500:
        _put_off([delivery], words, wait=answer.retry_after)
    else:
        _give_up(delivery, hook, words)


def _give_up(delivery: Delivery, hook: Any, words: str) -> None:
    slack_hooks.break_off(hook, words)
    _settle([delivery], State.FAILED, words)


def _put_off(letter: list[Delivery], error: str, wait: int | None = None) -> None:
    """Later, each time twice as late; after the last try it is refused."""
    for each in letter:
        if each.attempts >= TRIES:
            _settle([each], State.FAILED, error)
            continue
        later = timedelta(seconds=wait) if wait is not None else FIRST_WAIT * 2 ** (each.attempts - 1)
        Delivery.objects.filter(pk=each.pk, state=State.SENDING).update(
            state=State.DUE, due_at=Now() + min(later, LONGEST_WAIT), claimed_until=None, error=error[:300]
        )


def _settle(letter: list[Delivery], state: str, error: str = "") -> None:
    rows = Delivery.objects.filter(pk__in=[each.pk for each in letter], state=State.SENDING)
    rows.update(state=state, settled_at=Now(), claimed_until=None, error=error[:300])


def _hang_up(post: Any) -> None:
    try:
        post.close()
    except (OSError, smtplib.SMTPException):
        return  # everything has been settled


def url_of(delivery: Delivery) -> str:
    return f"{settings.BASE_URL}{delivery.notification.link}"
