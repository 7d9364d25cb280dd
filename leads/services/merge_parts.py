"""What this floor keeps about a lead, at a merge: names, suppressions, tasks, a known outcome."""

from __future__ import annotations

from typing import Any

from leads.joining import Line
from leads.models import (
    Activity,
    Confirmation,
    Consent,
    Identity,
    Lead,
    LeadOutcome,
    OutreachTask,
    Pulse,
    Suppression,
)

MOVING: dict[str, Any] = {
    "identities": Identity,
    "suppressions": Suppression,
    "tasks": OutreachTask,
    "confirmations": Confirmation,
}


def move(winner: Lead, loser: Lead) -> dict[str, Any]:
    noted: dict[str, Any] = {}
    for name, model in MOVING.items():
        rows = model.objects.filter(lead=loser)
        pks = sorted(rows.values_list("pk", flat=True))
        if pks:
            rows.update(lead=winner)
            noted[name] = pks
    if not LeadOutcome.objects.filter(lead=winner).exists():
        for outcome in LeadOutcome.objects.filter(lead=loser):
            noted["outcome"] = outcome.pk
            LeadOutcome.objects.filter(pk=outcome.pk).update(lead=winner)
    Pulse.objects.filter(lead=loser).delete()
    return noted


def give_back(kept_by: Lead, loser: Lead, noted: dict[str, Any]) -> None:
    for name, model in MOVING.items():
        model.objects.filter(pk__in=noted.get(name, []), lead=kept_by).update(lead=loser)
    LeadOutcome.objects.filter(pk=noted.get("outcome", 0), lead=kept_by).update(lead=loser)


def lines(winner: Lead, loser: Lead) -> list[Line]:
    counted = [
        (Activity.objects.filter(lead=loser).count(), "activity", "activities"),
        (Identity.objects.filter(lead=loser).count(), "name for machines", "names for machines"),
        (Consent.objects.filter(lead=loser).count(), "entry of consent", "entries of consent"),
        (OutreachTask.objects.filter(lead=loser).count(), "task", "tasks"),
    ]
    found = [
        Line(f"{number:,} {one} moves over." if number == 1 else f"{number:,} {many} move over.")
        for number, one, many in counted
        if number
    ]
    return found + _stricter(winner, loser)


def _stricter(winner: Lead, loser: Lead) -> list[Line]:
    """Whoever of the two must not be mailed decides for both."""
    blocked = Suppression.objects.filter(lead__in=[winner, loser]).exists()
    refused = Consent.objects.filter(lead__in=[winner, loser], state="withdrawn").exists()
    found = [Line("One of them must not be mailed, so the merged lead is not mailed either.")] * blocked
    return found + [Line("What one of them refused counts for the merged lead.")] * refused
