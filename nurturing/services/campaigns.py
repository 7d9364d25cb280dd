"""A campaign's life: draft -> running <-> paused -> ended, and the versions of its steps.

A version is edited until it is published; then it is frozen, and whoever is in it stays in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import Organisation
from leads import fields
from leads.events import publish
from leads.models import CustomField
from nurturing import content, kinds, letters
from nurturing.events import CampaignActivated, MessagesQueued
from nurturing.graph import Graph
from nurturing.models import (
    Audience,
    Campaign,
    CampaignVersion,
    Message,
    Segment,
    Step,
    TrackedLink,
    WebhookEndpoint,
)
from nurturing.services import drafting, enrolments, sending
from nurturing.services.drafting import NotPossible
from scoring.models import ModelVersion, Rule

State = Campaign.State
SETTINGS = (
    *("late_policy", "late_hours"),
    *("topic", "cool_down_days", "doubt_policy", "holdout_percent", "priority", "starts_at", "ends_at"),
    *("send_days", "send_from", "send_until"),
)


class Problem(NamedTuple):
    """Why a version cannot be published. `step` is 1 for the first; `where` names the page that mends it."""

    text: str
    step: int | None = None
    where: str = ""
    step_id: int | None = None


class CannotPublish(Exception):
    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = problems


@transaction.atomic
def create(*, name: str, segment: Segment, goal: str, actor: Any, **settings: Any) -> Campaign:
    """`settings` are those of SETTINGS; what is left out is as usual."""
    campaign = Campaign.objects.create(
        name=name, segment=segment, goal=goal, created_by=actor, **_known(settings)
    )
    CampaignVersion.objects.create(campaign=campaign, number=1)
    return campaign


@transaction.atomic
def change(*, campaign: Campaign, name: str, segment: Segment, goal: str, **settings: Any) -> None:
    """Counts for everybody from now on, inside or not; mails that the gates held back are looked at again."""
    campaign = drafting.locked(campaign)
    changes = {"name": name, "segment": segment, "goal": goal} | _known(settings)
    for field, value in changes.items():
        setattr(campaign, field, value)
    campaign.save(update_fields=list(changes))
    sending.look_again(Message.objects.filter(enrolment__campaign=campaign))


def _known(settings: dict[str, Any]) -> dict[str, Any]:
    unknown = settings.keys() - set(SETTINGS)
    if unknown:
        raise TypeError(f"A campaign has no settings {', '.join(sorted(unknown))}.")
    return settings


@transaction.atomic
def draft_of(campaign: Campaign) -> CampaignVersion:
    """The version being edited; made as a copy of the newest frozen one when there is none."""
    campaign = drafting.locked(campaign)
    draft = campaign.versions.filter(frozen_at=None).first()
    if draft is None:
        if campaign.state == State.ENDED:
            raise NotPossible("This campaign has ended. Make a new one instead.")
        newest = campaign.versions.latest("number")
        draft = CampaignVersion.objects.create(campaign=campaign, number=newest.number + 1)
        drafting.copy_steps(newest, draft)
    return draft


@transaction.atomic
def discard_draft(campaign: Campaign) -> bool:
    """Back to what is published. The first draft of a campaign stays: there is nothing to go back to."""
    campaign = drafting.locked(campaign)
    drafts = campaign.versions.filter(frozen_at=None, number__gt=1)
    return bool(drafts.delete()[0])


def problems(version: CampaignVersion) -> list[Problem]:
    """Everything that keeps this version from going live, in words."""
    graph = Graph(version.steps.all())
    found = [] if any(line.step.is_mail for line in graph.lines()) else [Problem("There is no e-mail in it.")]
    around, known = surroundings(version), letters.askable()
    for line in graph.lines():
        texts = _step_problems(line.step, graph, around, known)
        found += [Problem(text, line.number, step_id=line.step.pk) for text in texts]
    if not Organisation.current().postal_address.strip():
        text = "Your company's postal address is missing. The law wants it under every mail."
        found.append(Problem(text, where="organisation"))
    if not (version.campaign.segment.conditions or version.campaign.segment.is_list):
        found.append(
            Problem("The segment has no conditions, so it would take everybody in.", where="segment")
        )
    return found


def surroundings(version: CampaignVersion) -> kinds.Surroundings:
    """What the settings of this version's steps may name."""
    mails = version.steps.filter(kind__in=kinds.MAILS).values_list("key", "subject")
    others = Campaign.objects.exclude(state=State.ENDED).exclude(pk=version.campaign_id)
    known = fields.all_fields()
    return kinds.Surroundings(
        mails={str(key): subject for key, subject in mails},
        segments=dict(Segment.objects.values_list("pk", "name")),
        campaigns=dict(others.values_list("pk", "name")),
        fields={key: field.label for key, field in known.items() if field.group != "company"},
        dates={key: field.label for key, field in known.items() if field.type == "date"},
        audiences=dict(Audience.objects.values_list("pk", "name")),
        endpoints=dict(WebhookEndpoint.objects.filter(disabled_at=None).values_list("pk", "name")),
        own_fields=tuple(CustomField.objects.values_list("key", flat=True)),
        pointed=_pointed(),
        now=timezone.now(),
    )


