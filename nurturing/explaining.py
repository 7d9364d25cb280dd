"""A step in words: who gets to it, what holds there, and what came of it."""

from __future__ import annotations

from typing import Any, NamedTuple

from nurturing.blocks import Page
from nurturing.step_numbers import StepNumbers
from scoring.shares import Share

ALWAYS = (
    "Before it, Tandem asks whether the campaign runs, whether the goal is reached, whether sales works the lead, and "
    "whether the lead may be mailed. Whoever may not go on leaves the campaign."
)
OF_KIND = {
    "email": (
        "Nobody gets this mail twice in one run, not even when they are moved to another version.",
        "All of that is asked again in the moment before it is handed to the mail server.",
        "People wait here until the mail is out.",
    ),
    "wait": ("The wait begins when the step before it is done.", "An hour of the day is the lead's own."),
    "webinar": (
        "A mail like any other, with a calendar file of the next date.",
        "Signing up and attending come back as activities; wait for them with “Wait until”.",
    ),
    "task": ("Whoever owns the lead finds it in the inbox.", "Asked for once in a run."),
    "audience": ("Who may be shown ads is asked again when a file is made.",),
    "webhook": (
        "One signed call a run, tried again for three days.",
        "The lead does not wait for the answer.",
    ),
    "event": (
        "What counts is what the lead does after getting here.",
        "Mail scanners and picture proxies are set aside.",
    ),
    "condition": ("Asked once. What happened counts since the lead entered the campaign.",),
    "split": ("The same lead always goes the same way, in every version.",),
    "field": ("What a person typed stays. The lead's history names this campaign.",),
    "points": ("Given at most once to a lead, also when it goes through the campaign again.",),
    "handoff": ("No lead comes back unchanged: it must have done something since its last sales cycle.",),
    "start": ("Whoever was in that campaign before is left out.",),
}


class Figure(NamedTuple):
    words: str
    number: int
    share: Share | None = None

    @property
    def share_words(self) -> str:
        """ "18.9% of 604, between 16% and 22%"; few cases give no share."""
        if self.share is None or not self.share.whole:
            return ""
        if not self.share.sure:
            return f"of {self.share.whole}, too few for a share"
        low, high = self.share.interval
        value = self.share.part / self.share.whole
        return f"{value:.1%} of {self.share.whole:,}, between {low:.0%} and {high:.0%}"


def rules_of(step: Any, page: Page) -> list[str]:
    path = [f"step {page.lines[parent.pk].number} says “{words}”" for parent, words in page.path(step)]
    reached = f"Reached when {', and '.join(path)}." if path else "Everybody in the campaign gets here."
    return [reached, *OF_KIND.get(step.kind, ()), ALWAYS]


def figures_of(step: Any, page: Page) -> list[Figure]:
    """Counts with their base, for the inspector."""
    numbers = page.numbers_of(step)
    found = [Figure("Wait here now", numbers.waiting)]
    if step.is_mail:
        found += [
            Figure("Sent", numbers.sent),
            Figure("Opened by a person", numbers.opened, Share(numbers.opened, numbers.sent)),
            Figure("Clicked by a person", numbers.clicked, Share(numbers.clicked, numbers.sent)),
        ]
    return found + _ways(step, numbers)


def _ways(step: Any, numbers: StepNumbers) -> list[Figure]:
    if not numbers.passed:
        return []
    words = {branch.key: branch.words for branch in step.branches} | {
        "done": "Went on",
        "skipped": "Went on without it",
        "left": "Left the campaign here",
    }
    return [
        Figure(words.get(key, key), people, Share(people, numbers.passed))
        for key, people in sorted(numbers.ways.items(), key=lambda way: -way[1])
    ]
