"""Asking for a copy of what we hold on somebody or for their erasure, and doing it in the background."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core import signing
from django.core.files import File
from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from leads.events import PersonAsked, publish
from leads.models import Lead, PersonRequest
from leads.services import erasure, person_copies
from leads.services.import_files import FileBusy
from leads.services.persons import Person, person

Kind, State = PersonRequest.Kind, PersonRequest.State
KEEP = timedelta(days=7)  # how long a copy may be fetched
LEASE = timedelta(minutes=35)  # longer than the task may run
MOST_TRIES = 20
SALT = "copy of a person"


class AskedAlready(ValueError):
    """Says what is under way."""


class NotConfirmed(ValueError):
    """What was typed is not what was asked for."""


def ask_for_copy(*, lead: Lead, by: Any) -> PersonRequest:
    return _ask(Kind.EXPORT, lead, by)


def ask_for_erasure(*, lead: Lead, by: Any, typed: str) -> PersonRequest:
    """Raises NotConfirmed unless `typed` is what `phrase` says."""
    if typed.strip().casefold() != phrase(lead).casefold():
        raise NotConfirmed(f"Type {phrase(lead)} to confirm. Nothing was erased.")
    return _ask(Kind.ERASE, lead, by)


def phrase(lead: Lead) -> str:
    return lead.email or f"erase {lead.pk}"


def _ask(kind: str, lead: Lead, by: Any) -> PersonRequest:
    try:
        with transaction.atomic():
            request = PersonRequest.objects.create(kind=kind, lead_id=lead.pk, asked_by=by)
            publish(PersonAsked(request_id=request.pk))
            return request
    except IntegrityError as error:
        raise AskedAlready("This is under way already. Look again in a minute.") from error


def waiting() -> list[int]:
    free = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    return list(PersonRequest.objects.filter(free, state=State.ASKED).values_list("pk", flat=True)[:20])


def work_on(request_id: int) -> bool:
    """True if it was done now. A second worker finds it claimed; after a crash the sweep brings it again."""
    free = Q(claimed_until=None) | Q(claimed_until__lt=Now())
    mine = PersonRequest.objects.filter(free, pk=request_id, state=State.ASKED)
    if not mine.update(claimed_until=Now() + LEASE, tries=F("tries") + 1):
        return False
    request = PersonRequest.objects.get(pk=request_id)
    lead = Lead.objects.filter(pk=request.lead_id, erased_at=None).first()
    if lead is None:
        return _settle(request, State.FAILED, words="There is nobody any more under this number.")
    try:
        return _do(request, person(lead))
    except FileBusy as busy:
        _release(request, str(busy))
        return False


def _do(request: PersonRequest, whose: Person) -> bool:
    if request.kind == Kind.ERASE:
        return _settle(request, State.DONE, counts=erasure.erase(whose))
    file, counts = person_copies.packed(whose)
    with file:
        request.file.save(f"person-{request.lead_id}-{request.pk}.zip", File(file), save=False)
    return _settle(request, State.DONE, counts=counts, file=request.file.name, expires_at=Now() + KEEP)


def _settle(request: PersonRequest, state: str, **values: Any) -> bool:
    PersonRequest.objects.filter(pk=request.pk).update(
        state=state, done_at=Now(), claimed_until=None, **values
    )
    return state == State.DONE


def _release(request: PersonRequest, words: str) -> None:
    """Tried again by the sweep; given up after a while."""
    state = State.FAILED if request.tries >= MOST_TRIES else State.ASKED
    PersonRequest.objects.filter(pk=request.pk).update(claimed_until=None, words=words[:200], state=state)


def forget_copies() -> int:
    """Deletes the files that nobody may fetch any more."""
    old = PersonRequest.objects.filter(expires_at__lte=Now()).exclude(file="")
    for request in old[:100]:
        request.file.storage.delete(str(request.file.name))
        PersonRequest.objects.filter(pk=request.pk).update(file="")
    return len(old)


def link(request: PersonRequest) -> str:
    """Signed, and good as long as the copy is kept."""
    return signing.dumps(request.pk, salt=SALT)


def copy_behind(token: str) -> PersonRequest | None:
    try:
        pk = signing.loads(token, salt=SALT, max_age=KEEP)
    except signing.BadSignature:
        return None
    return PersonRequest.objects.filter(pk=pk, expires_at__gt=Now()).exclude(file="").first()
