"""Which machine acted where no person did: the history keeps the token's name."""

from __future__ import annotations

from django.apps import apps
from django.db.models import Q

from handoff.models import Handoff

ANSWERED = Q(accepted_at__isnull=False) | Q(rejected_at__isnull=False) | Q(withdrawn_at__isnull=False)


def token_behind(handoff: Handoff) -> str:
    """The API token that answered for nobody; empty when a person did, or the silence rule."""
    if handoff.answered_by_id or handoff.silence:
        return ""
    history = apps.get_model("handoff", "HandoffEvent").objects.filter(ANSWERED, pgh_obj_id=handoff.pk)
    known = history.order_by("pgh_id").values_list("pgh_context__metadata__token", flat=True)
    return next((name for name in known if name), "")
