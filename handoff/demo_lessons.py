"""What the demo company learnt: evidence about the leads that wait for an answer, and rules behind this week's noes."""

from __future__ import annotations

import random

from accounts.models import User
from handoff.models import BantEvidence, Handoff, RejectReason
from handoff.services.lessons import remember_score
from handoff.services.qualification import record_evidence
from leads.campaigns import campaign_names

SEED = 6
MOST = 60
SAID = {
    "budget": [("yes", "Approved for this quarter"), ("no", "Nothing this year"), ("partly", "Up to 20,000")],
    "authority": [("yes", "Signs alone"), ("partly", "Signs up to 50,000, finance above that")],
    "need": [("yes", "Overtime on three wards, planned in spreadsheets"), ("partly", "Looks around")],
    "timing": [("yes", "Live by January"), ("no", "Not before summer"), ("unknown", "")],
}


def load() -> str:
    dice = random.Random(SEED)  # noqa: S311  a story needs dice, not secrets
    offers = list(Handoff.objects.open().select_related("lead").order_by("-offered_at")[:MOST])
    for handoff in offers:
        _evidence(handoff, dice)
    noes = Handoff.objects.filter(rejected_at__isnull=False).order_by("-rejected_at")
    for handoff in noes.select_related("lead", "cycle__version")[:MOST]:
        remember_score(handoff)
    _name_a_campaign()
    return f"evidence about {len(offers)} leads"


def _evidence(handoff: Handoff, dice: random.Random) -> None:
    letters = dice.sample(sorted(SAID), dice.randint(0, 3))
    said = {}
    for letter in letters:
        standing, value = dice.choice(SAID[letter])
        source = dice.choice([BantEvidence.Source.CALL, BantEvidence.Source.FORM])
        day = handoff.offered_at.date()
        said[letter] = {"standing": standing, "value": value, "source": source, "said_on": day}
    actor = User.objects.filter(role=User.Role.MARKETER).order_by("pk").first()
    record_evidence(lead=handoff.lead, said=said, actor=actor)


def _name_a_campaign() -> None:
    """Where “no budget” goes, when the demo has a campaign that runs."""
    running = next((row for row in campaign_names().values() if row.running), None)
    if running:
        RejectReason.objects.filter(label="No budget now").update(campaign=running.id, after_days=90)
