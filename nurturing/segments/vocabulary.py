"""The fields a segment may ask about, and in which ways."""

from __future__ import annotations

import re
from typing import Any

from leads import fields
from leads.models import Lead, Suppression
from nurturing.segments.language import BadDefinition

TEXT_OPS = ("is", "is_not", "in", "not_in", "contains_word", "starts_with", "known", "unknown")
NUMBER_OPS = ("is", "at_least", "at_most", "between", "known", "unknown")
CHOICE_OPS = ("is", "is_not", "in", "not_in", "known", "unknown")
OPS = {
    "text": TEXT_OPS,
    "choice": CHOICE_OPS,
    "list": TEXT_OPS,
    "number": NUMBER_OPS,
    "boolean": ("is", "known", "unknown"),
    "date": ("is", "known", "unknown"),
}
OP_WORDS = {
    "is": "is",
    "is_not": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "contains_word": "contains the word",
    "starts_with": "starts with",
    "at_least": "is at least",
    "at_most": "is at most",
    "between": "is between",
    "known": "is known",
    "unknown": "is not known",
}
LISTS = ("in", "not_in", "contains_word", "starts_with")
OWN = {  # of this floor and the one below; everything else stands in leads.fields
    "score": fields.Field("score", "Score", "number", "score"),
    "fit": fields.Field("fit", "Fit points", "number", "score"),
    "engagement": fields.Field("engagement", "Engagement points", "number", "score"),
    "band": fields.Field("band", "Score band", "choice", "score"),
    "stage": fields.Field("stage", "Stage", "choice", "score"),
    "mailable": fields.Field("mailable", "May be mailed", "boolean", "consent"),
    "suppressed": fields.Field("suppressed", "Suppressed because", "choice", "consent"),
}
CHOICES: dict[str, tuple[str, ...]] = {
    **fields.CHOICES,
    "stage": tuple(Lead.Stage.values),
    "band": tuple(letter + digit for letter in "ABCD" for digit in "1234"),
    "mailable": ("yes", "no"),
    "suppressed": tuple(Suppression.Reason.values),
}
YES_OR_NO = {"true": "yes", "false": "no", "1": "yes", "0": "no"}
LARGEST = 1e15


def registry() -> dict[str, fields.Field]:
    """Every field a segment may use; one query."""
    return OWN | fields.all_fields()


def read(field: fields.Field, op: str, written: str) -> Any:
    """What a person typed as a condition's value. Raises BadDefinition."""
    if op not in OPS[field.type]:
        raise BadDefinition(f"{field.label} cannot be asked whether it “{OP_WORDS.get(op, op)}”.", field="op")
    if op in ("known", "unknown"):
        return None
    parts = [part.strip() for part in re.split(r"[,;\n]", written) if part.strip()]
    if not parts:
        raise BadDefinition(f"Say what {field.label.lower()} should be compared with.", field="value")
    if field.type == "number":
        return numbers(field.label, op, parts)
    if field.type == "boolean":
        return _yes_or_no(field, written.strip().lower())
    return parts if op in LISTS else written.strip()


def written(value: Any) -> str:
    """The reverse of `read`, for the form."""
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def numbers(label: str, op: str, parts: list[str]) -> Any:
    try:
        read = [float(part.replace(" ", "")) for part in parts]
    except ValueError:
        raise BadDefinition(f"{label} is compared with a number.", field="value") from None
    if not all(abs(number) <= LARGEST for number in read):  # refuses nan, too
        raise BadDefinition(f"{label} is never that large.", field="value")
    whole = [int(number) if number == int(number) else number for number in read]
    if op != "between":
        return whole[0]
    if len(whole) != 2 or whole[0] > whole[1]:
        raise BadDefinition(
            "Give two numbers, the smaller first, with a comma between: 30, 64.", field="value"
        )
    return whole


def _yes_or_no(field: fields.Field, text: str) -> str:
    answer = YES_OR_NO.get(text, text)
    if answer not in ("yes", "no"):
        raise BadDefinition(f"{field.label} is compared with yes or no.", field="value")
    return answer
