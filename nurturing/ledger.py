"""The ledger: which mail is in which state, and the only changes allowed.

    queued -> claimed -> dot -> accepted | queued (put off) | rejected | unknown
    claimed -> queued (put off, or not yet) | rejected | parked, before the dot
    queued | claimed | parked -> suppressed                by a gate, or with its run
    queued -> unknown                                      an answer that was due before a backup was restored
    unknown | parked -> accepted | queued | suppressed     by a person
    unknown -> queued | parked                             by the campaign's policy
    dot | unknown -> accepted | rejected                   by evidence; whatever was handed over once -> accepted

Truth   each change is one guarded, committed UPDATE; whoever finds no row has lost the claim and must not go on
Fence   `pass_fence` stands between body and final dot. Before it a mail may be tried again; after it never blindly
Proof   what a server reports about a mail's key beats everything but its own earlier word (`settle_by_evidence`)
Locks   lead, then enrolment, then message, as everywhere in this app
Clock   the database's now()
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, F, Q, TextChoices, When
from django.db.models.functions import Coalesce, Now

from leads.models import Lead
from nurturing import fences, gates, lateness, situations, weighing
from nurturing.failpoints import reach
from nurturing.models import Campaign, Enrolment, MailboxTrouble, Message
from nurturing.querysets import IN_DOUBT

LEASE = timedelta(minutes=5)  # a claimed batch, and the wait for the answer to one dot; both stay below
SOON = timedelta(seconds=30)  # until a mail whose gates opened while they were asked is taken up again
BACK_OFF = (1, 5, 15, 60)  # minutes after the first, second, ... failure
MOST_FAILURES = 5  # then a person looks; one bad address must not be tried for ever
SUSPECT = 3  # interruptions; from then on a mail is claimed alone, so that it takes no others down with it
MOST_INTERRUPTIONS = 10  # whatever kills its sender each time is parked, too

State = Message.State
PERHAPS_SENT = (State.DOT, State.UNKNOWN)
HANDED_OVER_ONCE = (State.QUEUED, State.CLAIMED, State.PARKED, State.SUPPRESSED)  # where `dot_at` is set

LOCK_LEAD = """
SELECT 1 FROM leads_lead WHERE id = (
    SELECT e.lead_id FROM nurturing_message m JOIN nurturing_enrolment e ON e.id = m.enrolment_id WHERE m.id = %s)
FOR UPDATE
"""
TURN_AWAY = """
WITH said AS (
    SELECT * FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::timestamptz[]) AS said (id, gate, words, until)
), changed AS (
    UPDATE nurturing_message mail
    SET state = %s, due_at = coalesce(said.until, mail.due_at), reply = said.words, lease_until = NULL,
        late_from = CASE WHEN EXISTS (
            SELECT 1 FROM nurturing_enrolment e JOIN nurturing_campaign c ON c.id = e.campaign_id
            WHERE e.id = mail.enrolment_id AND c.state = 'paused') THEN coalesce(mail.late_from, mail.due_at) END
    FROM said WHERE mail.id = said.id AND mail.state IN ('queued', 'claimed')
    RETURNING mail.id
)
INSERT INTO nurturing_gatenote (message_id, gate, verdict, words, until, times)
SELECT said.id, said.gate, %s, said.words, said.until, 1 FROM said JOIN changed ON changed.id = said.id
ON CONFLICT (message_id, gate, verdict) DO UPDATE
SET words = excluded.words, until = excluded.until, last_at = statement_timestamp(),
    times = nurturing_gatenote.times + 1
