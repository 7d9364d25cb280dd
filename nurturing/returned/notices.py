"""Amazon's notices about a mail, sent as a mail: JSON in the text."""

import json
from typing import Any

from nurturing.returned.verdicts import COMPLAINT, NONE, Finding, judged


def findings_of_notice(words: str) -> list[Finding] | None:
    """None when the text is no such notice."""
    data = _object(words)
    if isinstance(data.get("Message"), str):
        data = _object(data["Message"])
    match data.get("notificationType"):
        case "Bounce":
            return [_bounced(person) for person in _people(data, "bounce", "bouncedRecipients")]
        case "Complaint":
            people = _people(data, "complaint", "complainedRecipients")
            return [Finding(COMPLAINT, str(person.get("emailAddress") or "")) for person in people]
        case "Delivery":
            return [Finding(NONE, action="delivered")]
    return None


def _bounced(person: dict[str, Any]) -> Finding:
    return judged(
        recipient=str(person.get("emailAddress") or ""),
        action=str(person.get("action") or ""),
        status=str(person.get("status") or ""),
        said=str(person.get("diagnosticCode") or ""),
    )


def _people(data: dict[str, Any], event: str, name: str) -> list[dict[str, Any]]:
    told = data.get(event)
    people = told.get(name) if isinstance(told, dict) else None
    return [person for person in people if isinstance(person, dict)] if isinstance(people, list) else []


def _object(text: str) -> dict[str, Any]:
    if not text.lstrip().startswith("{"):
        return {}
    try:
        data, _ = json.JSONDecoder(strict=False).raw_decode(text.lstrip())
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) else {}
