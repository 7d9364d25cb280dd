"""The predictive score on pages. `predicted` asks for one lead's advice; the rest only formats."""

from datetime import date
from typing import Any

from django import template

from leads.models import Lead
from scoring.models import Prediction, PredictionRun
from scoring.models.prediction import DECIDED

register = template.Library()
SOME, MUCH = 0.1, 0.25


@register.inclusion_tag("scoring/_predicted.html")
def predicted(lead: Lead) -> dict[str, Any]:
    """Nothing for a lead that is decided, and nothing before something was learnt."""
    if lead.stage in DECIDED:
        return {"prediction": None}
    found = Prediction.objects.filter(lead=lead).select_related("model").defer("model__metrics").first()
    if found is None:
        return {"prediction": None}
    run = PredictionRun.objects.filter(model=found.model_id, finished_at__isnull=False).last()
    terms = found.model.reasons(found.reasons)
    return {
        "prediction": found,
        "for_it": [term for term in terms if term.weight > 0],
        "against": [term for term in terms if term.weight < 0],
        "usual": found.model.positives / found.model.rows,
        "told_at": run.finished_at if run else None,
    }


@register.simple_tag
def share(value: float | None, places: int = 0) -> str:
    return "not known" if value is None else f"{100 * value:.{places}f}%"


@register.simple_tag
def drift(index: float | None) -> str:
    if index is None:
        return "after the next pass"
    words = "much" if index > MUCH else "some" if index > SOME else "little"
    return f"{words} ({index:.2f})"


@register.simple_tag
def day(text: str) -> str:
    found = date.fromisoformat(text)
    return f"{found.day} {found:%b %Y}"
