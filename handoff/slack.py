"""A notification as a message for an incoming webhook, in the shape that Slack defined and others read.

Clock    none; pure
Words    `&`, `<` and `>` are escaped: a lead called <!channel> wakes nobody, and no name can smuggle in a link
"""

from __future__ import annotations

from typing import Any

LONGEST = 2_900  # characters of a section; the format ends at 3,000


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def message(*, heading: str, text: str, url: str) -> dict[str, Any]:
    """`text` stands alone where blocks are not shown, such as on a phone's lock screen."""
    words = escaped(" ".join(text.split()))[:LONGEST]
    section = f"*{escaped(heading)}*\n{words}"
    return {
        "text": f"{escaped(heading)}: {words}",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": section}},
            {"type": "context", "elements": [{"type": "mrkdwn", "text": f"<{url}|Open in Tandem>"}]},
        ],
    }
