"""A split: each lead goes one way, always the same one; all go the winner's way once there is one."""

from __future__ import annotations

from nurturing import arms
from nurturing.models import Enrolment
from nurturing.services.contests import winner_of
from nurturing.services.steps.moving import Batch, go_on


def split(batch: Batch) -> None:
    shares = [(arm["key"], arm["weight"]) for arm in batch.step.settings["arms"]]
    winner = winner_of(batch.step) if batch.step.settings.get("winner") else ""
    if winner in dict(shares):
        shares = [(winner, 1)]
    ways: dict[str, list[int]] = {}
    for pk, lead in Enrolment.objects.filter(pk__in=batch.ids).values_list("pk", "lead"):
        ways.setdefault(arms.arm_of(str(batch.step.key), lead, shares), []).append(pk)
    for key, ids in ways.items():
        go_on(batch, ids, key)
