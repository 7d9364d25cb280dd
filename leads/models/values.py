"""How the values of models are kept and told apart."""

from __future__ import annotations

from typing import Any

import pghistory
import pgtrigger
from django.db import models


class FieldSource(models.TextChoices):
    """Where a value came from. Machines never overwrite what a person typed."""

    TYPED = "typed", "Typed by a colleague"
    FORM = "form", "Form"
    API = "api", "API"
    IMPORT = "import", "Import"
    ENRICHED = "enriched", "Enrichment"
    CAMPAIGN = "campaign", "Campaign"


def track_in_bulk(model: type[models.Model]) -> type[models.Model]:
    """History by statement. A trigger per row asks for the context each time: 20,000 new leads took half a minute."""
    events = (pghistory.InsertEvent, pghistory.UpdateEvent, pghistory.DeleteEvent)
    return pghistory.track(*(event(level=pgtrigger.Statement) for event in events))(model)


def no_value(value: Any) -> bool:
    """Blank means nobody answered; 0 and False are answers."""
    return value is None or value == "" or value == []
