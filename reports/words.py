"""What each number means, for the reader: shown on hover and focus, printed under exports. Pure."""

UNIT_WORDS = {
    "first": (
        "MQLs",
        "Each lead the first time it became an MQL. Leads that came back are not in it.",
    ),
    "again": (
        "MQLs that came back",
        "Each further time a lead became an MQL after it had been rejected, recycled or lost.",
    ),
    "people": (
        "people",
        "Each person once, in the month of their first MQL, however often they came back; what happened any time "
        "since their first MQL counts.",
    ),
}
STAGE_WORDS = {
    "arrived": ("Leads", "People who arrived in these months; who was merged with somebody counts once."),
    "mql": ("MQL", "Reached the agreed line: the instant is when the qualification began."),
    "handed": ("Handed off", "Offered to a rep for the first time."),
    "accepted": ("Accepted", "A rep said yes, or silence counted as a yes where that was agreed."),
    "sql": (
        "SQL",
        "Accepted, and what the organisation asks to know is known. A deal counts as well: it is past that.",
    ),
    "opp": ("Opportunity", "A deal was opened."),
    "won": ("Customer", "A deal was won. One that was lost and opened again counts as it stands now."),
}
RATE = (
    "Of those that became MQL at least {days} days ago, the share that reached “{goal}” within {days} days. "
    "The range is Wilson’s 95% interval. Under 20 cases no share is shown."
)
ESTIMATE = (
    "An estimate for months that are too young: those already old enough say how it goes on, day by day. "
    "Rejected, disqualified and lost leads count as ends (Aalen and Johansen)."
)
ARRIVED = "Of the people who arrived at least 90 days ago, the share that became MQL within 90 days."
REACHED = "Reached so far, at whatever age."
MATURE = "Old enough to be judged: at least {days} days have passed since they became MQL."


def rate_words(goal: str, days: int) -> str:
    return RATE.format(goal=STAGE_WORDS[goal][0], days=days)
