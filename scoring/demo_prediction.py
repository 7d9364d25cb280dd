"""What the demo company's old CRM knew of earlier leads, as an import brings it; then the predictive score learns."""

from __future__ import annotations

import random
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from math import exp, log1p

from django.db.models import Count, Q

from leads.models import Activity, Lead, LeadOutcome
from scoring.services import predictions

SEED = 20_261_122
EARLIER = timedelta(days=90)
SHARE = 0.7  # of the earlier leads that never qualified here
SOURCE = "Results of the old CRM"


def load(*, now: datetime, size: int) -> str:
    dice = random.Random(SEED)  # noqa: S311  a story needs dice, not secrets
    earlier = Lead.objects.filter(created_at__lt=now - EARLIER, cycles=None, score__isnull=False)
    deeds = _deeds(earlier.values_list("pk", flat=True))
    chosen = [lead for lead in earlier.select_related("score").order_by("pk") if dice.random() < SHARE]
    LeadOutcome.objects.bulk_create(
        LeadOutcome(
            lead=lead,
            result="won" if dice.random() < _chance(lead, deeds.get(lead.pk, 0)) else "lost",
            source=SOURCE,
        )
        for lead in chosen
    )
    with suppress(predictions.AlreadyAsked):
        predictions.ask()  # a worker learns once the workers are there
    return f"{len(chosen)} outcomes to learn from"


def _deeds(ids: Iterable[int]) -> dict[int, int]:
    counted = Q(shape__machine=False)
    rows = Activity.objects.filter(counted, lead_id__in=ids).values_list("lead_id")
    return dict(rows.annotate(deeds=Count("id")))


def _chance(lead: Lead, deeds: int) -> float:
    """The truth of the demo world: the right people, who looked around a lot."""
    return 1 / (1 + exp(10.2 - 0.18 * lead.score.fit - 1.9 * log1p(deeds)))
