"""Whether this database is the newest there was. One that was restored from a backup has forgotten what it sent.

Before each run that sends, the number in the database rises, and is then written down outside of it: in a file and in
the broker's cache. A database whose number is below what a witness saw is older than it; one that has sent mails
and finds no witness at all was brought to a new place. Either stops all sending until an admin confirms.
"""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.core.cache import cache
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from nurturing.models import Epoch, SendingHalt

logger = logging.getLogger(__name__)
Kind = SendingHalt.Kind


class Seen(NamedTuple):
    number: int
    at: datetime | None


def may_send() -> bool:
    """Ask before a run that sends: stops all sending when the database is older than a witness."""
    if SendingHalt.objects.exists():
        return False
    if not settings.EPOCH_FILE:
        return True
    epoch, _ = Epoch.objects.get_or_create(pk=1)
    seen = witnessed(epoch)
    epoch.refresh_from_db()  # after the witnesses: they are written after a commit, so this row is never behind them
    if epoch.number and (seen is None or seen.number > epoch.number):
        _halt(seen)
        return False
    _witness(_rise())
    return True


def confirm() -> bool:
    """An admin says that this database is the one to go on with. False when nothing was waiting for that.

    What was due before the last sending that was seen may have gone out already; a person decides about those mails.
    """
    with transaction.atomic():
        epoch, _ = Epoch.objects.select_for_update().get_or_create(pk=1)
        deleted, _ = SendingHalt.objects.filter(kind=Kind.EPOCH).delete()
        if not deleted:
            return False
        seen = witnessed(epoch) or Seen(epoch.number, None)
        epoch.number = max(epoch.number, seen.number) + 1
        epoch.lost_until = seen.at or timezone.now()
        epoch.save(update_fields=["number", "lost_until"])
    _witness(epoch)
    return True


def witnessed(epoch: Epoch) -> Seen | None:
    """The highest number that anybody outside has seen."""
    found = [seen for seen in (_in_file(epoch), _in_cache(epoch)) if seen]
    return max(found, key=lambda seen: seen.number, default=None)


def _halt(seen: Seen | None) -> None:
    if seen is None:
        reason = (
            "This database has sent mails before, but nothing here remembers it: it was restored or copied."
        )
    else:
        when = f", on {seen.at:%d %b %Y at %H:%M} UTC" if seen.at else ""
        reason = f"Mails were sent that this database knows nothing of{when}: it was restored from a backup."
    logger.warning("sending stands still: %s", reason)
    SendingHalt.objects.get_or_create(kind=Kind.EPOCH, defaults={"reason": reason})


def _rise() -> Epoch:
    """On the disk before anybody outside may know it, or a crash of the database would look like a backup."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = on")
        Epoch.objects.filter(pk=1).update(number=F("number") + 1)
        return Epoch.objects.get(pk=1)


def _witness(epoch: Epoch) -> None:
    seen = {"number": epoch.number, "at": timezone.now().isoformat()}
    with suppress(Exception):  # the broker may be away
        cache.set(_key(epoch), seen, None)
    path = Path(settings.EPOCH_FILE)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(json.dumps(_read(path) | {str(epoch.installation): seen}))
        fresh.replace(path)
    except OSError as error:
        logger.warning("the file %s cannot be written: %s", path, error)


def _in_file(epoch: Epoch) -> Seen | None:
    return _seen(_read(Path(settings.EPOCH_FILE)).get(str(epoch.installation)))


def _in_cache(epoch: Epoch) -> Seen | None:
    try:
        return _seen(cache.get(_key(epoch)))
    except Exception:  # the broker may be away
        return None


def _read(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _seen(found: object) -> Seen | None:
    if not isinstance(found, dict) or not isinstance(found.get("number"), int):
        return None
    try:
        return Seen(found["number"], datetime.fromisoformat(str(found.get("at"))))
    except ValueError:
        return Seen(found["number"], None)


def _key(epoch: Epoch) -> str:
    return f"sending-epoch:{epoch.installation}"
