"""Whether the links of a mail answer: asked on a page, looked at in the background, one address at a time."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from accounts import outbound
from leads.events import publish
from nurturing.events import LinksAsked
from nurturing.models import LinkCheck

FRESH = timedelta(minutes=10)  # what was looked at since is not looked at again
CLAIM = timedelta(minutes=1)  # several times as long as one look may take
SECONDS = 20.0  # of one run; whatever is left waits for the next bell or sweep
NOT_FOR_MACHINES = (401, 403, 405, 429, 501, 503, 999)  # said to scripts by pages that people can read


@transaction.atomic
def ask(urls: Iterable[str]) -> None:
    """Have these looked at, unless that was done just now."""
    rows = {digest_of(url): url for url in urls}
    LinkCheck.objects.bulk_create(
        [LinkCheck(digest=digest, url=url) for digest, url in rows.items()], ignore_conflicts=True
    )
    stale = Q(checked_at=None) | Q(checked_at__lt=Now() - FRESH)
    if LinkCheck.objects.filter(stale, digest__in=rows).update(waiting=True):
        publish(LinksAsked())


def found(urls: Iterable[str]) -> dict[str, LinkCheck]:
    rows = LinkCheck.objects.filter(digest__in=[digest_of(url) for url in urls])
    return {row.url: row for row in rows}


def check_waiting(*, inside: Sequence[str] = (), seconds: float = SECONDS) -> int:
    """Looks at one after the other while there is time. `inside`: hosts that may be private, for tests."""
    ends, done = time.monotonic() + seconds, 0
    while time.monotonic() < ends and (check := _claim()):
        answers, words = look_at(check.url, inside)
        LinkCheck.objects.filter(pk=check.pk).update(
            waiting=False, claimed_at=None, checked_at=Now(), answers=answers, words=words[:200]
        )
        done += 1
    return done


def look_at(url: str, inside: Sequence[str] = ()) -> tuple[bool, str]:
    """Whether a page is there, and what was found in words. HEAD first; some servers only know GET."""
    try:
        answer = outbound.look(url, inside)
        if answer.status >= 400:
            answer = outbound.look(url, inside, method="GET")
    except outbound.NotAllowed as error:
        return False, str(error)
    except OSError as error:
        return False, str(error) or "It cannot be reached."
    if answer.status in NOT_FOR_MACHINES:
        return True, f"It answers, but tells us nothing ({answer.status}). Look at it yourself."
    return answer.status < 400, f"It answers {answer.status}."


def digest_of(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _claim() -> LinkCheck | None:
    """One that nobody is looking at; two workers never take the same."""
    with transaction.atomic():
        free = Q(claimed_at=None) | Q(claimed_at__lt=Now() - CLAIM)
        rows = LinkCheck.objects.select_for_update(skip_locked=True)
        check = rows.filter(free, waiting=True).order_by("pk").first()
        if check is not None:
            LinkCheck.objects.filter(pk=check.pk).update(claimed_at=Now())
    return check
