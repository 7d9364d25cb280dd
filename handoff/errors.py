"""Refusals in words a person can act on. Pages answer them with 409, the API too; nothing was changed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone

if TYPE_CHECKING:
    from handoff.models import Handoff, Holding, Opportunity


def _local(moment: datetime, pattern: str) -> str:
    """In the reader's zone, as the page shows its times; machines are told in UTC, and that it is UTC."""
    here = timezone.localtime(moment)
    return f"{here:{pattern}}" + (" UTC" if timezone.get_current_timezone_name() == "UTC" else "")


class HandoffError(Exception):
    """The message is shown as it is."""


class AlreadyAnswered(HandoffError):
    """Somebody was faster. `handoff` is the row as it stands now; `token` names the machine if nobody owns it."""

    def __init__(self, handoff: Handoff, token: str = "") -> None:
        self.handoff = handoff
        self.who = handoff.answered_by or token
        self.when = handoff.accepted_at or handoff.rejected_at or handoff.withdrawn_at
        name = self.who or ("The silence rule" if handoff.silence else "Somebody")
        moment = f"on {_local(self.when, '%-d %b %Y at %H:%M:%S')}" if self.when else "just now"
        answer = "took it away" if handoff.withdrawn_at else f"{handoff.answer or 'closed'} it"
        super().__init__(f"This lead has already been answered: {name} {answer} {moment}.")


class NotWaiting(HandoffError):
    """The cycle is closed, is with a rep already, or an answer to it is still settling."""


class CannotTake(HandoffError):
    """The chosen person is no active rep."""


class NobodyToRoute(HandoffError):
    """Nobody can take the lead now."""


class Held(NobodyToRoute):
    """The lead waits in the holding queue; that has been saved. `holding` is the row."""

    def __init__(self, holding: Holding) -> None:
        self.holding = holding
        when = f" That may be {_local(holding.next_at, '%a %-d %b at %H:%M')}." if holding.next_at else ""
        name = holding.cycle.lead.name
        super().__init__(f"{name} is held: {holding.because} It goes to the first rep who can.{when}")


class NoteRequired(HandoffError):
    """The reason explains nothing without a note."""


class TooLateToUndo(HandoffError):
    """The answer has taken effect, or was never this person's to undo."""


class NotBeingWorked(HandoffError):
    """A touch belongs to a lead that was accepted and is still open."""


class DealExists(HandoffError):
    """This handoff became a deal already. `opportunity` is that one."""

    def __init__(self, opportunity: Opportunity) -> None:
        self.opportunity = opportunity
        who = opportunity.opened_by or "Somebody"
        moment = _local(opportunity.opened_at, "%-d %b %Y at %H:%M")
        super().__init__(f"{who} opened this deal on {moment}. No second one was made.")


class DealChanged(HandoffError):
    """Somebody changed the deal since the page was drawn. `opportunity` is the row as it stands now."""

    def __init__(self, opportunity: Opportunity) -> None:
        self.opportunity = opportunity
        who = opportunity.changed_by or "Somebody"
        super().__init__(
            f"{who} changed this deal meanwhile; it is in “{opportunity.stage}” now. Your change was not saved."
        )


class CannotMoveDeal(HandoffError):
    """The deal is closed, or open, and the wish does not fit; the words say which."""


class CannotPause(HandoffError):
    """The clock does not run, is overdue, or is paused already."""


class CannotResume(HandoffError):
    """The clock is not paused."""


class CannotSnooze(HandoffError):
    """The promise would be broken while nobody looks, or the time lies in the past."""


class FeedbackGiven(HandoffError):
    """Feedback is given once, and changed only by its author while it is young."""


class CannotPutInForce(HandoffError):
    """A form without a rating to average, or one that is no draft."""
