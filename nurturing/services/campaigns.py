"""A campaign's life: draft -> running <-> paused -> ended, and the versions of its steps.

A version is edited until it is published; then it is frozen, and whoever is in it stays in it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.models import Organisation
from leads.events import publish
from leads.models import CustomField
from nurturing import markup, merging
from nurturing.events import CampaignActivated, MessagesQueued
from nurturing.models import Campaign, CampaignVersion, Message, Segment, Step, TrackedLink
from nurturing.services import enrolments

State = Campaign.State
MOST_STEPS = 50


class Problem(NamedTuple):
    """Why a version cannot be published. `step` is 1 for the first; `where` names the page that mends it."""

    text: str
    step: int | None = None
    where: str = ""


class CannotPublish(Exception):
    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = problems


class NotPossible(Exception):
    """The campaign is not in a state for this; says which, in words."""


@transaction.atomic
def create(*, name: str, segment: Segment, goal: str, cool_down_days: int, actor: Any) -> Campaign:
    campaign = Campaign.objects.create(
        name=name, segment=segment, goal=goal, cool_down_days=cool_down_days, created_by=actor
    )
    CampaignVersion.objects.create(campaign=campaign, number=1)
    return campaign


@transaction.atomic
def change(*, campaign: Campaign, name: str, segment: Segment, goal: str, cool_down_days: int) -> None:
    """Counts for everybody from now on, inside or not."""
    campaign = _locked(campaign)
    campaign.name, campaign.segment = name, segment
    campaign.goal, campaign.cool_down_days = goal, cool_down_days
    campaign.save(update_fields=["name", "segment", "goal", "cool_down_days"])


@transaction.atomic
def draft_of(campaign: Campaign) -> CampaignVersion:
    """The version being edited; made as a copy of the newest frozen one when there is none."""
    campaign = _locked(campaign)
    draft = campaign.versions.filter(frozen_at=None).first()
    if draft is None:
        if campaign.state == State.ENDED:
            raise NotPossible("This campaign has ended. Make a new one instead.")
        newest = campaign.versions.latest("number")
        draft = CampaignVersion.objects.create(campaign=campaign, number=newest.number + 1)
        _copy_steps(newest, draft)
    return draft


@transaction.atomic
def discard_draft(campaign: Campaign) -> bool:
    """Back to what is published. The first draft of a campaign stays: there is nothing to go back to."""
    campaign = _locked(campaign)
    drafts = campaign.versions.filter(frozen_at=None, number__gt=1)
    return bool(drafts.delete()[0])


@transaction.atomic
def add_step(*, version: CampaignVersion, kind: str, after: int | None = None) -> Step:
    """After that position, or at the end. A new mail starts empty, a new wait with three days."""
    _locked(version.campaign)
    count = version.steps.count()
    if count >= MOST_STEPS:
        raise NotPossible(f"A campaign has at most {MOST_STEPS} steps.")
    place = count if after is None else min(after + 1, count)
    version.steps.filter(position__gte=place).update(position=F("position") + 1)
    wait = 3 * 24 * 60 if kind == Step.Kind.WAIT else None
    return Step.objects.create(version=version, position=place, kind=kind, wait_minutes=wait)


@transaction.atomic
def change_step(*, step: Step, **values: Any) -> None:
    """`subject` and `body`, or `wait_minutes`. The database refuses it for a frozen version."""
    Step.objects.filter(pk=step.pk).update(**values)


@transaction.atomic
def move_step(*, step: Step, up: bool) -> bool:
    """Change places with the neighbour. False at the end of the line."""
    _locked(step.version.campaign)
    step.refresh_from_db()
    other = step.version.steps.filter(position=step.position + (-1 if up else 1)).first()
    if other is None:
        return False
    Step.objects.filter(pk=step.pk).update(position=other.position)
    Step.objects.filter(pk=other.pk).update(position=step.position)
    return True


@transaction.atomic
def remove_step(*, step: Step) -> None:
    _locked(step.version.campaign)
    step.refresh_from_db()
    version, place = step.version, step.position
    step.delete()
    version.steps.filter(position__gt=place).update(position=F("position") - 1)


def problems(version: CampaignVersion) -> list[Problem]:
    """Everything that keeps this version from going live, in words."""
    steps = list(version.steps.order_by("position"))
    found = (
        [] if any(step.kind == Step.Kind.EMAIL for step in steps) else [Problem("There is no e-mail in it.")]
    )
    own_fields = list(CustomField.objects.values_list("key", flat=True))
    for number, step in enumerate(steps, 1):
        following = steps[number] if number < len(steps) else None
        found += [Problem(text, number) for text in _step_problems(step, following, own_fields)]
    if not Organisation.current().postal_address.strip():
        text = "Your company's postal address is missing. The law wants it under every mail."
        found.append(Problem(text, where="organisation"))
    if not version.campaign.segment.conditions:
        found.append(
            Problem("The segment has no conditions, so it would take everybody in.", where="segment")
        )
    return found


@transaction.atomic
def publish_version(*, campaign: Campaign, actor: Any) -> CampaignVersion:
    """Freeze the draft and run it: new people follow it, those inside stay with theirs. Raises CannotPublish."""
    campaign = _locked(campaign)
    draft = campaign.versions.filter(frozen_at=None).first()
    if draft is None or campaign.state == State.ENDED:
        raise NotPossible("There is no draft to publish.")
    found = problems(draft)
    if found:
        raise CannotPublish(found)
    for step in draft.steps.filter(kind=Step.Kind.EMAIL):
        TrackedLink.objects.bulk_create(TrackedLink(step=step, url=url) for url in markup.links(step.body))
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
    held = Message.objects.filter(enrolment__campaign=campaign, state="queued", due_at__gt=Now(), failures=0)
    held.update(due_at=Now())
    publish(CampaignActivated(campaign_id=campaign.pk))
    publish(MessagesQueued())


@transaction.atomic
def end(campaign: Campaign) -> int:
    """For good: everybody inside leaves, waiting mails are not sent. Returns how many left."""
    _change_state(campaign, (State.ACTIVE, State.PAUSED), State.ENDED)
    return enrolments.end_all(campaign)


def _change_state(campaign: Campaign, before: tuple[str, ...], after: str) -> None:
    changed = Campaign.objects.filter(pk=campaign.pk, state__in=before).update(state=after)
    if not changed:
        now = Campaign.objects.get(pk=campaign.pk).get_state_display().lower()
        raise NotPossible(f"Nothing was changed: the campaign is {now} by now.")


def _step_problems(step: Step, following: Step | None, own_fields: list[str]) -> list[str]:
    if step.kind == Step.Kind.WAIT:
        return ["A wait at the end waits for nothing."] if following is None else []
    found = [] if step.subject.strip() else ["The mail has no subject."]
    found += [] if step.body.strip() else ["The mail has no text."]
    found += merging.problems(step.subject, own_fields) + merging.problems(step.body, own_fields)
    found += markup.problems(step.body)
    if following is not None and following.kind == Step.Kind.EMAIL:
        found.append("Another mail follows at once. Put a wait between them.")
    return found


def _copy_steps(source: CampaignVersion, target: CampaignVersion) -> None:
    for step in source.steps.order_by("position"):
        step.pk, step._state.adding, step.version = None, True, target
        step.save()


def _locked(campaign: Campaign) -> Campaign:
    """Two editors in the same second take turns."""
    return Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
