"""Editing the steps of a draft: adding, changing, moving, copying, removing. One editor at a time.

Places  a list of steps is a parent and one of its branches; positions in it run from 0 without gaps
Undo    `snapshot` is the whole draft as plain values; `restore` makes the draft that again
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from nurturing import kinds
from nurturing.models import Campaign, CampaignVersion, Step

MOST_STEPS = 100
DEEPEST = 5
ASIDE = 30_000  # a position of no list, for a step on its way from one to another
COPIED = tuple(
    field.name for field in Step._meta.concrete_fields if field.name not in ("id", "version", "parent")
)


class NotPossible(Exception):
    """The campaign is not in a state for this; says which, in words."""


@transaction.atomic
def add_step(
    *,
    version: CampaignVersion,
    kind: str,
    parent: Step | None = None,
    branch: str = "",
    place: int | None = None,
) -> Step:
    """Into the list of that parent and branch, at that place or at its end. Raises NotPossible."""
    locked(version.campaign)
    if version.steps.count() >= MOST_STEPS:
        raise NotPossible(f"A campaign has at most {MOST_STEPS} steps.")
    _check_list(version, parent, branch)
    starts = dict(kinds.KINDS[kind].starts) if kind in kinds.KINDS else {}
    siblings = list(_list(version, parent, branch))
    step = Step.objects.create(
        version=version, parent=parent, branch=branch, position=len(siblings), kind=kind, settings=starts
    )
    siblings.insert(len(siblings) if place is None else max(0, min(place, len(siblings))), step)
    _number(siblings)
    step.refresh_from_db()
    return step


@transaction.atomic
def change_step(*, step: Step, **values: Any) -> None:
    """Its `settings`; what a mail says is written by services.contents. The database refuses it for a frozen version.

    Steps in a branch that the new settings no longer have move behind this step, so that nothing is lost.
    """
    locked(step.version.campaign)
    Step.objects.filter(pk=step.pk).update(**values)
    step.refresh_from_db()
    kept = {branch.key for branch in step.branches}
    orphans = step.children.exclude(branch__in=kept).order_by("branch", "position")
    for place, orphan in enumerate(list(orphans), step.position + 1):
        place_step(step=orphan, parent=step.parent, branch=step.branch, place=place)


@transaction.atomic
def move_step(*, step: Step, up: bool) -> bool:
    """Change places with the neighbour. False at the end of the list."""
    locked(step.version.campaign)
    step.refresh_from_db()
    siblings = list(_list(step.version, step.parent, step.branch))
    old = siblings.index(step)
    new = old + (-1 if up else 1)
    if not 0 <= new < len(siblings):
        return False
    siblings[old], siblings[new] = siblings[new], siblings[old]
    _number(siblings)
    return True


@transaction.atomic
def place_step(*, step: Step, parent: Step | None, branch: str, place: int) -> None:
    """To another place, also into another list; with everything in its branches. Raises NotPossible."""
    locked(step.version.campaign)
    step.refresh_from_db()
    _check_list(step.version, parent, branch)
    if parent is not None and parent.pk in _family(step):
        raise NotPossible("A step cannot be moved into itself.")
    _check_depth(parent, _height(step))
    left = _list(step.version, step.parent, step.branch).exclude(pk=step.pk)
    Step.objects.filter(pk=step.pk).update(parent=parent, branch=branch, position=ASIDE)
    _number(list(left))
    step.refresh_from_db()
    siblings = [*_list(step.version, parent, branch).exclude(pk=step.pk)]
    siblings.insert(max(0, min(place, len(siblings))), step)
    _number(siblings)


@transaction.atomic
def copy_step(*, step: Step) -> Step:
    """A copy right behind it, with everything in its branches; all with keys of their own. Raises NotPossible."""
    locked(step.version.campaign)
    step.refresh_from_db()
    if step.version.steps.count() + len(_family(step)) > MOST_STEPS:
        raise NotPossible(f"A campaign has at most {MOST_STEPS} steps.")
    siblings = list(_list(step.version, step.parent, step.branch))
    copy = _copy(step, step.version, step.parent, position=len(siblings), key=uuid.uuid4())
    siblings.insert(siblings.index(step) + 1, copy)
    _number(siblings)
    _copy_children(step, copy, fresh_keys=True)
    copy.refresh_from_db()
    return copy


@transaction.atomic
def remove_step(*, step: Step) -> None:
    """With everything in its branches."""
    locked(step.version.campaign)
    step.refresh_from_db()
    siblings = [each for each in _list(step.version, step.parent, step.branch) if each.pk != step.pk]
    Step.objects.filter(pk__in=_family(step)).delete()
    _number(siblings)


def copy_steps(source: CampaignVersion, target: CampaignVersion) -> None:
    """All of them, with the same keys: the same step of the next version."""
    for step in _list(source, None, ""):
        _copy_children(step, _copy(step, target, None), fresh_keys=False)


def snapshot(version: CampaignVersion) -> list[dict[str, Any]]:
    """Every step as plain values; parents by their key. For `restore` and for comparing versions."""
    keys = dict(version.steps.values_list("pk", "key"))
    rows = []
    for step in version.steps.order_by("pk"):
        values = {name: getattr(step, name) for name in COPIED}
        parent = keys.get(step.parent_id) if step.parent_id else None
        ours = {"id": step.pk, "key": str(step.key), "parent": str(parent) if parent else None}
        rows.append(values | ours)
    return rows


@transaction.atomic
def restore(*, version: CampaignVersion, rows: Sequence[Mapping[str, Any]]) -> None:
    """The draft as it was when `snapshot` was taken. Steps keep their keys and, for whoever has one open, their ids."""
    locked(version.campaign)
    ids = _ids(version, rows)
    version.steps.all().delete()
    made: dict[str | None, Step | None] = {None: None}
    waiting = list(rows)
    while waiting:
        ready = [row for row in waiting if row["parent"] in made]
        if not ready:
            raise NotPossible("This state of the draft cannot be read.")
        for row in ready:
            values = {name: row[name] for name in COPIED}
            made[row["key"]] = Step.objects.create(
                pk=ids[row["key"]], version=version, parent=made[row["parent"]], **values
            )
        waiting = [row for row in waiting if row not in ready]


def _ids(version: CampaignVersion, rows: Sequence[Mapping[str, Any]]) -> dict[str, int | None]:
    """By key: what the step has now, else what it had then, unless that is another version's."""
    now = {str(key): pk for key, pk in version.steps.values_list("key", "pk")}
    then = {row["key"]: row.get("id") for row in rows}
    taken = set(Step.objects.filter(pk__in=filter(None, then.values())).values_list("pk", flat=True))
    return {key: now.get(key) or (None if pk in taken else pk) for key, pk in then.items()}


