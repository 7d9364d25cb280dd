"""What this floor holds on a person. See leads.holdings; leads, activities and files have steps of their own."""

from leads.holdings import Holding

HOLDINGS = (
    Holding("leads.Identity", "names for machines"),
    Holding("leads.Suppression", "reasons not to mail", addresses=("address",)),
    Holding("leads.Consent", "entries of consent", addresses=("address",)),
    Holding("leads.Confirmation", "requests to confirm by mail", addresses=("address",)),
    Holding("leads.Hit", "hits on links, pictures and pages", addresses=("recipient",)),
    Holding("leads.Submission", "forms as they were sent", addresses=("taken__email",), values=("raw",)),
    Holding("leads.Disqualification", "disqualification"),
    Holding("leads.StageChange", "changes of stage", blank={"reason": ""}),
    Holding("leads.ReEntry", "planned returns into campaigns"),
    Holding("leads.LeadOutcome", "known outcome", blank={"source": ""}),
    Holding(
        "leads.OutreachTask", "tasks", blank={"title": "Erased", "text": "", "note": "", "source": "Erased"}
    ),
    Holding("leads.LeadMerge", "merges", path="winner"),
    Holding("leads.Pulse", "last activity"),
    Holding("leads.Touch", "notes to score again", path="lead_id"),
    Holding("leads.PersonRequest", "requests about this person", path="lead_id", blank={}),
)
ANONYMOUS = {
    "leads.Lead": "blanked by the erasure itself",
    "leads.Activity": "made anonymous by the erasure itself",
}
