"""Segments: conditions in the words of scoring rules, asked of the database instead of one lead at a time.

A blank value is unknown: only `unknown` holds for it, never `is_not`. Text is compared without case and outer blanks.
Nothing typed reaches the SQL but as a parameter, and no field that is not in the registry can be named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, Case, F, FloatField, Func, Q, QuerySet, TextField, Value, When
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Lower, StrIndex, Substr, Trim
from django.db.models.lookups import Regex

from leads import fields, normalise
from leads.models import Lead
from nurturing.models import Segment

COUNT_CAP = 10_000
MOST_SPLIT = 20  # segments by which a backtest is split
TEXT_OPS = ("is", "is_not", "in", "not_in", "contains_word", "starts_with", "known", "unknown")
NUMBER_OPS = ("is", "at_least", "at_most", "between", "known", "unknown")
CHOICE_OPS = ("is", "is_not", "in", "not_in", "known", "unknown")
OPS = {
    "text": TEXT_OPS,
    "choice": CHOICE_OPS,
    "list": ("is", "is_not", "in", "not_in", "contains_word", "starts_with", "known", "unknown"),
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
OWN = {  # of this floor and the one below; everything else stands in leads.fields
    "score": fields.Field("score", "Score", "number", "score"),
    "band": fields.Field("band", "Score band", "choice", "score"),
    "stage": fields.Field("stage", "Stage", "choice", "score"),
}

NUMBER = r"^-?[0-9]{1,250}(\.[0-9]+)?$"  # other text in such a field is not known as a number
ROLE = f"^(?:{''.join(normalise.ROLE.pattern.split())})$"


class BadCondition(ValueError):
    """Says in words what is wrong with one condition."""


class Condition(NamedTuple):
    field: str
    op: str
    value: Any = None


def registry() -> dict[str, fields.Field]:
    """Every field a segment may use; one query."""
    return OWN | fields.all_fields()


def members(segment: Segment) -> QuerySet[Lead]:
    return matching([Condition(**row) for row in segment.conditions])


def members_among(lead_ids: Sequence[int]) -> dict[str, list[int]]:
    """{segment: who of these is in it now}; the first MOST_SPLIT by name. Asked by scoring.backtest by way of the
    settings, see ADR 0012.
    """
    segments = Segment.objects.order_by("name")[:MOST_SPLIT]
    return {
        segment.name: list(members(segment).filter(pk__in=lead_ids).values_list("pk", flat=True))
        for segment in segments
    }


def matching(conditions: Iterable[Condition]) -> QuerySet[Lead]:
    """Leads that meet all of them; merged leads never do. Raises BadCondition."""
    known = registry()
    found = Lead.objects.filter(merged_into=None)
    for number, condition in enumerate(conditions):
        field = known.get(condition.field)
        if field is None:
            raise BadCondition(f"There is no field {condition.field}.")
        name = f"condition_{number}"
        found = found.alias(**{name: _expression(field)}).filter(_where(name, field, condition))
    return found


def count(leads: QuerySet[Lead]) -> int:
    """Exact up to COUNT_CAP; COUNT_CAP + 1 means more than that."""
    return leads.order_by().values("pk")[: COUNT_CAP + 1].count()


def read(field: fields.Field, op: str, written: str) -> Any:
    """What a person typed as a condition's value. Raises BadCondition."""
    if op not in OPS[field.type]:
        raise BadCondition(f"{field.label} cannot be asked whether it “{OP_WORDS.get(op, op)}”.")
    if op in ("known", "unknown"):
        return None
    parts = [part.strip() for part in re.split(r"[,;\n]", written) if part.strip()]
    if not parts:
        raise BadCondition(f"Say what {field.label.lower()} should be compared with.")
    if field.type == "number":
        return _numbers(field, op, parts)
    return parts if op in ("in", "not_in", "contains_word", "starts_with") else written.strip()


def written(value: Any) -> str:
    """The reverse of `read`, for the form."""
    return ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value or "")


def sentence(conditions: Iterable[dict[str, Any]], known: dict[str, fields.Field]) -> str:
    """In words: "industry is one of Energy, Utilities and score is between 30, 64"."""
    parts = []
    for row in conditions:
        field = known.get(row["field"])
        label = field.label if field else row["field"]
        parts.append(
            f"{label.lower()} {OP_WORDS.get(row['op'], row['op'])} {written(row.get('value'))}".strip()
        )
    return " and ".join(parts)


def _numbers(field: fields.Field, op: str, parts: list[str]) -> Any:
    try:
        numbers = [float(part.replace(" ", "")) for part in parts]
    except ValueError:
        raise BadCondition(f"{field.label} is compared with a number.") from None
    if not all(abs(number) <= 1e15 for number in numbers):  # refuses nan, too
        raise BadCondition(f"{field.label} is never that large.")
    whole = [int(number) if number == int(number) else number for number in numbers]
    if op != "between":
        return whole[0]
    if len(whole) != 2 or whole[0] > whole[1]:
        raise BadCondition("Give two numbers, the smaller first, with a comma between: 30, 64.")
    return whole


