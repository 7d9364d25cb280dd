"""Machines that met the demo company's latest mails: gateways, a chat, a privacy proxy; and one rule of the house."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from leads.services import verdicts
from nurturing.models import Message, TrackedLink
from nurturing.services import tracking
from nurturing.services.tracking import Visit

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
EDGE = f"{WINDOWS} Chrome/134.0.0.0 Safari/537.36 Edg/134.0.0.0"
CHROME = f"{WINDOWS} Chrome/128.0.0.0 Safari/537.36"
SCRIPT = ("no_language", "bare")
GATEWAYS: tuple[tuple[str, str, str, tuple[str, ...], int, bool], ...] = (
    # program, address, method, signs of its headers, seconds after sending, follows the hidden link
    (EDGE, "198.51.100.{}", "GET", (), 9, True),
    ("Barracuda Sentinel (EE)", "203.0.113.{}", "HEAD", (), 4, False),
    ("Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", "192.0.2.{}", "GET", (), 5400, False),
    (CHROME, "203.0.113.{}", "GET", SCRIPT, 1, False),
)


def load(actor: Any) -> int:
    """In fixed order, so that every demo is the same. How many hits are held back."""
    sent = Message.objects.filter(
        state="accepted", sent_at__isnull=False, step__links__isnull=False
    ).distinct()
    mails = sent.select_related("enrolment__lead", "enrolment__campaign", "step").order_by("-sent_at", "pk")
    for number, message in enumerate(mails[:240:15]):
        _meet(message, number)
    note = "Our own check that links in mails work."
    verdicts.rule(kind="agent", pattern="Quillstone-Linkcheck", people=False, note=note, actor=actor)
    return tracking.settle_due()


def _meet(message: Message, number: int) -> None:
    agent, address, method, signs, after, hidden = GATEWAYS[number % len(GATEWAYS)]
    if message.sent_at is None:
        return
    at, where = message.sent_at + timedelta(seconds=after), address.format(10 + number)
    for place, link in enumerate(TrackedLink.objects.filter(step=message.step).order_by("pk")):
        visit = Visit(at + timedelta(seconds=place / 3), agent, method, where, signs)
        tracking.record_click(message=message, link=link, visit=visit)
    if hidden:
        tracking.record_trap(
            message=message, visit=Visit(at + timedelta(seconds=1), agent, method, where, signs)
        )
