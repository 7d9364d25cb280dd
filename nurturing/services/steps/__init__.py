"""What each kind of step does with a batch of runs. Called by services.advancing, in its transaction."""

from collections.abc import Callable

from nurturing.services.steps import (
    advertising,
    asking,
    changing,
    mailing,
    outreach,
    splitting,
    telling,
    waiting,
)
from nurturing.services.steps.moving import Batch

DOERS: dict[str, Callable[[Batch], None]] = {
    "email": mailing.mail,
    "webinar": mailing.invite,
    "wait": waiting.wait,
    "event": waiting.wait_for_event,
    "condition": asking.ask,
    "split": splitting.split,
    "field": changing.change_field,
    "points": changing.give_points,
    "handoff": changing.hand_off,
    "start": changing.start,
    "exit": changing.leave_here,
    "task": outreach.ask,
    "audience": advertising.change_audience,
    "webhook": telling.tell,
}
