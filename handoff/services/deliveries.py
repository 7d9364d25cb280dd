"""Sending what is due: mails, digests, messages to webhooks; each leaves once.

    claim one letter -> look again whether it is wanted -> send -> settle, and the next

A claim is committed before anything is sent. What a worker leaves behind unsettled becomes "unknown" and is not
sent again. Before the first byte has left, trying again is safe and bounded.
"""

from __future__ import annotations

import smtplib
import time
from typing import Any

import orjson
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from accounts import outbound
from accounts.models import User
from handoff import slack
from handoff.models import Delivery, SlackHook, WebhookSettings
from handoff.services import slack_hooks
from handoff.services.outbox import (
    Channel,
    Letter,
    State,
    claim_next,
    forget_the_doubtful,
    let_wait,
    put_off,
    settle,
    still_wanted,
)

SECONDS = 20.0  # of one run; the letter in hand is finished


def send_due(*, seconds: float = SECONDS) -> int:
    """Letter by letter while there is time; how many left, were put off or dropped."""
    forget_the_doubtful()
    ends, done, postman = time.monotonic() + seconds, 0, Postman()
    try:
        while time.monotonic() < ends and (letter := claim_next(postman.channels())):
            done += 1
            if wanted := still_wanted(letter):
                postman.send(wanted)
    finally:
        postman.go_home()
    return done


class Postman:
    """One run: a connection to the mail server is opened once, and not asked for again when it is away."""

    def __init__(self) -> None:
        self.post: Any = None
        self.no_mail = False

    def channels(self) -> list[str]:
        return [Channel.SLACK] if self.no_mail else list(Channel)

    def send(self, letter: Letter) -> None:
        if letter[0].channel == Channel.SLACK:
            _send_message(letter[0])
        elif self._is_connected(letter):
            _send_mail(self.post, letter)

    def _is_connected(self, letter: Letter) -> bool:
        if self.post is not None:
            return True
        post = get_connection()
        try:
            post.open()
        except (OSError, smtplib.SMTPException) as error:
            self.no_mail = True
            put_off(letter, f"The mail server cannot be reached: {type(error).__name__}.")
            return False
        self.post = post
        return True

    def go_home(self) -> None:
        try:
            if self.post is not None:
                self.post.close()
        except (OSError, smtplib.SMTPException):
            return  # everything has been settled


def _send_mail(post: Any, letter: Letter) -> None:
    try:
        post.send_messages([_mail(letter, post)])
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        _refused(letter, code, words)
    except smtplib.SMTPResponseException as error:
        _refused(letter, error.smtp_code, error.smtp_error)
    except (OSError, smtplib.SMTPException) as error:
        settle(letter, State.UNKNOWN, f"The line broke while sending: {type(error).__name__}.")
    else:
        settle(letter, State.SENT)


def _refused(letter: Letter, code: int, words: Any) -> None:
    said = words.decode("utf-8", "replace") if isinstance(words, bytes) else str(words)
    error = f"The mail server answered {code}: {said}"
    if 400 <= code < 500:
        put_off(letter, error)
    else:
        settle(letter, State.FAILED, error)


def _mail(letter: Letter, post: Any) -> EmailMessage:
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
        settle([delivery], State.SKIPPED)
        return
    body = slack.message(heading=note.get_kind_display(), text=note.text, url=url_of(delivery))
    try:
        answer = outbound.post(slack_hooks.address_of(hook), orjson.dumps(body), WebhookSettings.hosts())
    except (outbound.NotAllowed, slack_hooks.Unreadable) as error:
        _give_up(delivery, hook, str(error))
    except outbound.Unreachable as error:
        put_off([delivery], str(error))
        let_wait(hook)
    except outbound.Unsure as error:
        settle([delivery], State.UNKNOWN, str(error))
        let_wait(hook)
    else:
        _answered(delivery, hook, answer)


def _answered(delivery: Delivery, hook: SlackHook, answer: outbound.Answer) -> None:
    words = f"{hook.host} answered {answer.status}: {answer.text}"
    if 200 <= answer.status < 300:
        settle([delivery], State.SENT)
    elif answer.status == 429 or answer.status >= 500:
        put_off([delivery], words, wait=answer.retry_after)
    else:
        _give_up(delivery, hook, words)


def _give_up(delivery: Delivery, hook: SlackHook, words: str) -> None:
    slack_hooks.break_off(hook, words)
    settle([delivery], State.FAILED, words)


def url_of(delivery: Delivery) -> str:
    return f"{settings.BASE_URL}{delivery.notification.link}"
