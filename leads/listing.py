"""The lead list: what the filters mean, how it is sorted, and the words for both."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet

from accounts.models import User
from leads.forms import MINE, NOBODY, LeadFilters
from leads.keyset import Order
from leads.models import Company, Lead

ORDERS = {
    order.key: order
    for order in (
        Order("active", "Last active", ("pulse__last_active_at", "pulse__lead_id"), "pulse"),
        Order("score", "Score", ("score__total", "score__lead_id"), "score"),
        Order("created", "Created", ("created_at", "pk")),
        Order("name", "Name", ("last_name", "first_name", "pk"), descending=False),
    )
}


def order_of(text: str) -> Order:
    """`score` in its usual direction, `-score` in the other; anything else sorts by last activity."""
    order = ORDERS.get(text.removeprefix("-"), ORDERS["active"])
    if not text.startswith("-"):
        return order
    return Order(order.key, order.label, order.columns, order.relation, not order.descending)


def filtered(leads: QuerySet, chosen: dict[str, Any], user: User) -> Any:
    """`chosen` by the names of LeadFilters."""
    conditions: dict[str, dict[str, Any]] = {
        "stage": {"stage": chosen.get("stage")},
        "source": {"source": chosen.get("source")},
        "country": {"country": chosen.get("country")},
        "company": {"company_id": chosen.get("company")},
        "score": {"score__total__gte": chosen.get("score")},
        "email": {"email__isnull": chosen.get("email") == "no"},
        "suppressed": {"suppressions__isnull": chosen.get("suppressed") == "no"},
        "created": {"created_at__gte": _midnight(chosen.get("created"))},
        "active": {"pulse__last_active_at__gte": _midnight(chosen.get("active"))},
        "owner": _owner(chosen.get("owner"), user),
    }
    for name, condition in conditions.items():
        if name in chosen:
            leads = leads.filter(**condition)
    return leads.matching(chosen["q"]) if "q" in chosen else leads  # type: ignore[attr-defined]


def _owner(value: str | None, user: User) -> dict[str, Any]:
    if value == NOBODY:
        return {"owner": None}
    return {"owner_id": user.pk if value == MINE else value}


def _midnight(day: Any) -> datetime | None:
    return datetime.combine(day, time.min, UTC) if day else None


def chips(form: LeadFilters, query: dict[str, str]) -> list[dict[str, str]]:
    """The filters that are set: words, and the list's address without each of them."""
    chosen = form.chosen
    return [
        {
            "label": str(form[name].label),
            "value": _words(form, name, value),
            "remove_url": without(query, name),
        }
        for name, value in chosen.items()
        if name != "q"
    ]


def _words(form: LeadFilters, name: str, value: Any) -> str:
    if name == "company":
        return str(Company.objects.filter(pk=value).first() or "not known")
    choices = dict(getattr(form.fields[name], "choices", []))
    return str(choices.get(str(value), value))


def without(query: dict[str, str], *names: str) -> str:
    return "?" + urlencode({key: value for key, value in query.items() if key not in (*names, "cursor")})


def with_(query: dict[str, str], **values: str) -> str:
    kept = {key: value for key, value in query.items() if key not in values and key != "cursor"}
    return "?" + urlencode(kept | {key: value for key, value in values.items() if value})


def columns(query: dict[str, str], order: Order) -> list[dict[str, Any]]:
    """The sortable headings: another click on the same turns it round."""
    usual = ORDERS[order.key].descending == order.descending
    return [
        {
            "key": each.key,
            "label": each.label,
            "url": with_(query, sort=f"-{each.key}" if each.key == order.key and usual else each.key),
            "sort": ("descending" if order.descending else "ascending") if each.key == order.key else "",
        }
        for each in ORDERS.values()
    ]


def shown(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """What a row of the list needs, in the same query."""
    return leads.with_score().select_related("company", "owner", "pulse")  # type: ignore[attr-defined]