"""
STOP_WITH_RUN = """
WITH changed AS (
    UPDATE nurturing_message SET state = 'suppressed', reply = %(why)s, lease_until = NULL
    WHERE enrolment_id = ANY(%(runs)s) AND state IN ('queued', 'claimed', 'parked')
    RETURNING id
)
INSERT INTO nurturing_gatenote (message_id, gate, verdict, words, times)
SELECT id, 'run', 'suppressed', %(why)s, 1 FROM changed
ON CONFLICT (message_id, gate, verdict) DO UPDATE
SET words = excluded.words, last_at = statement_timestamp(), times = nurturing_gatenote.times + 1
"""
ACCEPT = """
WITH settled AS (
    UPDATE nurturing_message
    SET state = 'accepted', sent_at = statement_timestamp(), lease_until = NULL, reply = %s
    WHERE id = %s AND attempt = %s AND state IN ('dot', 'unknown')
    RETURNING enrolment_id
), goes_on AS (
    UPDATE nurturing_enrolment run SET due_at = statement_timestamp() FROM settled
    WHERE run.id = settled.enrolment_id AND run.ended_at IS NULL AND run.due_at IS NULL
)
SELECT count(*) FROM settled
"""
DEFER = """
UPDATE nurturing_message m SET state = 'queued', due_at = turn.at, lease_until = NULL, reply = %s
FROM unnest(%s::bigint[], %s::int[], %s::timestamptz[]) AS turn (id, attempt, at)
WHERE m.id = turn.id AND m.attempt = turn.attempt AND m.state = 'claimed'
"""


class Verdict(TextChoices):
    """What a person says about a mail in doubt."""

    SENT = "sent", "It was sent"
    AGAIN = "again", "Send again"
    GIVEN_UP = "given_up", "Give up"


class Cited(NamedTuple):
    """What a mail relied on: an entry of the record of consents, and that in words."""

    consent_id: int | None
    basis: str


UNCITED = Cited(None, "")


class Claim(NamedTuple):
    """The right to work on one message, until its lease ends or somebody else claims it."""

    message_id: int
    attempt: int


def claim(limit: int, avoid: Sequence[str] = ()) -> list[Claim]:
    """Take up to `limit` due mails that may be sent. What may not is held or suppressed on the way.

    `avoid` names domains that get nothing now.
    """
    claims = _claim(limit, avoid)
    reach("after_claim")
    return claims


@transaction.atomic
def _claim(limit: int, avoid: Sequence[str]) -> list[Claim]:
    due = Message.objects.due().not_to(list(avoid))
    ids = _locked(due.filter(interruptions__lt=SUSPECT), limit) or _locked(due, 1)
    if not ids:
        return []
    lateness.settle(ids)
    batch = Message.objects.filter(pk__in=ids)
    batch.filter(gates.may_be_sent(), state=State.QUEUED, due_at__lte=Now()).update(
        state=State.CLAIMED, attempt=F("attempt") + 1, lease_until=Now() + LEASE, late_from=None
    )
    _turn_away(batch.filter(state=State.QUEUED, due_at__lte=Now()))
    claimed = batch.filter(state=State.CLAIMED).order_by("due_at", "id")
    return [Claim(*row) for row in claimed.values_list("pk", "attempt")]


def pass_fence(held: Claim, cited: Cited = UNCITED) -> bool:
    """The last look before the final dot: still ours, in time, and may be sent. False: send no dot.

    The row keeps what the mail says that it relied on.

    The lead's row is locked first. Whoever suppresses, disqualifies or hands off needs a share of that lock to
    commit, so their commit comes either before this look or after the mail is out of our hands.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        passed = fences.passes(cursor, *held, LEASE, *cited)
    reach("after_fence")
    return passed


def turn_away(held: Claim) -> None:
    """The fence said no: hold it, suppress it, or leave it to whoever has it now."""
    with transaction.atomic():
        _turn_away(_ours(held))


def accept(held: Claim, reply: str) -> bool:
    """The server took it. True even for a late answer to a mail already called unknown: this is the evidence."""
    with connection.cursor() as cursor:
        cursor.execute(ACCEPT, [reply[:300], *held])
        accepted = cursor.fetchone()[0] == 1
    reach("after_result")
    return accepted


def reject(held: Claim, reply: str, *, bounced: bool = False) -> bool:
    """The server said no for good. `bounced`: because there is no such address."""
    change = {"state": State.REJECTED, "reply": reply[:300], "bounced": bounced}
    return _settle(held, (State.CLAIMED, State.DOT, State.UNKNOWN), **change)


def put_off(held: Claim, reply: str) -> bool:
    """The server said not now, or the line broke before the dot: safe to try again, not for ever."""
    change = {"state": State.QUEUED, "due_at": back_off(), "lease_until": None}
    states = (State.CLAIMED, State.DOT)
    with transaction.atomic():
        last = _ours(held, *states).filter(failures__gte=MOST_FAILURES - 1)
        parked = last.update(
            state=State.PARKED, failures=F("failures") + 1, reply=reply[:300], lease_until=None
        )
        again = _ours(held, *states).update(failures=F("failures") + 1, reply=reply[:300], **change)
    return bool(parked or again)


def back_off() -> Case:
    """When a row with so many `failures` is tried again."""
    waits = [When(failures=n, then=Now() + timedelta(minutes=m)) for n, m in enumerate(BACK_OFF)]
    return Case(*waits, default=Now())


def park(held: Claim, reply: str) -> bool:
    """Trying again cannot help; a person must look."""
    return bool(_ours(held).update(state=State.PARKED, reply=reply[:300], lease_until=None))