def arms_ever(step: Step) -> frozenset[str]:
    """Keys that the ways of this split have, or had in an older version."""
    rows = Step.objects.filter(version__campaign=step.version.campaign_id, key=step.key)
    kept = rows.values_list("settings", flat=True)
    return frozenset(str(arm.get("key")) for settings in kept for arm in settings.get("arms") or [])


def _pointed() -> frozenset[str]:
    """Kinds of activity that the published scoring model has a rule on."""
    published = ModelVersion.objects.published()
    rules = Rule.objects.filter(version=published, enabled=True) if published else Rule.objects.none()
    return frozenset(rules.values_list("activity", flat=True))


@transaction.atomic
def publish_version(*, campaign: Campaign, actor: Any) -> CampaignVersion:
    """Freeze the draft and run it: new people follow it, those inside stay with theirs. Raises CannotPublish."""
    campaign = drafting.locked(campaign)
    draft = campaign.versions.filter(frozen_at=None).first()
    if draft is None or campaign.state == State.ENDED:
        raise NotPossible("There is no draft to publish.")
    found = problems(draft)
    if found:
        raise CannotPublish(found)
    for step in draft.steps.filter(kind__in=kinds.MAILS):
        TrackedLink.objects.bulk_create(TrackedLink(step=step, url=url) for url in content.links(step))
    CampaignVersion.objects.filter(pk=draft.pk).update(frozen_at=Now())
    if campaign.state == State.DRAFT:
        Campaign.objects.filter(pk=campaign.pk).update(state=State.ACTIVE, activated_at=Now())
    publish(CampaignActivated(campaign_id=campaign.pk))
    return draft


@transaction.atomic
def pause(campaign: Campaign) -> None:
    """Nobody joins, moves on or is mailed until it is resumed."""
    _change_state(campaign, (State.ACTIVE,), State.PAUSED)


@transaction.atomic
def resume(campaign: Campaign) -> None:
    _change_state(campaign, (State.PAUSED,), State.ACTIVE)
    looked_at = Campaign.objects.filter(pk=campaign.pk)
    looked_at.exclude(paused_because="").update(paused_because="", complaints_from=Now())
    held = Message.objects.filter(enrolment__campaign=campaign, state="queued", due_at__gt=Now(), failures=0)
    held.update(due_at=Now())
    publish(CampaignActivated(campaign_id=campaign.pk))
    publish(MessagesQueued())


@transaction.atomic
def end(campaign: Campaign) -> int:
    """For good: everybody inside leaves, waiting mails are not sent. Returns how many left."""
    _change_state(campaign, (State.ACTIVE, State.PAUSED), State.ENDED)
    return enrolments.end_all(campaign)


def end_due() -> int:
    """Campaigns whose time is over end, as if somebody had ended them. Returns how many."""
    over = Campaign.objects.filter(state__in=(State.ACTIVE, State.PAUSED), ends_at__lte=Now())
    return sum(_end_if_running(campaign) for campaign in over)


def _end_if_running(campaign: Campaign) -> bool:
    try:
        end(campaign)
    except NotPossible:  # a colleague was faster
        return False
    return True


def _change_state(campaign: Campaign, before: tuple[str, ...], after: str) -> None:
    changed = Campaign.objects.filter(pk=campaign.pk, state__in=before).update(state=after)
    if not changed:
        now = Campaign.objects.get(pk=campaign.pk).get_state_display().lower()
        raise NotPossible(f"Nothing was changed: the campaign is {now} by now.")


def _step_problems(
    step: Step, graph: Graph, around: kinds.Surroundings, known: Mapping[str, Any]
) -> list[str]:
    if step.kind not in kinds.KINDS:
        return ["This kind of step does not exist."]
    found = list(kinds.KINDS[step.kind].problems(step.settings, around))
    found += _mail_problems(step, graph, known) if step.is_mail else []
    if step.kind == Step.Kind.WAIT and graph.after(step) is None:
        found.append("A wait at the end waits for nothing.")
    if step.kind == Step.Kind.EXIT and _has_next_sibling(step, graph):
        found.append("Nobody gets behind this step: everybody leaves here.")
    return found


def _mail_problems(step: Step, graph: Graph, known: Mapping[str, Any]) -> list[str]:
    found = [problem.text for problem in content.problems(step, known)]
    if any(halt is not None and halt.is_mail for halt in graph.next_halts(step)):
        found.append("Another mail follows at once. Put a wait between them.")
    return found


def _has_next_sibling(step: Step, graph: Graph) -> bool:
    return graph.children(step.parent_id, step.branch)[-1].pk != step.pk
