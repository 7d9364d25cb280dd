"""What marketing may do with a waiting MQL instead of handing it off."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from handoff.services.consequences import Outcome, end_disqualified, end_recycled
from handoff.services.offers import lock_cycle, must_wait
from scoring.models import QualificationCycle


@transaction.atomic
def recycle(*, cycle: QualificationCycle, actor: Any, reason: str) -> None:
    """Back to nurture. Raises NotWaiting when a rep has it, or it is over."""
    cycle = _claim(cycle, actor)
    end_recycled(cycle, outcome=Outcome.RECYCLED, actor=actor, reason=reason)


@transaction.atomic
def disqualify(*, cycle: QualificationCycle, actor: Any, reason: str) -> None:
    """Will never buy: no scoring, no campaigns, until a colleague takes it back. Raises NotWaiting."""
    cycle = _claim(cycle, actor)
    end_disqualified(cycle, actor=actor, reason=reason)


def _claim(cycle: QualificationCycle, actor: Any) -> QualificationCycle:
    if not actor.works_in_marketing:
        raise PermissionDenied
    cycle = lock_cycle(cycle)
    must_wait(cycle)
    return cycle
