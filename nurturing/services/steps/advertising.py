"""An audience step: in, or out. Permission to show ads is asked when a file is made."""

from __future__ import annotations

from nurturing.models import Enrolment
from nurturing.services.audiences import add_members, remove_members
from nurturing.services.steps.moving import Batch, go_on


def change_audience(batch: Batch) -> None:
    settings = batch.step.settings
    leads = set(Enrolment.objects.filter(pk__in=batch.fresh).values_list("lead", flat=True))
    if settings.get("do") == "remove":
        remove_members(audience_id=settings["audience"], leads=leads)
    else:
        source = str(batch.step.version.campaign)
        add_members(audience_id=settings["audience"], leads=leads, source=source)
    go_on(batch, batch.ids)
