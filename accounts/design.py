"""Every component in every state on one page, for eyes, browser tests and axe. Development only."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

PEOPLE = [
    {"pk": 1, "name": "Priya Raman", "sub": "Norrholm Logistics, VP Operations", "total": 93, "band": "A1"},
    {"pk": 2, "name": "Ingrid Solheim", "sub": "Fjellheim Energi, Director", "total": 75, "band": "A2"},
    {"pk": 3, "name": "سارة الأحمد", "sub": "Atlas Keramik, Operations Director", "total": 69, "band": "C1"},
    {"pk": 4, "name": "🦊 Fox 10–49 \"><b>", "sub": "Aldeia Têxteis, COO", "total": 18, "band": "D4"},
]  # fmt: skip
SHARES = [
    {"label": "March", "n": 31, "base": 182, "low": 12.3, "share": 17.0, "high": 23.2, "mature": True},
    {"label": "April", "n": 29, "base": 190, "low": 10.8, "share": 15.3, "high": 21.1, "mature": True},
    {"label": "May", "n": 30, "base": 176, "low": 12.2, "share": 17.0, "high": 23.3, "mature": True},
    {"label": "October", "n": 22, "base": 214, "low": 6.9, "share": 10.3, "high": 15.1, "mature": False},
]


class SampleForm(forms.Form):
    company = forms.CharField(help_text="As on the invoice", initial="Fjellheim Energi")
    email = forms.EmailField()
    owner = forms.ChoiceField(choices=[("dana", "Dana Cole"), ("leo", "Leo Grahn")], required=False)
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 2}), required=False)
    how_often = forms.ChoiceField(
        choices=[("all", "As it comes"), ("month", "Once a month")], widget=forms.RadioSelect, initial="all"
    )
    consent = forms.BooleanField(label="Only with consent", required=False)


@require_GET
def components(request: HttpRequest) -> HttpResponse:
    """`?toast=1` shows what a message of the server looks like, `?outage=1` a part that is down."""
    if request.GET.get("toast"):
        messages.success(request, "318 leads imported.")
    return render(request, "design/components.html", _samples() | _outage(request))


def _outage(request: HttpRequest) -> dict[str, list[str]]:
    sentence = "The mail server cannot be reached. Mails wait in the queue and go out when it is back."
    return {"outage": [sentence] if request.GET.get("outage") else []}


def _samples() -> dict[str, Any]:
    now = timezone.now()
    broken = SampleForm({"company": "Fjellheim Energi", "email": "i.solheim@", "how_often": "never"})
    return {
        "people": [person | {"clock": clock} for person, clock in zip(PEOPLE, _clocks(now), strict=False)],
        "clocks": _clocks(now),
        "moments": [now - timedelta(minutes=age) for age in (0, 18, 200, 1500, 6000, 600_000)],
        "form": SampleForm(),
        "broken": broken,
        "shares": _chart(),
        "tabs": [
            {"url": "#all", "label": "All", "count": 38, "current": True},
            {"url": "#mine", "label": "Mine", "count": 14},
            {"url": "#free", "label": "Unassigned", "count": 0},
        ],
        "chips": [{"label": "Score", "value": "65 or more", "remove_url": "?"}],
        "more": [{"label": "Filter", "url": "?"}],
        "sample_day": datetime(2026, 11, 17, 14, 26, tzinfo=UTC),
    }


def _clocks(now: datetime) -> list[dict[str, Any]]:
    def clock(state: str, words: str, percent: int, minutes: int) -> dict[str, Any]:
        due = now + timedelta(minutes=minutes)
        return {"state": state, "words": words, "percent": percent, "due_at": due, "left": minutes * 60}

    return [
        clock("over", "6 min overdue", 0, -6),
        clock("soon", "12 min left", 30, 12),
        clock("ok", "2 h 05 min left", 68, 125),
        {"state": "paused", "words": "Paused, outside hours", "percent": 40, "due_at": None},
        {"state": "met", "words": "Met in 21 min", "percent": 80, "due_at": now},
        {"state": "missed", "words": "Missed by 40 min", "percent": 0, "due_at": now},
    ]


def _chart() -> list[dict[str, Any]]:
    """Places of the points: 30% is the top at y=49, 0% the foot at y=248, one month every 130 units."""
    return [
        row | {"x": 105 + 130 * at, "xt": 114 + 130 * at} | {k: _y(row[name]) for k, name in AXIS.items()}
        for at, row in enumerate(SHARES)
    ]


AXIS = {"y": "share", "y_low": "low", "y_high": "high", "y_text": "share"}


def _y(share: Any) -> str:
    return f"{248 - float(share) * 6.63:.1f}"
