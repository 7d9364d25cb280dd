"""A file with its mapping, ready to be read in steps; and what a step would do or did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from leads.importing import reading
from leads.importing.mapping import Mapping
from leads.importing.reading import Sheet
from leads.importing.rows import BadRow, Row, RowReader
from leads.importing.types import Survey, survey
from leads.merging import COMPANY, Claim
from leads.models import CustomField, LeadOutcome
from leads.services.upserts import (
    CONFLICT,
    DUPLICATE,
    NEW,
    SUPPRESSED,
    UNCHANGED,
    UPDATED,
    Memory,
    Plan,
    Planned,
)

STEP = 1000  # rows in one transaction
SHOWN = 50  # examples kept in a report; the counts are exact
VERDICTS = (NEW, UPDATED, UNCHANGED, DUPLICATE, CONFLICT, SUPPRESSED)


@dataclass(frozen=True)
class Bad:
    line: int
    column: str
    reason: str

    def as_data(self) -> dict[str, Any]:
        return {"line": self.line, "column": self.column, "reason": self.reason}


@dataclass(frozen=True)
class Step:
    """`size` rows of the file, from `start` on: those that can be read, and those that cannot."""

    start: int
    size: int
    rows: list[Row]
    bad: list[Bad]


@dataclass
class Tally:
    """What happened so far, as counts and a few examples; kept as JSON with the import."""

    counts: Counter[str] = field(default_factory=Counter)
    fields: int = 0  # values that changed on known leads
    kept: list[dict[str, Any]] = field(default_factory=list)
    conflicts: list[int] = field(default_factory=list)  # lines
    unclear: dict[str, list[int]] = field(default_factory=dict)  # outcome as it stands: [rows, first line]

    def add(self, row: Row, planned: Planned, verdict: str) -> None:
        self.counts[verdict] += 1
        self.fields += len(planned.changed) if verdict == UPDATED else 0
        if verdict == CONFLICT and len(self.conflicts) < SHOWN:
            self.conflicts.append(row.line)
        if planned.kept and verdict != DUPLICATE:
            self.counts["kept"] += 1
            self._show(row, planned)
        if row.unclear:
            self.counts["unclear"] += 1
            self._note(row)

    def _note(self, row: Row) -> None:
        if row.unclear in self.unclear or len(self.unclear) < SHOWN:
            self.unclear.setdefault(row.unclear, [0, row.line])[0] += 1

    def _show(self, row: Row, planned: Planned) -> None:
        for key, theirs in planned.kept.items():
            if len(self.kept) < SHOWN and planned.lead:
                ours = _current(planned, key)
                self.kept.append(
                    {
                        "line": row.line,
                        "lead": planned.lead.name,
                        "field": key,
                        "ours": ours,
                        "theirs": str(theirs),
                    }
                )

    def to_data(self) -> dict[str, Any]:
        return {
            "counts": dict(self.counts),
            "fields": self.fields,
            "kept": self.kept,
            "conflicts": self.conflicts,
            "unclear": [[value, *found] for value, found in self.unclear.items()],
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Tally:
        return cls(
            Counter(data.get("counts", {})),
            data.get("fields", 0),
            data.get("kept", []),
            data.get("conflicts", []),
            {value: found for value, *found in data.get("unclear", [])},
        )


def _current(planned: Planned, key: str) -> str:
    if planned.lead is None:
        return ""
    if key.startswith("custom."):
        return str(planned.lead.custom.get(key.removeprefix("custom."), ""))
    if key not in COMPANY:
        return str(getattr(planned.lead, key))
    company = planned.company or planned.lead.company
    return str(getattr(company, COMPANY.get(key, ""), ""))


class Job:
    """Reads one file in steps. `survey` looks at all values once; it is kept, so that a resumed run reads alike."""

    def __init__(
        self, opener: Callable[[], IO[bytes]], sheet: Sheet, mapping: Mapping, found: Survey | None = None
    ) -> None:
        self._opener = opener
        self._sheet = sheet
        self.mapping = mapping
        self.survey = found or self._look()
        self._reader = RowReader(sheet.columns, mapping, self._types(), self.survey.orders, sheet.encoding)

    def _look(self) -> Survey:
        dated = [column for column, target in self.mapping.targets.items() if target == "created_at"]
        wanted = [*self.mapping.custom_columns, *dated]
        return survey(reading.rows(self._opener, self._sheet), list(self._sheet.columns), wanted)

    def new_fields(self) -> dict[str, tuple[str, str]]:
        """{key: (label, type)} of the own fields this file brings; columns nobody answered bring none."""
        return {
            key: (self.mapping.labels.get(key, column), self.survey.types[column])
            for column, key in self.mapping.custom_columns.items()
            if column in self.survey.types
        }

    def _types(self) -> dict[str, str]:
        """{key: type}; what is registered already was decided before this file."""
        known = CustomField.objects.filter(key__in=self.mapping.custom_columns.values())
        return {key: kind for key, (_, kind) in self.new_fields().items()} | dict(
            known.values_list("key", "type")
        )

    def steps(self, skip: int = 0, memory: Memory | None = None) -> Iterator[Step]:
        """The file from row `skip` on. Rows before it are read once more into `memory`, for duplicates."""
        rows: list[Row] = []
        bad: list[Bad] = []
        start, place = skip, 0
        for place, (line, cells) in enumerate(reading.rows(self._opener, self._sheet), 1):
            self._read(line, cells, rows, bad)
            if place <= skip:
                if memory and rows:
                    memory.met(rows[0].person)
                rows, bad = [], []
            elif place - start == STEP:
                yield Step(start, STEP, rows, bad)
                rows, bad, start = [], [], place
        if place > start:
            yield Step(start, place - start, rows, bad)

    def _read(self, line: int, cells: list[str], rows: list[Row], bad: list[Bad]) -> None:
        try:
            rows.append(self._reader.read(line, cells))
        except BadRow as error:
            bad.append(Bad(line, error.column, error.reason))


def verdicts(rows: Sequence[Row], planned: Sequence[Planned]) -> list[str]:
    """What to call each row: the plan's word, but a changed outcome is a change, and an opt-out an opt-out."""
    outcomes = _known_outcomes(plan for row, plan in zip(rows, planned, strict=True) if row.outcome)
    result = []
    for row, plan in zip(rows, planned, strict=True):
        verdict = plan.verdict
        if verdict == UNCHANGED and row.outcome and plan.lead and outcomes.get(plan.lead.pk) != row.outcome:
            verdict = UPDATED
        if row.opted_out and row.person.email and verdict in (NEW, UPDATED, UNCHANGED):
            verdict = SUPPRESSED
        result.append(verdict)
    return result


def _known_outcomes(planned: Iterable[Planned]) -> dict[int, str]:
    ids = [plan.lead.pk for plan in planned if plan.lead and plan.lead.pk]
    if not ids:
        return {}
    return dict(LeadOutcome.objects.filter(lead__in=ids).values_list("lead_id", "result"))


def dry_run(job: Job, claim: Claim, on_bad: Callable[[Sequence[Bad]], None]) -> Tally:
    """What an import would do; only reads. `on_bad` takes the bad rows of each step, so that none pile up here."""
    tally, memory = Tally(), Memory()
    for step in job.steps():
        plan = Plan([row.person for row in step.rows], claim, memory=memory, lock=False)
        for row, planned, verdict in zip(step.rows, plan.rows, verdicts(step.rows, plan.rows), strict=True):
            tally.add(row, planned, verdict)
        tally.counts["bad"] += len(step.bad)
        on_bad(step.bad)
    return tally
