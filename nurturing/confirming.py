"""The small ledger of mails that ask to confirm: no campaign, no caps, no hours, but never twice and under suppression.

    queued -> claimed -> dot -> accepted | rejected | unknown | queued (put off)       queued | claimed -> suppressed

As nurturing.ledger: each change is one guarded UPDATE, the fence stands before the final dot with the lead locked, and
after the dot nothing is repeated by itself. Whoever got no mail asks for another, which is a row of its own.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Now

from leads.models import Confirmation, Lead
from leads.services import confirmations
from nurturing import gates
from nurturing.ledger import LEASE, MOST_FAILURES, Claim, back_off
from nurturing.models import ConfirmationMail, Epoch

State = ConfirmationMail.State
PERHAPS_SENT = "It was due before a backup was restored, and may have been sent then."
VOID = "It was confirmed, withdrawn or too old by then, or the address must not be mailed."

WRITE = """
INSERT INTO nurturing_confirmationmail (confirmation_id, number, key, state, attempt, failures, reply, due_at)
SELECT c.id, number, gen_random_uuid(), 'queued', 0, 0, '', c.last_asked_at
FROM leads_confirmation c CROSS JOIN generate_series(1, c.mails) AS number
WHERE c.confirmed_at IS NULL AND c.closed_at IS NULL AND c.expires_at > statement_timestamp()
  AND NOT EXISTS (
    SELECT FROM nurturing_confirmationmail m WHERE m.confirmation_id = c.id AND m.number = number.number)
ON CONFLICT DO NOTHING
"""


def write() -> int:
    """A row for each mail that was asked for and has none."""
    with connection.cursor() as cursor:
        cursor.execute(WRITE)
        return cursor.rowcount


def waiting() -> bool:
    return ConfirmationMail.objects.filter(state=State.QUEUED, due_at__lte=Now()).exists()


@transaction.atomic
def claim() -> Claim | None:
    _settle_lost()
    due = ConfirmationMail.objects.filter(state=State.QUEUED, due_at__lte=Now()).order_by("due_at", "pk")
    mail = due.select_for_update(skip_locked=True).first()
    if mail is None:
        return None
    change = {"state": State.CLAIMED, "attempt": mail.attempt + 1, "lease_until": Now() + LEASE}
    ConfirmationMail.objects.filter(pk=mail.pk).update(**change)
    return Claim(mail.pk, mail.attempt + 1)


@transaction.atomic
def pass_fence(held: Claim) -> bool:
    """The last look before the dot. Whoever suppresses needs the lead's lock: their word comes before or after."""
    lead = Lead.objects.filter(confirmations__sent_mails=held.message_id)
    list(lead.select_for_update(of=("self",)).values_list("pk"))
    mine = _ours(held, State.CLAIMED).filter(_may_be_sent(), lease_until__gt=Now())
    return bool(mine.update(state=State.DOT, dot_at=Now(), lease_until=Now() + LEASE))


def turn_away(held: Claim) -> None:
    _ours(held, State.CLAIMED).update(state=State.SUPPRESSED, reply=VOID, lease_until=None)


@transaction.atomic
def accept(held: Claim, reply: str) -> None:
    mine = _ours(held, State.DOT, State.UNKNOWN)
    if mine.update(state=State.ACCEPTED, sent_at=Now(), reply=reply[:300], lease_until=None):
        mail = ConfirmationMail.objects.get(pk=held.message_id)
        confirmations.note_mailed(confirmation_id=mail.confirmation_id)


def reject(held: Claim, reply: str) -> None:
    mine = _ours(held, State.CLAIMED, State.DOT)
    mine.update(state=State.REJECTED, reply=reply[:300], lease_until=None)


def put_off(held: Claim, reply: str) -> None:
    """Not now, and not for ever."""
    mine = _ours(held, State.CLAIMED, State.DOT)
    gone = mine.filter(failures__gte=MOST_FAILURES - 1)
    gone.update(state=State.REJECTED, reply=reply[:300], lease_until=None)
    mine.update(
        state=State.QUEUED,
        failures=F("failures") + 1,
        due_at=back_off(),
        reply=reply[:300],
        lease_until=None,
    )


def give_back(held: Claim) -> None:
    _ours(held, State.CLAIMED).update(state=State.QUEUED, lease_until=None)


def doubt(held: Claim, reply: str) -> None:
    _ours(held, State.DOT).update(state=State.UNKNOWN, reply=reply[:300], lease_until=None)


def settle_expired() -> None:
    """Whose worker died: before the dot again, after it not known."""
    over = ConfirmationMail.objects.filter(lease_until__lte=Now())
    over.filter(state=State.CLAIMED).update(state=State.QUEUED, lease_until=None)
    why = "The sender stopped before the server answered."
    over.filter(state=State.DOT).update(state=State.UNKNOWN, reply=why, lease_until=None)


def _settle_lost() -> None:
    """What a restored backup says is still to be sent may be out already: nobody sends it again by itself."""
    lost = Epoch.objects.filter(pk=1).values("lost_until")[:1]
    open_ones = ConfirmationMail.objects.filter(state=State.QUEUED, due_at__lte=Subquery(lost))
    open_ones.update(state=State.UNKNOWN, reply=PERHAPS_SENT)


def _ours(held: Claim, *states: str) -> QuerySet[ConfirmationMail]:
    return ConfirmationMail.objects.filter(pk=held.message_id, attempt=held.attempt, state__in=states)


def _may_be_sent() -> Q:
    """Still open and wanted, and the address is still theirs and may be mailed."""
    asked = Confirmation.objects.filter(
        ~gates.suppressed("address"),
        Exists(confirmations.still_wished().filter(confirmation=OuterRef("pk"))),
        ~Exists(Lead.objects.filter(pk=OuterRef("lead_id"), suppressions__isnull=False)),
        pk=OuterRef("confirmation_id"),
        lead__email__iexact=F("address"),
        confirmed_at=None,
        closed_at=None,
        expires_at__gt=Now(),
    )
    return Q(Exists(asked))
