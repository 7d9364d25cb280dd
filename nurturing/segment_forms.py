"""The builder of segments: a tree of groups and conditions as typed, and what it means.

Names     each input is named by its place in the tree and its part: `r.0.1-value`. `r` is the outermost group
Changing  adding and removing are submits of the same form, so none of it needs JavaScript
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import QueryDict

from leads.fields import Field
from leads.kinds import KINDS
from nurturing.forms import unused
from nurturing.models import Segment
from nurturing.segments import vocabulary
from nurturing.segments.language import DEEPEST, MOST_ITEMS, BadDefinition, Group, parse
from nurturing.services.segments import problem_with
from scoring.conditions import number_of
from scoring.language import DAY, OPS

ROOT = "r"
PLACE = re.compile(rf"({ROOT}(?:\.\d{{1,2}}){{0,{DEEPEST}}})-kind")
UNITS = {"days": DAY, "hours": 3_600, "minutes": 60}
HOWS = {"count": "times", "distinct": "different values of", "sum": "minutes in all"}
COMPARES = {"at_least": "at least", "fewer_than": "fewer than"}
BLANKS: dict[str, dict[str, str]] = {
    "group": {"match": "any"},
    "field": {"field": "", "op": "is", "value": ""},
    "did": {
        "activity": "",
        "compare": "at_least",
        "n": "1",
        "count": "count",
        "distinct_by": "",
        "window": "",
        "unit": "days",
    },
    "segment": {"segment": "", "in": "yes"},
    "campaign": {"campaign": "", "been": "yes"},
}
LONGEST = 1_000
MOST_WHERE = 5
NUMBERS = ("at_least", "at_most", "between")


@dataclass
class Where:
    """A condition on a property of an activity."""

    field: str = ""
    op: str = "is"
    value: str = ""

    @property
    def blank(self) -> bool:
        return not self.field.strip() and not self.value.strip()


@dataclass
class Node:
    """A group or a condition as typed. `wrong` names the input that `error` is about."""

    kind: str
    path: str = ROOT
    values: dict[str, str] = field(default_factory=dict)
    inner: list[Node] = field(default_factory=list)
    where: list[Where] = field(default_factory=list)
    error: str = ""
    wrong: str = ""

    @property
    def depth(self) -> int:
        return self.path.count(".") + 1

    @property
    def may_nest(self) -> bool:
        return self.depth < DEEPEST

    @property
    def number(self) -> str:
        """For people: "2.1"."""
        return ".".join(str(int(part) + 1) for part in self.path.split(".")[1:])

    @property
    def blank(self) -> bool:
        if self.kind == "group":
            return all(each.blank for each in self.inner)
        chosen = {"field": "field", "did": "activity", "segment": "segment", "campaign": "campaign"}
        rest = self.values.get("value", "") if self.kind == "field" else ""
        return not self.values.get(chosen[self.kind], "") and not rest.strip()

    def all(self) -> Iterator[Node]:
        yield self
        for each in self.inner:
            yield from each.all()


class SegmentForm(forms.Form):
    name = forms.CharField(max_length=150)

    def __init__(self, data: QueryDict | None = None, *, segment: Segment | None = None) -> None:
        super().__init__(data, initial={"name": segment.name} if segment else None)
        self.segment = segment
        self.known: Mapping[str, Field] = vocabulary.registry()
        self.root = typed(data) if data is not None else shown(segment.conditions if segment else [])
        self.definition: Group | None = None
        self.conditions: Any = []

    def change(self, do: str) -> None:
        """`add-field r.1`, `add-where r.0`, `remove r.0.1`; anything else changes nothing."""
        verb, _, path = do.partition(" ")
        node = next((each for each in self.root.all() if each.path == path), None)
        if node is None:
            return
        if verb == "remove":
            for each in self.root.all():
                each.inner = [inner for inner in each.inner if inner is not node]
        elif verb == "add-where" and node.kind == "did" and len(node.where) < MOST_WHERE:
            node.where.append(Where())
        elif verb.startswith("add-") and node.kind == "group":
            self._add(node, verb.removeprefix("add-"))
        self._number()

    def _add(self, group: Node, kind: str) -> None:
        if kind not in BLANKS or sum(1 for _ in self.root.all()) > MOST_ITEMS:
            return
        if kind == "group" and group.may_nest:
            group.inner.append(Node("group", values={"match": "any"}, inner=[blank("field")]))
        elif kind != "group":
            group.inner.append(blank(kind))

    def _number(self) -> None:
        self.root.inner = self.root.inner or [blank("field")]
        _place(self.root, ROOT)

    def clean_name(self) -> str:
        others = Segment.objects.exclude(pk=self.segment.pk) if self.segment else Segment.objects.all()
        return unused(self.cleaned_data["name"].strip(), others, "segment or list")

    def clean(self) -> dict[str, Any]:
        if not self.understood():
            raise forms.ValidationError("A condition cannot be understood; it is marked below.")
        if not self.definition or not self.definition.items:
            raise forms.ValidationError("A segment needs at least one condition.")
        return self.cleaned_data

    def understood(self) -> bool:
        """Fills `conditions` and `definition`, or marks the first condition that makes no sense. Blank ones are left
        out.
        """
        places: dict[str, Node] = {}
        self.conditions = _means(self.root, "", places, self.known)
        if any(node.error for node in self.root.all()):
            return False
        self.definition = parse(self.conditions)
        problem = problem_with(self.definition, self.segment.pk if self.segment else None)
        if problem and self.conditions["items"]:
            node = places.get(problem.path, self.root)
            node.error, node.wrong = str(problem), problem.field
            return False
        return True


def blank(kind: str) -> Node:
    return Node(kind, values=dict(BLANKS[kind]))


def _place(node: Node, path: str) -> None:
    node.path = path
    for number, each in enumerate(node.inner):
        _place(each, f"{path}.{number}")


# As typed


def typed(data: QueryDict) -> Node:
    """What does not hang together is left out."""
    places = sorted(
        (match[1] for key in data if (match := PLACE.fullmatch(key))),
        key=lambda path: [int(part) for part in path.split(".")[1:]],
    )
    found = {ROOT: Node("group", values={"match": _match(data.get(f"{ROOT}-match", "all"))})}
    for path in places[: 2 * MOST_ITEMS]:
        parent = found.get(path.rpartition(".")[0])
        kind = data.get(f"{path}-kind", "")
        if parent is not None and parent.kind == "group" and kind in BLANKS:
            found[path] = _typed(data, path, kind)
            parent.inner.append(found[path])
    root = found[ROOT]
    root.inner = root.inner or [blank("field")]
    _place(root, ROOT)
    return root


def _typed(data: QueryDict, path: str, kind: str) -> Node:
    values = {
        part: data.get(f"{path}-{part}", usual)[:LONGEST].replace("\x00", "")
        for part, usual in BLANKS[kind].items()
    }
    if kind == "group":
        values["match"] = _match(values["match"])
    columns = (data.getlist(f"{path}-where_{part}")[:MOST_WHERE] for part in ("field", "op", "value"))
    rows = [
        Where(*(text[:LONGEST].replace("\x00", "") for text in row)) for row in zip(*columns, strict=False)
    ]
    return Node(kind, path, values, where=rows)


def _match(text: str) -> str:
    return text if text in ("all", "any", "none") else "all"


# As stored


def shown(conditions: Any) -> Node:
    """A definition that cannot be read any more begins anew."""
    try:
        parse(conditions)
    except BadDefinition:
        conditions = []
    stored = {"match": "all", "items": conditions} if isinstance(conditions, list) else conditions
    root = _shown(stored)
    root.inner = root.inner or [blank("field")]
    _place(root, ROOT)
    return root


def _shown(stored: dict[str, Any]) -> Node:
    if "match" in stored:
        inner = [_shown(item) for item in stored["items"]]
        return Node("group", values={"match": stored["match"]}, inner=inner)
    if "did" in stored:
        return _shown_behaviour(stored)
    if "segment" in stored:
        chosen = {"segment": str(stored["segment"]), "in": "yes" if stored.get("in", True) else "no"}
        return Node("segment", values=chosen)
    if "campaign" in stored:
        been = "yes" if stored.get("been", True) else "no"
        return Node("campaign", values={"campaign": str(stored["campaign"]), "been": been})
    value = vocabulary.written(stored.get("value"))
    return Node("field", values={"field": stored["field"], "op": stored["op"], "value": value})


def _shown_behaviour(stored: dict[str, Any]) -> Node:
    window, n, count = stored.get("window_seconds"), stored.get("n", 1), stored.get("count", "count")
    unit = next((name for name, size in UNITS.items() if window and window % size == 0), "days")
    values = {
        "activity": stored["did"],
        "compare": stored.get("compare", "at_least"),
        "n": str(n // 60 if count == "sum" else n),
        "count": count,
        "distinct_by": stored.get("distinct_by") or "",
        "window": str(window // UNITS[unit]) if window else "",
        "unit": unit,
    }
    rows = [
        Where(each["field"], each["op"], vocabulary.written(each.get("value")))
        for each in stored.get("where") or []
    ]
    return Node("did", values=values, where=rows)


# What it means


def _means(node: Node, place: str, places: dict[str, Node], known: Mapping[str, Field]) -> dict[str, Any]:
    """As stored; marks nodes that cannot be read. `places` finds the node of each place in the definition."""
    places[place] = node
    if node.kind != "group":
        return _read(node, known)
    items: list[dict[str, Any]] = []
    for each in node.inner:
        if not each.blank:
            items.append(_means(each, f"{place}.{len(items)}".lstrip("."), places, known))
    return {"match": node.values["match"], "items": items}


def _read(node: Node, known: Mapping[str, Field]) -> dict[str, Any]:
    try:
        return READERS[node.kind](node.values, node, known)
    except BadDefinition as error:
        node.error, node.wrong = str(error), error.field
        return {"field": "", "op": "", "value": None}


def _field(values: dict[str, str], _node: Node, known: Mapping[str, Field]) -> dict[str, Any]:
    chosen = known.get(values["field"])
    if chosen is None:
        raise BadDefinition("Choose a field.", field="field")
    value = vocabulary.read(chosen, values["op"], values["value"])
    return {"field": chosen.key, "op": values["op"], "value": value}


def _behaviour(values: dict[str, str], node: Node, _known: Mapping[str, Field]) -> dict[str, Any]:
    count = values["count"] if values["count"] in HOWS else "count"
    n = _whole(values["n"], "count", "Say how often with a whole number.")
    window = None
    if values["window"].strip():
        amount = _whole(values["window"], "window", "Say with a whole number how far back it looks.")
        window = amount * UNITS.get(values["unit"], DAY)
    return {
        "did": values["activity"].strip(),
        "where": [_property(each) for each in node.where if not each.blank],
        "count": count,
        "distinct_by": values["distinct_by"].strip() if count == "distinct" else "",
        "window_seconds": window,
        "compare": values["compare"] if values["compare"] in COMPARES else "at_least",
        "n": n * 60 if count == "sum" else n,
    }


def _whole(text: str, name: str, words: str) -> int:
    stripped = text.strip()
    if not stripped.isascii() or not stripped.isdecimal() or len(stripped) > 9:
        raise BadDefinition(words, field=name)
    return int(stripped)


def _property(row: Where) -> dict[str, Any]:
    name = row.field.strip().lower()
    if not name or row.op not in OPS:
        raise BadDefinition("Name the property and how it is compared.", field="where")
    if row.op in ("known", "unknown"):
        return {"field": name, "op": row.op, "value": None}
    parts = [part.strip() for part in re.split(r"[,;\n]", row.value) if part.strip()]
    if not parts:
        raise BadDefinition(f"Say what {name} is compared with.", field="where")
    if row.op in NUMBERS:
        value: Any = [_number(name, part) for part in parts]
        return {"field": name, "op": row.op, "value": value if row.op == "between" else value[0]}
    value = parts if row.op in vocabulary.LISTS else row.value.strip()
    return {"field": name, "op": row.op, "value": value}


def _number(name: str, text: str) -> int | float:
    number = number_of(text)
    if number is None or abs(float(number)) > vocabulary.LARGEST:
        raise BadDefinition(f"{name} is compared with a number.", field="where")
    exact = float(number)
    return int(exact) if exact == int(exact) else exact


def _other(values: dict[str, str], node: Node, _known: Mapping[str, Field]) -> dict[str, Any]:
    chosen = values[node.kind]
    if not chosen.isascii() or not chosen.isdecimal() or len(chosen) > 18:
        raise BadDefinition(f"Choose a {node.kind}.", field=node.kind)
    how = "in" if node.kind == "segment" else "been"
    return {node.kind: int(chosen), how: values[how] != "no"}


READERS: dict[str, Any] = {"field": _field, "did": _behaviour, "segment": _other, "campaign": _other}


def activities() -> list[tuple[str, str]]:
    return [(key, kind.label) for key, kind in KINDS.items()]


class ListForm(forms.Form):
    """One of the lists there are, or the name of a new one."""

    segment = forms.ModelChoiceField(
        Segment.objects.filter(kind=Segment.Kind.LIST), required=False, label="List", empty_label="A new list"
    )
    name = forms.CharField(max_length=150, required=False, label="Name of the new list")

    def clean_name(self) -> str:
        name = self.cleaned_data["name"].strip().replace("\x00", "")
        return unused(name, Segment.objects.all(), "segment or list") if name else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not cleaned.get("segment") and not cleaned.get("name") and not self.errors:
            self.add_error("name", "Choose a list, or name a new one.")
        return cleaned


class NameForm(forms.Form):
    name = forms.CharField(max_length=150)

    def __init__(self, data: Any, *, segment: Segment) -> None:
        super().__init__(data, initial={"name": segment.name})
        self.segment = segment

    def clean_name(self) -> str:
        return unused(
            self.cleaned_data["name"].strip(), Segment.objects.exclude(pk=self.segment.pk), "segment or list"
        )