PATHS = {
    "email": "email",
    "title": "title",
    "seniority": "seniority",
    "department": "department",
    "country": "country",
    "city": "city",
    "phone": "phone",
    "source": "source",
    "campaign": "campaign",
    "stage": "stage",
    "company": "company__name",
    "industry": "company__industry",
    "company_country": "company__country",
    "employees": "company__employees",
    "revenue": "company__revenue",
    "score": "score__total",
    "band": "score__band",
}


def _expression(field: fields.Field) -> Any:
    if field.group == "custom":
        return _own_field(field)
    if field.key == "email_domain":
        return _domain()
    if field.key == "email_class":
        return _email_class()
    if field.key == "technologies":
        lines = Func(F("company__technologies"), Value("\n"), function="array_to_string")
        return Lower(Cast(lines, TextField()))
    path = PATHS.get(field.key)
    if path is None:
        raise BadCondition(f"{field.label} cannot be used in a segment.")
    return F(path) if field.type == "number" else Lower(Trim(Cast(path, TextField())))


def _own_field(field: fields.Field) -> Any:
    key = field.key.removeprefix(fields.CUSTOM)
    if field.type == "number":
        text = KeyTextTransform(key, "custom")
        return Case(
            When(Regex(text, Value(NUMBER)), then=Cast(text, FloatField())), output_field=FloatField()
        )
    return Lower(Trim(KeyTextTransform(key, "custom")))


def _domain() -> Any:
    at = StrIndex("email", Value("@"))
    return Case(When(email__contains="@", then=Lower(Substr("email", at + 1))), output_field=TextField())


def _email_class() -> Any:
    """As leads.normalise.email_class: disposable first, because the lists overlap."""
    local = Lower(Substr("email", 1, StrIndex("email", Value("@")) - 1, output_field=TextField()))
    return Case(
        When(Q(email=None) | ~Q(email__contains="@"), then=Value(None)),
        When(_any_of(_domain(), normalise.DISPOSABLE), then=Value("disposable")),
        When(_any_of(_domain(), normalise.FREE), then=Value("free")),
        When(Regex(local, Value(ROLE)), then=Value("role")),
        default=Value("business"),
        output_field=TextField(),
    )


class AnyOf(Func):
    """`expression = ANY(array)`: one array instead of thousands of parameters."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


def _any_of(expression: Any, texts: Iterable[str]) -> AnyOf:
    return AnyOf(expression, Value(sorted(texts), output_field=ArrayField(TextField())))


def _where(name: str, field: fields.Field, condition: Condition) -> Q:
    unknown = _unknown(name, field)
    if condition.op == "unknown":
        return unknown
    if condition.op == "known":
        return ~unknown
    if condition.op in ("is_not", "not_in"):
        return ~unknown & ~_meets(name, field, condition._replace(op="in"))
    return ~unknown & _meets(name, field, condition)


def _unknown(name: str, field: fields.Field) -> Q:
    if field.type == "number":
        return Q(**{f"{name}__isnull": True})
    return Q(**{f"{name}__isnull": True}) | Q(**{name: ""})


def _meets(name: str, field: fields.Field, condition: Condition) -> Q:
    if field.type == "number":
        return _within(name, condition)
    texts = _texts(field, condition.value)
    either = "|".join(re.escape(text) for text in texts)
    if condition.op == "contains_word":
        return Q(**{f"{name}__regex": rf"(?<!\w)({either})(?!\w)"})
    if condition.op == "starts_with":
        return Q(**{f"{name}__regex": rf"(?n)^({either})"})
    if field.type == "list":
        return Q(**{f"{name}__regex": rf"(?n)^\s*({either})\s*$"})
    return Q(**{f"{name}__in": texts})


def _texts(field: fields.Field, value: Any) -> list[str]:
    items = value if isinstance(value, list | tuple) else [value]
    texts = [" ".join(str(item).lower().split()) for item in items]
    if field.type == "boolean":
        return [{"yes": "true", "no": "false"}.get(text, text) for text in texts]
    return [text for text in texts if text]


def _within(name: str, condition: Condition) -> Q:
    value = condition.value
    match condition.op:
        case "at_least":
            return Q(**{f"{name}__gte": value})
        case "at_most":
            return Q(**{f"{name}__lte": value})
        case "between":
            return Q(**{f"{name}__gte": value[0], f"{name}__lte": value[1]})
    return Q(**{f"{name}__in" if isinstance(value, list) else name: value})
