"""Steps that change something: a field, points, a hand-off, another campaign, the end of this run."""

from __future__ import annotations

from typing import Any

from django.db.models import Max
from django.utils import timezone

from leads.merging import Claim
from leads.models import Activity, Lead
from leads.services.activities import NewActivity, record_activities
from leads.services.people import update_many
from nurturing import kinds
from nurturing.models import Campaign, Enrolment
from nurturing.services import enrolments
from nurturing.services.steps.moving import Batch, go_on, leave
from scoring.models import ModelVersion, QualificationCycle
from scoring.services.cycles import open_cycle

NOT_NEWS = (
    "email_sent",
    "email_delivered",
    "email_bounce",
    "note",
    "score_lowered",
    "points_added",
    "points_taken",
)


def change_field(batch: Batch) -> None:
    """As a machine: what a person typed stays."""
    leads = _leads(batch)
    values = {batch.step.settings["field"]: batch.step.settings["value"]}
    update_many(updates=[(lead, values) for lead in leads.values()], claim=_claim())
    go_on(batch, batch.ids)


def give_points(batch: Batch) -> None:
    """As an activity, so that the score stays a function of what happened; the model's rule says what it is worth."""
    settings, now = batch.step.settings, timezone.now()
    points, words = int(settings["points"]), str(settings.get("words") or batch.step.version.campaign)
    record_activities(
        [
            NewActivity(
                lead, kinds.points_kind(points), now, {"reason": words[:200]}, seconds=abs(points),
                message_id=f"campaign:{batch.step.key}:{lead}",
            )
            for lead in _leads(batch).values()
        ]
    )  # fmt: skip
    go_on(batch, batch.ids)


def hand_off(batch: Batch) -> None:
    """Opens a cycle for leads that did something since their last one ended: none comes back unchanged."""
    found = _leads(batch)
    leads = Lead.objects.filter(pk__in=found.values()).select_related("score__version").order_by("pk")
    teller = ModelVersion.objects.teller()
    offered = {
        lead.pk for lead in leads.exclude(score=None) if _open(batch, lead, teller(lead.score.version))
    }
    done = [pk for pk, lead in found.items() if lead in offered]
    go_on(batch, done)
    rest = [pk for pk, lead in found.items() if lead not in offered]
    go_on(batch, rest, outcome="skipped", words="Is with sales already, rests, or did nothing new.")


def start(batch: Batch) -> None:
    """Whoever never was in the other campaign. One that does not run takes nobody in."""
    campaign = Campaign.objects.filter(
        pk=batch.step.settings["campaign"], state=Campaign.State.ACTIVE
    ).first()
    leads = _leads(batch)
    if campaign is not None and not campaign.takes_people(timezone.now()):
        campaign = None
    if campaign is not None:
        before = Enrolment.objects.filter(campaign=campaign, lead__in=leads.values()).values_list(
            "lead", flat=True
        )
        enrolments.enrol(campaign=campaign, leads=set(leads.values()) - set(before))
    go_on(batch, batch.ids, words="" if campaign else "The other campaign does not run now.")


def leave_here(batch: Batch) -> None:
    leave(batch, batch.ids, Enrolment.Ended.EXITED, "Left at a step.")


def _open(batch: Batch, lead: Lead, version: Any) -> bool:
    deeds = Activity.objects.filter(lead=lead, shape__machine=False).exclude(shape__kind__in=NOT_NEWS)
    cycle = open_cycle(
        lead=lead,
        version=version,
        cause=QualificationCycle.Cause.CAMPAIGN,
        reason=batch.step.settings.get("note") or f"Handed off by {batch.step.version.campaign}",
        rule_key="",
        evidence_at=deeds.aggregate(at=Max("occurred_at"))["at"],
        total=lead.score.total,
        band=lead.score.band,
    )
    return cycle is not None


def _leads(batch: Batch) -> dict[int, int]:
    return dict(Enrolment.objects.filter(pk__in=batch.ids).values_list("pk", "lead"))


def _claim() -> Claim:
    return Claim(source="campaign", at=timezone.now())
