"""What the lead page shows of a lead: each value with its source and age, and the way it went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from accounts.models import User
from leads.forms import GROUPS, LABELS
from leads.merging import COMPANY
from leads.models import Company, CustomField, Lead, Seniority, no_value

SOURCES = {
    "typed": ("user", "Typed by"),
    "form": ("file-input", "Form"),
    "api": ("webhook", "API"),
    "import": ("file-up", "Import"),
    "enriched": ("sparkles", "Enrichment"),
}
WAY = (Lead.Stage.LEAD, Lead.Stage.MQL, Lead.Stage.SQL, Lead.Stage.OPPORTUNITY, Lead.Stage.CUSTOMER)


@dataclass(frozen=True)
class Row:
    label: str
    value: str  # blank when not known
    icon: str = ""
    source: str = ""
    at: datetime | None = None


def detail_rows(lead: Lead) -> list[Row]:
    """Every field, known or not, then the company's own fields that this lead has."""
    names = _names(lead)
    keys = [key for _, group in GROUPS for key in group]
    rows = [_row(LABELS.get(key, key), _value(lead, key), _entry(lead, key), names) for key in keys]
    own = {field.key: field for field in CustomField.objects.filter(key__in=lead.custom)}
    for key, value in sorted(lead.custom.items()):
        label = own[key].label if key in own else key
        rows.append(_row(label, value, lead.provenance.get(f"custom.{key}"), names))
    return rows


def company_rows(company: Company) -> list[Row]:
    names = _typists([company.provenance])
    return [
        _row(LABELS.get(key, key), getattr(company, name), company.provenance.get(key), names)
        for key, name in COMPANY.items()
    ]


def _value(lead: Lead, key: str) -> Any:
    if key in COMPANY:
        return getattr(lead.company, COMPANY[key]) if lead.company else None
    value = getattr(lead, key)
    return Seniority(value).label if key == "seniority" and value in Seniority.values else value


def _entry(lead: Lead, key: str) -> dict[str, Any] | None:
    if key in COMPANY and lead.company:
        return lead.company.provenance.get(key) or (
            lead.provenance.get("company") if key == "company" else None
        )
    return lead.provenance.get(key)


def _row(label: str, value: Any, entry: dict[str, Any] | None, names: dict[int, str]) -> Row:
    shown = _shown(value)
    if not shown or not entry:
        return Row(label, shown)
    icon, words = SOURCES.get(entry["source"], ("info", entry["source"]))
    if entry["source"] == "typed":
        words = f"Typed by {names.get(entry.get('by', 0), 'a colleague')}"
    return Row(label, shown, icon, words, datetime.fromisoformat(entry["at"]))


def _shown(value: Any) -> str:
    if no_value(value):
        return ""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def _names(lead: Lead) -> dict[int, str]:
    return _typists([lead.provenance, lead.company.provenance if lead.company else {}])


def _typists(provenances: list[dict[str, Any]]) -> dict[int, str]:
    ids = {
        entry.get("by") for entries in provenances for entry in entries.values() if entry["source"] == "typed"
    }
    return {user.pk: str(user) for user in User.objects.filter(pk__in=ids - {None})}


def steps(lead: Lead) -> list[dict[str, Any]]:
    """The way from lead to customer with the day of each stage; a detour is its own pill on the page."""
    reached = {Lead.Stage.LEAD.value: lead.created_at}
    for stage, at in lead.stage_changes.order_by("at").values_list("stage", "at"):
        reached[stage] = at
    here = lead.stage if lead.stage in WAY else ""
    place = WAY.index(Lead.Stage(here)) if here else -1
    return [
        {
            "label": stage.label,
            "at": reached.get(stage) if number <= place or place < 0 else None,
            "state": "now" if number == place else "done" if number < place else "",
        }
        for number, stage in enumerate(WAY)
    ]
