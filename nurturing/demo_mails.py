"""Mails of the demo company with every kind of block."""

from __future__ import annotations

from typing import Any

from nurturing.content.schema import Content, part
from nurturing.content.schema import new as empty

SITE = "https://quillstone.example"


def shift_cost() -> Content:
    """The first mail of the campaign that runs; who is in energy or care reads a part of their own."""
    hello = 'Hello {{ first_name | default: "there" }},\n\nmost overtime starts in three places: late swaps, unplanned '
    hello += "sickness, and rotas built by copying last month. We put **numbers** on each."
    return [
        _block(1, "heading", text="Where your overtime comes from"),
        _block(2, "text", text=hello),
        _block(3, "personal", field="industry", parts=[_for_energy(), _for_everybody()]),
        _block(8, "button", text="Get the sheet", link=f"{SITE}/guide"),
        _block(9, "divider"),
        _block(
            10,
            "columns",
            parts=[_column(11, "Ten minutes", "fill the sheet in"), _column(13, "No form", "take it")],
        ),
        _block(15, "conditional", conditions=[HIGH_SCORE], parts=[_inside(_block(16, "text", text=CALL))]),
        _block(17, "text", text="Dana"),
    ]


HIGH_SCORE = {"field": "score", "op": "at_least", "value": 50}
CALL = (
    f"You have looked at this closely. [Twenty minutes with your own numbers]({SITE}/demo) may be worth more."
)


def _for_energy() -> dict[str, Any]:
    text = "In plants that run day and night, late swaps cost most: about every ninth shift."
    return _inside(_block(4, "text", text=text), values=["Energy", "Utilities"])


def _for_everybody() -> dict[str, Any]:
    text = 'At {{ company | default: "companies like yours" }}, copied rotas are the usual suspect.'
    return _inside(_block(5, "text", text=text))


def _column(number: int, heading: str, words: str) -> dict[str, Any]:
    return _inside(_block(number, "heading", text=heading), _block(number + 1, "text", text=f"To {words}."))


def _inside(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {**part(**more), "blocks": list(blocks)}


def _block(number: int, kind: str, **values: Any) -> dict[str, Any]:
    return {**empty(kind, f"b{number}"), **values}
