"""A webhook step: one call a run, written down here and made afterwards. The run does not wait for the answer."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from leads.events import publish
from leads.fields import columns
from nurturing.events import WebhooksQueued
from nurturing.models import Enrolment, Step, WebhookCall
from nurturing.services.steps.moving import Batch, go_on

TYPE = "campaign.step"


def tell(batch: Batch) -> None:
    runs = Enrolment.objects.filter(pk__in=batch.fresh).select_related("lead")
    values = _values(batch.step, [run.lead_id for run in runs])
    WebhookCall.objects.bulk_create(
        [
            WebhookCall(
                endpoint_id=batch.step.settings["endpoint"],
                enrolment=run,
                step=batch.step,
                payload=_payload(batch.step, run, values.get(run.lead_id, {})),
            )
            for run in runs
        ],
        ignore_conflicts=True,
    )
    publish(WebhooksQueued())
    go_on(batch, batch.ids)


def _payload(step: Step, run: Enrolment, values: dict[str, Any]) -> dict[str, Any]:
    """`type`, `timestamp` and `data`, as Standard Webhooks has it."""
    campaign = step.version.campaign
    return {
        "type": TYPE,
        "timestamp": timezone.now().isoformat(),
        "data": {
            "campaign": {"id": campaign.pk, "name": campaign.name},
            "step": {"key": str(step.key), "name": step.settings.get("name") or ""},
            "lead": {"id": run.lead_id, "email": run.lead.email, "fields": values},
        },
    }


def _values(step: Step, lead_ids: list[int]) -> dict[int, dict[str, Any]]:
    keys = [str(key) for key in step.settings.get("fields") or []]
    found = columns(lead_ids, keys) if keys else {}
    return {lead: {key: found[key][place] for key in keys} for place, lead in enumerate(lead_ids)}