def doubt(held: Claim, reply: str) -> bool:
    """The line broke after the dot: perhaps sent, perhaps not. Nobody may repeat it without a person."""
    return bool(_ours(held, State.DOT).update(state=State.UNKNOWN, reply=reply[:300], lease_until=None))


def give_back(claims: list[Claim]) -> None:
    """Claimed but not tried: the server went away. They wait where they were."""
    for held in claims:
        _ours(held).update(state=State.QUEUED, lease_until=None)


def defer(turns: Sequence[tuple[Claim, datetime]], why: str) -> None:
    """Claimed, but it is not their turn: each waits until its time. Counts as no failure."""
    if turns:
        ids, attempts = zip(*(held for held, _ in turns), strict=True)
        with connection.cursor() as cursor:
            cursor.execute(DEFER, [why[:300], list(ids), list(attempts), [turn for _, turn in turns]])


@transaction.atomic
def settle_expired() -> tuple[int, int]:
    """Whose worker died: before the dot back to the queue, after it unknown. Returns both numbers."""
    expired = Message.objects.filter(lease_until__lte=Now()).select_for_update(skip_locked=True)
    ids = list(expired.filter(state__in=(State.CLAIMED, State.DOT)).values_list("pk", flat=True)[:5000])
    rows = Message.objects.filter(pk__in=ids)
    why = "The sender stopped before the server answered."
    unknown = rows.filter(state=State.DOT).update(state=State.UNKNOWN, reply=why, lease_until=None)
    rows.filter(state=State.CLAIMED, interruptions__gte=MOST_INTERRUPTIONS - 1).update(
        state=State.PARKED, reply=f"Sending stopped {MOST_INTERRUPTIONS} times.", lease_until=None
    )
    again = rows.filter(state=State.CLAIMED).update(
        state=State.QUEUED, interruptions=F("interruptions") + 1, lease_until=None
    )
    return again, unknown


def settle_by_evidence(*, key: UUID, delivered: bool, words: str) -> bool:
    """A server reports what became of a mail. True when that settled it; a second time changes nothing.

    A copy that arrived counts whatever was decided meanwhile: the mail is "sent", and one that waits to be sent
    again stays here. A copy that did not arrive settles a mail in doubt only. Either way no later word of the
    worker, the policy or a person can change it: they all ask for a state it has left.
    """
    message_id = Message.objects.filter(key=key).values_list("pk", flat=True).first()
    if message_id is None:
        return False
    with transaction.atomic():
        _lock_lead_of(message_id)
        found = Message.objects.filter(pk=message_id)
        if delivered:
            open_still = Q(state__in=PERHAPS_SENT) | Q(state__in=HANDED_OVER_ONCE, dot_at__isnull=False)
            changed = found.filter(open_still).update(
                state=State.ACCEPTED, sent_at=Coalesce("dot_at", Now()), lease_until=None, reply=words[:300]
            )
        else:
            changed = found.filter(state__in=PERHAPS_SENT).update(
                state=State.REJECTED, lease_until=None, reply=words[:300]
            )
        if changed:
            _go_on([message_id])
    return bool(changed)


@transaction.atomic
def settle_unproven() -> tuple[int, int]:
    """Mails in doubt of which nobody reported anything within the grace, in campaigns that rather send twice.

    They are queued again, or parked when that happened too often; returns both numbers. Everywhere else such a
    mail stays in doubt: a person decides. Silence proves nothing while reports cannot be fetched.
    """
    if MailboxTrouble.objects.exists():
        return 0, 0
    over = Now() - settings.MAIL_PROOF_GRACE
    unproven = Message.objects.filter(
        state=State.UNKNOWN, enrolment__campaign__doubt_policy=Campaign.DoubtPolicy.RATHER_TWICE
    ).filter(Q(dot_at__lte=over) | Q(dot_at=None, queued_at__lte=over))
    locked = unproven.select_for_update(of=("self",), skip_locked=True)
    rows = Message.objects.filter(pk__in=list(locked.values_list("pk", flat=True)[:5000]))
    parked = rows.filter(failures__gte=MOST_FAILURES - 1).update(
        state=State.PARKED,
        failures=F("failures") + 1,
        reply=f"After {MOST_FAILURES} tries nobody knows whether it arrived.",
    )
    again = rows.filter(state=State.UNKNOWN).update(
        state=State.QUEUED,
        due_at=Now(),
        failures=F("failures") + 1,
        reply="Nobody reported that it arrived, so it is sent again.",
    )
    return again, parked


