"""A split: each lead goes one way, always the same one."""

from __future__ import annotations

from nurturing import arms
from nurturing.models import Enrolment
from nurturing.services.steps.moving import Batch, go_on


def split(batch: Batch) -> None:
    shares = [(arm["key"], arm["weight"]) for arm in batch.step.settings["arms"]]
    ways: dict[str, list[int]] = {}
    for pk, lead in Enrolment.objects.filter(pk__in=batch.ids).values_list("pk", "lead"):
        ways.setdefault(arms.arm_of(str(batch.step.key), lead, shares), []).append(pk)
    for key, ids in ways.items():
        go_on(batch, ids, key)
