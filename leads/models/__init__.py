"""Facts about people, companies and what they did."""

from leads.models.activities import Activity, ActivityShape, MessageKey
from leads.models.confirmations import Confirmation
from leads.models.consents import Consent, Suppression, Topic
from leads.models.decisions import Disqualification, LeadOutcome, ReEntry, StageChange
from leads.models.forms import Asset, CaptureForm, FormVersion, Submission
from leads.models.hits import Hit, HitRule
from leads.models.imports import BadRow, Import
from leads.models.outreach import OutreachTask
from leads.models.people import (
    Company,
    CustomField,
    Identity,
    Lead,
    LeadMerge,
    Pulse,
    Seniority,
    Touch,
)
from leads.models.person_requests import PersonRequest
from leads.models.values import FieldSource, no_value, track_in_bulk

__all__ = [
    "Activity",
    "ActivityShape",
    "Asset",
    "BadRow",
    "CaptureForm",
    "Company",
    "Confirmation",
    "Consent",
    "CustomField",
    "Disqualification",
    "FieldSource",
    "FormVersion",
    "Hit",
    "HitRule",
    "Identity",
    "Import",
    "Lead",
    "LeadMerge",
    "LeadOutcome",
    "MessageKey",
    "OutreachTask",
    "PersonRequest",
    "Pulse",
    "ReEntry",
    "Seniority",
    "StageChange",
    "Submission",
    "Suppression",
    "Topic",
    "Touch",
    "no_value",
    "track_in_bulk",
]
