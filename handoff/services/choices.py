"""What people chose to be told, and on which way; without a choice, what is usual for the kind of news."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now

from accounts.models import User
from handoff.clock import database_now
from handoff.events import NotificationsDue
from handoff.models import Delivery, Notice, NotificationPreference
from handoff.services.hours import hours_of, leaves_at
from leads.events import publish

Channel, State = Delivery.Channel, Delivery.State
Mail = NotificationPreference.Mail
BY_MAIL = {Mail.NOW: Channel.MAIL, Mail.DIGEST: Channel.DIGEST}


@dataclass(frozen=True)
class Choice:
    """How somebody wants to hear of one kind of news."""

    in_app: bool = True
    mail: str = Mail.OFF
    slack: bool = False

    @property
    def channels(self) -> list[str]:
        mail = BY_MAIL.get(Mail(self.mail))
        return [*([mail] if mail else []), *([Channel.SLACK] if self.slack else [])]


USUAL = {
    Notice.OFFERED: Choice(mail=Mail.NOW, slack=True),
    Notice.TAKEN: Choice(),
    Notice.AT_RISK: Choice(),
    Notice.BREACHED: Choice(mail=Mail.DIGEST),
    Notice.ESCALATED: Choice(mail=Mail.NOW, slack=True),
    Notice.SILENCE: Choice(mail=Mail.NOW, slack=True),
    Notice.ANSWERED: Choice(mail=Mail.DIGEST),
    Notice.UNDONE: Choice(),
    Notice.WON: Choice(mail=Mail.DIGEST),
    Notice.FEEDBACK: Choice(mail=Mail.DIGEST),
    Notice.CHECK: Choice(mail=Mail.NOW, slack=True),
    Notice.REVIEW: Choice(mail=Mail.NOW),
    Notice.ACTION: Choice(mail=Mail.DIGEST, slack=True),
    Notice.CROSSING: Choice(mail=Mail.DIGEST),
}
ALERTS = (Notice.ACTION, Notice.CROSSING)
UNASKED = Choice(in_app=False)  # managers hear of their team's alerts once they ask for them
# Whoever hands a lead on hears what became of it, and whoever owns a deal how it ended: also reps.
OF_ROLE = {
    User.Role.REP: (
        *(Notice.OFFERED, Notice.TAKEN, Notice.AT_RISK, Notice.BREACHED, Notice.SILENCE),
        *(Notice.ANSWERED, Notice.UNDONE, Notice.WON, Notice.FEEDBACK),
        *ALERTS,
    ),
    User.Role.MARKETER: (
        *(Notice.AT_RISK, Notice.BREACHED, Notice.SILENCE),
        *(Notice.ANSWERED, Notice.UNDONE, Notice.WON, Notice.REVIEW),
        *ALERTS,
    ),
    User.Role.MANAGER: (
        *(Notice.ESCALATED, Notice.SILENCE),
        *(Notice.ANSWERED, Notice.UNDONE, Notice.WON, Notice.REVIEW),
        *ALERTS,
    ),
    User.Role.ADMIN: tuple(Notice),
}


def choices_of(user: User) -> dict[str, Choice]:
    """For each kind of news what this person chose, or what is usual."""
    chosen = {
        row.kind: Choice(row.in_app, row.mail, row.slack) for row in user.notification_preferences.all()
    }
    return {kind: chosen.get(kind, _usual(user, kind)) for kind in USUAL}


def _usual(user: User, kind: Notice) -> Choice:
    return UNASKED if user.role == User.Role.MANAGER and kind in ALERTS else USUAL[kind]


@transaction.atomic
def choose(*, user: User, choices: dict[str, Choice]) -> None:
    """Holds at once: what waits already leaves on the way chosen now, or not at all."""
    for kind, choice in choices.items():
        NotificationPreference.objects.update_or_create(
            user=user,
            kind=kind,
            defaults={"in_app": choice.in_app, "mail": choice.mail, "slack": choice.slack},
        )
        _send_otherwise(user, kind, choice)


def _send_otherwise(user: User, kind: str, choice: Choice) -> None:
    waiting = Delivery.objects.filter(notification__user=user, notification__kind=kind, state=State.DUE)
    if not choice.slack:
        waiting.filter(channel=Channel.SLACK).update(state=State.SKIPPED, settled_at=Now())
    mails = waiting.filter(channel__in=BY_MAIL.values())
    way = BY_MAIL.get(Mail(choice.mail))
    if way is None:
        mails.update(state=State.SKIPPED, settled_at=Now())
    elif mails.exclude(channel=way).exists():
        leaves = leaves_at(kind, way, hours_of(user), database_now())
        mails.exclude(channel=way).update(channel=way, due_at=leaves)
        publish(NotificationsDue())
