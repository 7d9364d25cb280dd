"""What this app holds on a person; see leads.holdings."""

from leads.holdings import Holding

HOLDINGS = (
    Holding("handoff.BantEvidence", "budget, authority, need and timing"),
    Holding("handoff.Notification", "notifications to colleagues"),
    Holding("handoff.Delivery", "notifications sent", path="notification__lead"),
    Holding("handoff.Handoff", "hand-offs", blank={"note": "", "routed_because": "", "answer_note": ""}),
    Holding("handoff.SlaClock", "promises of sales", path="cycle__lead", blank={}),
    Holding("handoff.ClockPause", "pauses of promises", path="clock__cycle__lead", blank={"note": ""}),
    Holding("handoff.ClockMove", "moves of promises", path="clock__cycle__lead", blank={}),
    Holding(
        "handoff.Holding", "waits for a rep", path="cycle__lead", blank={"note": "", "because": "Erased"}
    ),
    Holding(
        "handoff.RoutingDecision",
        "reasons of routing",
        path="cycle__lead",
        blank={"because": "", "steps": [], "candidates": []},
    ),
    Holding("handoff.ScoredBy", "rules that counted", path="handoff__lead", blank={}),
    Holding("handoff.Repair", "repairs of hand-offs", path="handoff__lead", blank={}),
    Holding("handoff.FeedbackRequest", "feedback of reps", path="handoff__lead", blank={}),
    Holding(
        "handoff.FeedbackAnswer",
        "answers of reps",
        path="request__handoff__lead",
        blank={"value": "Erased"},
        only={"question__kind": "text"},
    ),
    Holding("handoff.Opportunity", "deals", blank={"name": "Erased", "close_note": ""}),
    Holding("handoff.StageStep", "steps of deals", path="opportunity__lead", blank={"note": ""}),
)
ANONYMOUS: dict[str, str] = {}
