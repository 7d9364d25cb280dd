"""What differs between two versions of the definition, in plain words: settings, groups, and rules word by word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

from scoring.language import Group, Model, Rule
from scoring.sentences import NO_LABELS, Labels, sentence


class Piece(NamedTuple):
    kind: Literal["same", "gone", "new"]
    text: str


class Setting(NamedTuple):
    label: str
    before: str
    after: str


class RuleChange(NamedTuple):
    """`pieces` are the sentence before and after as one text with what is gone and what is new."""

    name: str
    pieces: tuple[Piece, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Difference:
    settings: tuple[Setting, ...]
    groups: tuple[str, ...]
    added: tuple[RuleChange, ...]
    removed: tuple[RuleChange, ...]
    changed: tuple[RuleChange, ...]

    def __bool__(self) -> bool:
        return any((self.settings, self.groups, self.added, self.removed, self.changed))

    @property
    def summary(self) -> str:
        """As in: 1 rule added, 2 changed, 1 setting."""
        counts = [
            (len(self.added), "added"),
            (len(self.removed), "removed"),
            (len(self.changed), "changed"),
        ]
        said = [f"{n} {'rule' if n == 1 else 'rules'} {verb}" for n, verb in counts if n]
        others = len(self.settings) + len(self.groups)
        if others:
            said.append(f"{others} {'setting' if others == 1 else 'settings'} changed")
        return ", ".join(said) or "nothing"


SETTINGS = {"threshold": "MQL line", "fit_floor": "Fit at least", "margin": "Margin for leaving"}
CUTS = {"fit_cuts": "fit {} from", "engagement_cuts": "engagement {} from"}


def difference(before: Model, after: Model, labels: Labels = NO_LABELS) -> Difference:
    old, new = ({rule.key: rule for rule in model.rules} for model in (before, after))
    both = [key for key in new if key in old]
    changes = [_changed(old[key], new[key], before, after, labels) for key in both]
    return Difference(
        settings=tuple(_settings(before, after)),
        groups=tuple(_groups(before, after)),
        added=tuple(_whole(rule, "new", labels) for key, rule in new.items() if key not in old),
        removed=tuple(_whole(rule, "gone", labels) for key, rule in old.items() if key not in new),
        changed=tuple(change for change in (*changes, *_moved(both, old)) if change),
    )


def words_between(before: str, after: str) -> tuple[Piece, ...]:
    """Both texts at once, word by word: the pieces that stayed, went and came, in reading order."""
    old, new = before.split(), after.split()
    pieces: list[Piece] = []
    for op, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if op == "equal":
            pieces.append(Piece("same", " ".join(old[i:j])))
            continue
        if i < j:
            pieces.append(Piece("gone", " ".join(old[i:j])))
        if k < m:
            pieces.append(Piece("new", " ".join(new[k:m])))
    return tuple(pieces)


def _settings(before: Model, after: Model) -> Iterator[Setting]:
    for field, label in SETTINGS.items():
        yield from _setting(label, getattr(before, field), getattr(after, field))
    for field, label in CUTS.items():
        names = "ABC" if field == "fit_cuts" else "123"
        for name, old, new in zip(names, getattr(before, field), getattr(after, field), strict=True):
            yield from _setting(label.format(name).capitalize(), old, new)


def _setting(label: str, old: int, new: int) -> Iterator[Setting]:
    if old != new:
        yield Setting(label, f"{old:,}", f"{new:,}")


def _groups(before: Model, after: Model) -> Iterator[str]:
    old, new = ({group.key: group for group in model.groups} for model in (before, after))
    yield from (f"Group “{new[key].name}” added, {_range(new[key])}." for key in new if key not in old)
    yield from (f"Group “{old[key].name}” removed." for key in old if key not in new)
    for key in new:
        if key in old:
            yield from _group(old[key], new[key])


def _group(old: Group, new: Group) -> Iterator[str]:
    if old.name != new.name:
        yield f"Group “{old.name}” is called “{new.name}” now."
    if (old.minimum, old.maximum) != (new.minimum, new.maximum):
        yield f"Group “{new.name}” gives {_range(new)} instead of {_range(old)}."
    if old.axis != new.axis:
        yield f"Group “{new.name}” counts for {new.axis} instead of {old.axis}."


def _range(group: Group) -> str:
    return f"{group.minimum:,} to {group.maximum:,} points".replace("-", "−")


def _whole(rule: Rule, kind: Literal["gone", "new"], labels: Labels) -> RuleChange:
    return RuleChange(rule.name, (Piece(kind, sentence(rule, labels)),))


def _changed(old: Rule, new: Rule, before: Model, after: Model, labels: Labels) -> RuleChange | None:
    said = words_between(sentence(old, labels), sentence(new, labels))
    notes = list(_notes(old, new, _group_names(before), _group_names(after)))
    return None if old == new else RuleChange(new.name, said, tuple(notes))


def _notes(old: Rule, new: Rule, before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    """What the sentence does not say."""
    if old.name != new.name:
        yield f"Was called “{old.name}”."
    if old.group != new.group:
        yield f"Moved from group “{before.get(old.group, old.group)}” to “{after.get(new.group, new.group)}”."


def _group_names(model: Model) -> dict[str, str]:
    return {group.key: group.name for group in model.groups}


def _moved(both: Sequence[str], old: dict[str, Rule]) -> Iterator[RuleChange]:
    """The order matters to nobody but the reader, and to which of two critical rules is named."""
    if [key for key in old if key in both] != list(both):
        yield RuleChange("Order", (Piece("new", "The rules stand in another order."),))
