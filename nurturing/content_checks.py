"""The panel "Before it goes live" of one mail: what forbids it, and what a marketer should look at."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.utils.timesince import timesince

from accounts.models import Organisation
from leads.fields import CUSTOM
from nurturing import content, letters, merging, segments
from nurturing.content import checks
from nurturing.content.checks import Check
from nurturing.content.schema import every
from nurturing.models import LinkCheck, Step
from nurturing.services import links

SAID = 3  # broken links named one by one
MISSING = {
    "first_name": Q(first_name=""),
    "last_name": Q(last_name=""),
    "name": Q(first_name="", last_name=""),
    "email": Q(email=None) | Q(email=""),
    "title": Q(title=""),
    "department": Q(department=""),
    "country": Q(country=""),
    "city": Q(city=""),
    "company": Q(company=None) | Q(company__name=""),
    "industry": Q(company=None) | Q(company__industry=""),
}


def panel(step: Step, html: str) -> dict[str, Any]:
    """`html`: the HTML part as one lead gets it, for its size."""
    known, addresses = letters.askable(), watched(step)
    found = links.found(addresses)
    rows = [
        *(Check("no", problem.text) for problem in content.problems(step, known)),
        _footer(),
        *_missing(step, {key: field.label for key, field in known.items()}),
        *([_links(addresses, found)] if addresses else []),
        *checks.checks(step, len(html.encode())),
    ]
    return {
        "checks": rows,
        "links_waiting": any(row.waiting for row in found.values()),
        "has_links": bool(addresses),
    }


def watched(step: Step) -> list[str]:
    """Every address whose answer matters: links, and pictures that stand elsewhere."""
    sources = [block["src"] for block in every(step.content) if block["kind"] == "image"]
    pictures = [src for src in sources if src.startswith("https://")]
    return list(dict.fromkeys([*content.links(step), *pictures]))


def _footer() -> Check:
    if Organisation.current().postal_address.strip():
        return Check("yes", "Unsubscribe link and postal address")
    return Check("no", "The postal address is missing", "An admin enters it under Organisation.")


def _missing(step: Step, labels: dict[str, str]) -> list[Check]:
    """How many of the segment lack a value, and what they read instead; one query."""
    asked = {
        name: field
        for name, field in checks.used_fields(step).items()
        if name in MISSING or (name in labels and name.startswith(CUSTOM))
    }
    if not asked:
        return []
    members = segments.members(step.version.campaign.segment).order_by()
    counted = {f"n{place}": Count("pk", filter=_lacks(name)) for place, name in enumerate(asked)}
    numbers = members.aggregate(everybody=Count("pk"), **counted)
    rows = [
        _lacking(
            merging.FIELDS.get(name) or labels.get(name, name),
            field,
            numbers[f"n{place}"],
            numbers["everybody"],
        )
        for place, (name, field) in enumerate(asked.items())
    ]
    return [row for row in rows if row] or [Check("yes", "Everybody in the segment has all merge values")]


def _lacks(name: str) -> Q:
    if name in MISSING:
        return MISSING[name]
    key = name.removeprefix(CUSTOM)
    return ~Q(custom__has_key=key) | Q(custom__contains={key: ""}) | Q(custom__contains={key: None})


def _lacking(label: str, field: str, lack: int, everybody: int) -> Check | None:
    if not lack:
        return None
    instead = merging.fill(field, {})
    who = f"{lack:,} of {everybody:,} people {'has' if lack == 1 else 'have'} no {label.lower()}"
    if instead:
        return Check("yes" if lack * 10 < everybody else "warn", who, f"They read “{instead}” instead.")
    return Check("warn", who, "They read nothing in its place. Give it a default.")


def _links(addresses: list[str], found: dict[str, LinkCheck]) -> Check:
    looked = [found[url] for url in addresses if url in found and found[url].checked_at]
    broken = [row for row in looked if not row.answers]
    number = f"{len(addresses)} addresses" if len(addresses) > 1 else "address"
    if broken:
        said = "; ".join(f"{row.url[:80]}: {row.words}" for row in broken[:SAID])
        text = "1 address does not answer" if len(broken) == 1 else f"{len(broken)} addresses do not answer"
        return Check("warn", text, f"{said} {_when(looked)}".strip())
    if len(looked) < len(addresses):
        return Check(
            "warn",
            f"{len(addresses) - len(looked)} of {len(addresses)} addresses not checked yet",
            _when(looked),
        )
    doubtful = [row for row in looked if "Look at it" in row.words]
    if doubtful:
        return Check("warn", f"{doubtful[0].url[:80]}: {doubtful[0].words}", _when(looked))
    return Check(
        "yes", f"All {number} answer" if len(addresses) > 1 else f"The {number} answers", _when(looked)
    )


def _when(looked: list[LinkCheck]) -> str:
    """The oldest look says how far the others may be trusted."""
    moments = [row.checked_at for row in looked if row.checked_at]
    return f"Checked {timesince(min(moments), depth=1)} ago." if moments else ""
