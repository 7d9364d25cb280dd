"""Fetches returned mails from wherever this installation gets them. Nothing is configured: nothing is done."""

from __future__ import annotations

import logging
from pathlib import Path

from django.conf import settings
from django.core.cache import cache

from nurturing.intake import imap, maildir
from nurturing.models import MailboxTrouble

logger = logging.getLogger(__name__)

POLLING = "returned-mails:polling"
LONGEST_POLL = 240  # seconds; should its worker die, the next begins after this


def fetch() -> int:
    """How many mails were taken in. A mailbox that is away leaves a note that pages can show."""
    taken = 0
    if settings.RETURN_MAILDIR:
        taken += maildir.take_in_folder(Path(settings.RETURN_MAILDIR))[0]
    if settings.RETURN_IMAP_URL:
        taken += _poll()
    return taken


def _poll() -> int:
    if not cache.add(POLLING, 1, timeout=LONGEST_POLL):  # two at once would do everything twice, to no effect
        return 0
    try:
        taken, _ = imap.poll(settings.RETURN_IMAP_URL)
        MailboxTrouble.objects.all().delete()
    except imap.MailboxAway as error:
        logger.warning("the mailbox of returned mails is away: %s", error)
        MailboxTrouble.objects.update_or_create(pk=1, defaults={"reason": str(error)[:300]})
        return 0
    finally:
        cache.delete(POLLING)
    return taken
