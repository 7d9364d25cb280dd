"""One run from step to step: when it came to each, what was decided, what it waits for and what may come next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from nurturing import blocks
from nurturing.graph import Graph
from nurturing.models import Enrolment, Message, Visit

WAYS = {
    "done": "Went on",
    "skipped": "Went on without it",
    "left": "Left the campaign here",
    "moved": "Moved to another version here",
}


@dataclass
class Stop:
    """One step of the way. `says` is what came of it, `tone` colours its mark."""

    visit: Visit
    number: int | None
    says: str
    tone: str
    message: Message | None

    @property
    def icon(self) -> str:
        return blocks.icon_of(self.visit.step)


def stops(run: Enrolment) -> list[Stop]:
    """Oldest first. Steps of versions the run was moved out of have no number in this one."""
    numbers = {line.step.pk: line.number for line in _graph(run).lines()}
    mails = {message.step_id: message for message in run.messages.all()}
    visits = run.visits.select_related("step__version").order_by("at", "pk")
    return [
        Stop(
            visit,
            numbers.get(visit.step_id),
            _says(visit, run),
            _tone(visit, run),
            mails.get(visit.step_id),
        )
        for visit in visits
    ]


def next_words(run: Enrolment) -> list[str]:
    """What may follow the step the run stands at, one line a way. Empty once it has ended."""
    if run.ended_at is not None:
        return []
    graph = _graph(run)
    step = graph.steps.get(run.step_id)
    if step is None:
        return ["The end of the campaign."]
    numbers = {line.step.pk: line.number for line in graph.lines()}
    ways = [(f"{way.words}: ", graph.follows(step, way.key)) for way in step.branches]
    return [words + _named(after, numbers) for words, after in ways or [("", graph.after(step))]]


def _graph(run: Enrolment) -> Graph:
    return Graph(run.version.steps.all())


def _named(step: Any, numbers: dict[int, int]) -> str:
    return f"step {numbers[step.pk]}, {step.title}" if step is not None else "the end of the campaign"


def _says(visit: Visit, run: Enrolment) -> str:
    if visit.left_at is None:
        return "Left the campaign here" if run.ended_at else "Is here now"
    branches = {way.key: way.words for way in visit.step.branches}
    return branches.get(visit.outcome) or WAYS.get(visit.outcome, "Went on")


def _tone(visit: Visit, run: Enrolment) -> str:
    if visit.left_at is None:
        return "" if run.ended_at else "info"
    return "warn" if visit.outcome in ("skipped", "left", "moved") else "good"