def locked(campaign: Campaign) -> Campaign:
    """Two editors in the same second take turns."""
    return Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)


def _list(version: CampaignVersion, parent: Step | None, branch: str) -> QuerySet[Step]:
    return version.steps.filter(parent=parent, branch=branch).order_by("position")


def _check_list(version: CampaignVersion, parent: Step | None, branch: str) -> None:
    if parent is None:
        if branch:
            raise NotPossible("Only a step with branches has this list.")
        return
    known = {each.key for each in parent.branches}
    if parent.version_id != version.pk or branch not in known:
        raise NotPossible("That branch is gone. Look at the steps again.")
    _check_depth(parent, 1)


def _check_depth(parent: Step | None, height: int) -> None:
    """Whether so many levels have room below the parent."""
    if _depth(parent) + height > DEEPEST:
        raise NotPossible(f"Branches go at most {DEEPEST} deep.")


def _depth(step: Step | None) -> int:
    depth = 0
    while step is not None:
        depth, step = depth + 1, step.parent
    return depth


def _height(step: Step) -> int:
    return 1 + max((_height(child) for child in step.children.all()), default=0)


def _number(siblings: Sequence[Step]) -> None:
    """Positions in this order. In two passes, because no two may share one even for a moment."""
    moved = [(place, step) for place, step in enumerate(siblings) if step.position != place]
    if moved:
        free = _free(moved[0][1].version)
        for place, step in moved:
            Step.objects.filter(pk=step.pk).update(position=free + place)
        for place, step in moved:
            Step.objects.filter(pk=step.pk).update(position=place)


def _free(version: CampaignVersion) -> int:
    """A position that no list of this version reaches."""
    return 10 * MOST_STEPS + version.steps.count()


def _family(step: Step) -> set[int]:
    """The step and everything in its branches."""
    found, ahead = {step.pk}, [step.pk]
    while ahead:
        ahead = list(Step.objects.filter(parent__in=ahead).values_list("pk", flat=True))
        found |= set(ahead)
    return found


def _copy(step: Step, version: CampaignVersion, parent: Step | None, **changes: Any) -> Step:
    values = {name: getattr(step, name) for name in COPIED} | changes
    return Step.objects.create(version=version, parent=parent, **values)


def _copy_children(source: Step, target: Step, *, fresh_keys: bool) -> None:
    for child in source.children.order_by("branch", "position"):
        changes = {"key": uuid.uuid4()} if fresh_keys else {}
        copy = _copy(child, target.version, target, **changes)
        _copy_children(child, copy, fresh_keys=fresh_keys)
