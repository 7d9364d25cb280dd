"""Conditions and splits."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from itertools import count
from string import ascii_lowercase
from typing import Any

from django import forms

from nurturing import segments
from nurturing.kinds import JUDGED, MOST_ARMS
from nurturing.kinds.inside import winner_problems
from nurturing.step_forms.base import StepForm, choosing
from nurturing.step_forms.deeds import DeedForm
from nurturing.step_forms.rows import Rows, about_leads

ASKS = [
    ("mail", "Whether a mail was answered"),
    ("activity", "Whether something happened"),
    ("segment", "Whether the lead is in a segment"),
    ("conditions", "What is known about the lead"),
]


class ConditionForm(DeedForm):
    template = "nurturing/steps/_condition.html"
    note = "Asked once, when somebody gets here. What happened counts since they entered the campaign."

    segment = forms.ChoiceField(label="Which segment", required=False)

    def prepare(self, settings: Mapping[str, Any]) -> None:
        super().prepare(settings)
        asked = self.asked_of(settings)
        self.fields["what"].label, self.fields["what"].choices = "Ask", ASKS  # type: ignore[attr-defined]
        self.fields["segment"].choices = choosing("Choose a segment", self.around.segments)  # type: ignore[attr-defined]
        self.known = segments.registry()
        data = self.data if self.is_bound else None
        self.about = Rows("ask", data, asked.get("conditions") or [], about_leads(self.known))

    def showing(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return super().showing(settings) | {"segment": self.asked_of(settings).get("segment")}

    @staticmethod
    def asked_of(settings: Mapping[str, Any]) -> Mapping[str, Any]:
        return settings.get("ask") or {}

    def clean(self) -> dict[str, Any]:
        self._ask = self._asked(self.cleaned_data.get("what"))
        return self.cleaned_data

    @property
    def settings(self) -> dict[str, Any]:
        return {"ask": self._ask}

    def _asked(self, what: str | None) -> dict[str, Any]:
        if what == "segment":
            chosen = self.need("segment", "Choose a segment.")
            return {"segment": int(chosen)} if chosen else {}
        if what != "conditions":
            return self.deed()
        found = self.about.values()
        if self.about.wrong:
            self.add_error(None, "A condition cannot be understood.")
        elif not found:
            self.add_error(None, "Give at least one condition.")
        return {"conditions": found}


class SplitForm(StepForm):
    template = "nurturing/steps/_split.html"
    note = "The same lead always goes the same way. A way left blank is not there."

    def prepare(self, settings: Mapping[str, Any]) -> None:
        arms = list(settings.get("arms") or [])
        for place in range(MOST_ARMS):
            arm = arms[place] if place < len(arms) else {}
            self.fields[f"words_{place}"] = forms.CharField(
                label=f"Name of way {place + 1}", max_length=40, required=False, initial=arm.get("words")
            )
            self.fields[f"share_{place}"] = forms.IntegerField(
                label=f"Share of way {place + 1}, in per cent",
                min_value=0,
                max_value=100,
                required=False,
                initial=arm.get("weight"),
            )
        self._keys = [str(arm.get("key")) for arm in arms]
        rule = settings.get("winner") or {}
        choices = [("", "Keep the shares"), *JUDGED.items()]
        self.fields["winner_by"] = forms.ChoiceField(
            label="The better way wins by", choices=choices, required=False, initial=rule.get("by")
        )
        self.fields["winner_after"] = forms.IntegerField(
            label="People in each way", required=False, initial=rule.get("after", 200)
        )
        self.fields["winner_days"] = forms.IntegerField(
            label="and what they did within days", required=False, initial=rule.get("days", 7)
        )

    def pairs(self) -> list[tuple[Any, Any]]:
        return [(self[f"words_{n}"], self[f"share_{n}"]) for n in range(MOST_ARMS)]

    def clean(self) -> dict[str, Any]:
        arms = self._arms()
        if len(arms) < 2:
            self.add_error(None, f"A split has two to {MOST_ARMS} ways.")
        elif not self.errors and sum(arm["weight"] for arm in arms) != 100:
            total = sum(arm["weight"] for arm in arms)
            self.add_error(None, f"The shares add up to {total}%. They must add up to 100%.")
        for problem in winner_problems(self._winner()):
            self.add_error("winner_by", problem)
        return self.cleaned_data

    @property
    def settings(self) -> dict[str, Any]:
        winner = self._winner()
        return {"arms": self._arms()} | ({"winner": winner} if winner else {})

    def _winner(self) -> dict[str, Any]:
        values = self.cleaned_data
        if not values.get("winner_by"):
            return {}
        return {
            "by": values["winner_by"],
            "after": values.get("winner_after"),
            "days": values.get("winner_days"),
        }

    def _arms(self) -> list[dict[str, Any]]:
        """Ways keep their keys, so that their steps and their people stay theirs. A new way never gets the key of one
        that is gone, whose people would count as its own."""
        found, free = [], _unused({*self._keys, *self.around.arms_ever})
        for place in range(MOST_ARMS):
            words = (self.cleaned_data.get(f"words_{place}") or "").strip()
            share = self.cleaned_data.get(f"share_{place}")
            if words or share is not None:
                key = self._keys[place] if place < len(self._keys) else next(free)
                found.append({"key": key, "words": words or key.upper(), "weight": share or 0})
        return found


def _unused(taken: Container[str]) -> Iterator[str]:
    """a, b, … z, a2, b2, …"""
    every = (f"{letter}{n if n > 1 else ''}" for n in count(1) for letter in ascii_lowercase)
    return (key for key in every if key not in taken)
