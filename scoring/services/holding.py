"""The guard against floods: leads above the line because of a publication alone do not all become MQLs at once.

A publication that fires slowly makes them wait for their turn; a silent one keeps them quiet. Whoever does something
newer is looked at by that: any counted activity ends the quiet, a critical signal ends the wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from scoring.explain import Explanation, critical_evidence, newest_evidence
from scoring.models import HeldLead, ModelVersion, Publication, QualificationCycle

State = HeldLead.State
FRESH = timedelta(hours=24)  # a critical signal shortly before the publication is still a reason to hurry
FALLEN = "No longer meets the definition."
PASSED = "Did something newer, and qualified by that."


@dataclass(frozen=True)
class Guard:
    """How the version in force came about, and who is held back or was dismissed."""

    publication: Publication | None
    published_at: datetime | None
    latest: dict[int, HeldLead]

    @classmethod
    def of(cls, version: ModelVersion, lead_ids: list[int]) -> Guard:
        rows = HeldLead.objects.filter(lead__in=lead_ids).select_related("publication").order_by("lead", "pk")
        publication = Publication.objects.of(version)
        return cls(publication, version.published_at, {row.lead_id: row for row in rows})

    def admits(self, why: Explanation, lead_id: int, *, crossed: bool) -> bool:
        """Whether a cycle may open now; if not, the lead is held from here on."""
        hold = self.latest.get(lead_id)
        if hold is not None and hold.state in (State.WAITING, State.QUIET, State.DISMISSED):
            return _ends(hold, why)
        if not crossed or not self._by_publication_alone(why):
            return True
        self._hold(why, lead_id)
        return False

    def _by_publication_alone(self, why: Explanation) -> bool:
        """Asked of leads that crossed. Once everybody was scored, who crosses does so for another reason."""
        if self.publication is None or self.publication.rescored_at or self.published_at is None:
            return False
        if _after(newest_evidence(why), self.published_at):
            return False
        if self.publication.mode == Publication.Mode.SILENT:
            return True
        return self.publication.fires_slowly and not _fresh(why, self.publication)

    def _hold(self, why: Explanation, lead_id: int) -> None:
        publication: Any = self.publication
        quiet = publication.mode == Publication.Mode.SILENT
        HeldLead.objects.create(
            lead_id=lead_id,
            publication=publication,
            state=State.QUIET if quiet else State.WAITING,
            total=why.result.total,
            band=why.result.band,
            reason=("; ".join(why.reasons()) or "Meets the definition")[:300],
        )


def _ends(hold: HeldLead, why: Explanation) -> bool:
    if hold.state == State.WAITING:
        return _fresh(why, hold.publication)
    since = hold.settled_at if hold.state == State.DISMISSED else hold.publication.settled_at
    return _after(newest_evidence(why), since)


def _fresh(why: Explanation, publication: Publication) -> bool:
    """A critical signal of about now."""
    since: Any = publication.settled_at
    return _after(critical_evidence(why), since - FRESH)


def _after(moment: datetime | None, since: datetime | None) -> bool:
    return moment is not None and (since is None or moment > since)


def passed(cycle: QualificationCycle) -> None:
    """A cycle opened for a lead that was held: it does not wait any more."""
    held = HeldLead.objects.in_force().filter(lead=cycle.lead_id)
    held.update(state=State.LEFT, settled_at=Now(), words=PASSED, cycle=cycle)


def let_go(lead_ids: list[int]) -> int:
    """These fell below the line, so the next crossing is their own."""
    held = _locked(HeldLead.objects.in_force().filter(lead__in=lead_ids))
    return held.update(state=State.LEFT, settled_at=Now(), words=FALLEN)


def _locked(rows: Any) -> Any:
    """Everybody takes rows of the queue in the same order, so that no two wait for each other."""
    turns = rows.by_turn().select_for_update(of=("self",))
    return HeldLead.objects.in_force().filter(pk__in=list(turns.values_list("pk", flat=True)))


def pace() -> Publication | None:
    """The newest publication that fires slowly says how many an hour."""
    slow = Publication.objects.filter(state=Publication.State.DONE, per_hour__isnull=False)
    return slow.filter(mode=Publication.Mode.FIRE).order_by("-settled_at", "-pk").first()


def recent_turns() -> list[datetime]:
    """When leads had their turn within the last hour, oldest first. What a person released does not count."""
    turns = HeldLead.objects.filter(state=State.RELEASED, settled_by=None)
    recent = turns.filter(Q(settled_at__gt=Now() - timedelta(hours=1))).order_by("settled_at")
    return [at for at in recent.values_list("settled_at", flat=True) if at]


def expected(rank: int, *, per_hour: int, turns: list[datetime], now: datetime) -> datetime:
    """When the lead at this place of the queue (from 0) has its turn, if nobody before it leaves."""
    free = per_hour - len(turns)
    if rank < free:
        return now
    slots = [*turns, *([now] * max(free, 0))]
    hours, slot = divmod(rank - max(free, 0), len(slots))
    return slots[slot] + timedelta(hours=hours + 1)


@transaction.atomic
def dismiss(*, held_ids: list[int], reason: str, actor: Any) -> int:
    """They stay leads until they do something newer. How many were still held."""
    reason = reason.strip()
    if not reason:
        raise ReasonMissing("Say why they are not handed on.")
    held = _locked(HeldLead.objects.in_force().filter(pk__in=held_ids))
    return held.update(state=State.DISMISSED, settled_at=Now(), settled_by=actor, words=reason[:300])


class ReasonMissing(ValueError):
    """Without one nobody could tell later why a lead was passed over."""