def resolve(*, messages: Any, verdict: str, actor: Any) -> int:
    """A person decides about mails in doubt; how many nobody had settled before. At most 5,000 at a time."""
    ids = list(messages.order_by("pk").values_list("pk", flat=True)[:5000])
    with transaction.atomic():
        _lock_leads_of(ids)
        undecided = Message.objects.filter(pk__in=ids, state__in=IN_DOUBT).select_for_update(of=("self",))
        decided = list(undecided.order_by("pk").values_list("pk", flat=True))
        Message.objects.filter(pk__in=decided).update(
            decided_by=actor, lease_until=None, **_verdict_change(verdict)
        )
        if verdict != Verdict.AGAIN:
            _go_on(decided)
    return len(decided)


def _verdict_change(verdict: str) -> dict[str, Any]:
    if verdict == Verdict.SENT:
        words = "A colleague said that it was sent."
        return {"state": State.ACCEPTED, "sent_at": Coalesce("dot_at", Now()), "reply": words}
    if verdict == Verdict.AGAIN:
        words = "A colleague sends it again."
        return {"state": State.QUEUED, "due_at": Now(), "failures": 0, "interruptions": 0, "reply": words}
    return {"state": State.SUPPRESSED, "reply": "A colleague gave it up."}


def suppress_pending(enrolments: Any, why: str) -> int:
    """Their mails that have not passed the dot will not, and each keeps why. Call it with the leads locked."""
    runs = [getattr(run, "pk", run) for run in enrolments]
    with connection.cursor() as cursor:
        cursor.execute(STOP_WITH_RUN, {"runs": runs, "why": why[:300]})
        return cursor.rowcount


def _locked(due: Any, limit: int) -> list[int]:
    free = due.order_by("due_at", "id").select_for_update(skip_locked=True)
    return list(free.values_list("pk", flat=True)[:limit])


def _ours(held: Claim, *states: str) -> Any:
    return Message.objects.filter(
        pk=held.message_id, attempt=held.attempt, state__in=states or (State.CLAIMED,)
    )


def _lock_lead_of(message_id: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LOCK_LEAD, [message_id])


def _lock_leads_of(message_ids: list[int]) -> None:
    """In pk order, so that two of us never wait for each other."""
    runs = Enrolment.objects.filter(messages__in=message_ids)
    list(Lead.objects.filter(pk__in=runs.values("lead")).order_by("pk").select_for_update().values_list("pk"))


def _turn_away(refused: Any) -> None:
    """What may be sent later waits for the instant at which the gates open; the rest will not be sent, and says why."""
    ids = list(refused.values_list("pk", flat=True))
    found = situations.verdicts(ids) if ids else {}
    by_kind: dict[str, list[int]] = {weighing.PASS: [], weighing.WAIT: [], weighing.STOP: []}
    for pk, verdict in found.items():
        by_kind[verdict.kind].append(pk)
    open_again = Message.objects.filter(
        pk__in=by_kind[weighing.PASS], state__in=(State.QUEUED, State.CLAIMED)
    )
    open_again.update(state=State.QUEUED, due_at=Now() + SOON, lease_until=None)
    for kind, state in ((weighing.WAIT, State.QUEUED), (weighing.STOP, State.SUPPRESSED)):
        if by_kind[kind]:
            _note({pk: found[pk] for pk in by_kind[kind]}, kind, state)


def _note(verdicts: Mapping[int, weighing.Verdict], kind: str, state: str) -> None:
    """Changes the mails and keeps why, in one statement: the same gate again counts up."""
    ids, gates_, words, untils = zip(
        *(
            (pk, each.line.gate, each.line.words[:300], each.until)
            for pk, each in verdicts.items()
            if each.line
        ),
        strict=True,
    )
    with connection.cursor() as cursor:
        cursor.execute(TURN_AWAY, [list(ids), list(gates_), list(words), list(untils), state, kind])


def _settle(held: Claim, states: tuple[str, ...], **change: Any) -> bool:
    with transaction.atomic():
        if State.CLAIMED in states:  # a stop may want the same two rows, run first
            list(
                Enrolment.objects.filter(messages=held.message_id)
                .select_for_update(of=("self",))
                .values("pk")
            )
        changed = _ours(held, *states).update(lease_until=None, **change)
        if changed:
            _go_on([held.message_id])
    return bool(changed)


def _go_on(message_ids: list[int]) -> None:
    """The mails are settled, so their runs continue: the next wait starts now."""
    runs = Enrolment.objects.filter(messages__in=message_ids, ended_at=None, due_at=None)
    runs.update(due_at=Now())
