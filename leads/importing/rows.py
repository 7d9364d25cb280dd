"""One row of the file as one person, or the column and reason why not. Pure."""

from __future__ import annotations

from collections.abc import Mapping as MappingABC
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from leads import normalise
from leads.importing import encoding as encodings
from leads.importing.mapping import Mapping
from leads.importing.presets import OPT_OUT
from leads.merging import Incoming
from leads.values import BadValue, complete, moment, read, unanswered

MAY_BE_MAILED = frozenset(
    ["no", "n", "false", "f", "0", "non", "nein", "subscribed", "active", "opted in", "opt-in", "confirmed"]
)
LONGEST_UNCLEAR = 60  # characters of a cell that are told again
REMEMBERED = 5000  # readings kept a column: most columns repeat a few values


class BadRow(ValueError):
    """Which column, and what is wrong in words; `column` is blank when the row as a whole is."""

    def __init__(self, column: str, reason: str) -> None:
        self.column, self.reason = column, reason
        super().__init__(f"{column}: {reason}")


@dataclass(frozen=True)
class Row:
    """A person, and what a file says besides: `outcome` is "won", "lost" or blank; `unclear` is its cell where that
    was not understood.
    """

    line: int
    person: Incoming
    outcome: str = ""
    opted_out: bool = False
    unclear: str = ""


class RowReader:
    """Reads the rows of one file. `types` and `orders` are the survey's; registered own fields come first."""

    def __init__(
        self,
        columns: Sequence[str],
        mapping: Mapping,
        types: MappingABC[str, str],
        orders: MappingABC[str, str],
        encoding: str = "utf-8",
    ) -> None:
        self._width = len(columns)
        self._mapping = mapping
        self._orders = orders
        self._encoding = encoding
        self._types = types
        self._places = [(columns.index(column), column, target) for column, target in mapping.targets.items()]
        self._outcome_at = columns.index(mapping.outcome.column) if mapping.outcome else -1
        self._readings: dict[str, dict[str, Any]] = {column: {} for column in mapping.targets}

    def read(self, line: int, cells: Sequence[str]) -> Row:
        """Raises BadRow."""
        self._check_width(cells)
        values: dict[str, Any] = {}
        opted_out = False
        for place, column, target in self._places:
            value = self._value(column, target, cells[place])
            if target == OPT_OUT:
                opted_out = opted_out or bool(value)
            elif value is not None:
                values.setdefault(target, value)
        outcome, unclear = self._outcome(cells)
        return Row(line, self._person(values), outcome, opted_out, unclear)

    def _outcome(self, cells: Sequence[str]) -> tuple[str, str]:
        """And the cell if it was not understood: deals under way are no reason to leave the person out."""
        outcome = self._mapping.outcome
        if outcome is None:
            return "", ""
        cell = cells[self._outcome_at]
        try:
            self._check_letters(cell)
        except BadValue as error:
            raise BadRow(outcome.column, str(error)) from error
        try:
            return outcome.read(cell), ""
        except BadValue:
            return "", normalise.text(cell)[:LONGEST_UNCLEAR]

    def _check_width(self, cells: Sequence[str]) -> None:
        surplus = [cell for cell in cells[self._width :] if cell.strip()]
        if surplus or len(cells) < self._width:
            raise BadRow("", f"Has {len(cells)} cells where the header names {self._width} columns.")

    def _value(self, column: str, target: str, cell: str) -> Any:
        """Reads each different value of a column once, while there are not too many."""
        readings = self._readings[column]
        if cell in readings:
            return readings[cell]
        try:
            value = self._read(column, target, cell)
        except BadValue as error:
            raise BadRow(column, str(error)) from error
        if len(readings) < REMEMBERED:
            readings[cell] = value
        return value

    def _read(self, column: str, target: str, cell: str) -> Any:
        self._check_letters(cell)
        if unanswered(cell):
            return None
        if target == OPT_OUT:
            return cell.strip().casefold() not in MAY_BE_MAILED
        if target == "external_id":
            return normalise.external_id(cell)
        if target == "created_at":
            return _plausible(moment(cell, self._orders.get(column, "")))
        if self._types.get(target.removeprefix("custom.")) == "date" and target.startswith("custom."):
            return moment(cell, self._orders.get(column, "")).date().isoformat()
        return read(target, cell, self._types)

    def _check_letters(self, cell: str) -> None:
        meant = encodings.misread(cell, self._encoding)
        if meant is not None:
            raise BadValue(f"In another encoding than the rest of the file; perhaps “{meant[:60]}” is meant.")

    def _person(self, values: dict[str, Any]) -> Incoming:
        email, external_id = values.pop("email", ""), values.pop("external_id", "")
        if not email and not external_id:
            raise BadRow(self._identity_column(), "Has neither an e-mail address nor an external id.")
        if external_id and not external_id.startswith("linkedin.com/"):
            external_id = f"{self._mapping.prefix}{external_id}"[:254]
        created_at = values.pop("created_at", None)
        return Incoming(complete(values), email, external_id, created_at)

    def _identity_column(self) -> str:
        targets = self._mapping.targets
        return next((c for c, target in targets.items() if target in ("email", "external_id")), "")


def _plausible(when: datetime) -> datetime:
    if not 1970 <= when.year <= 2100:
        raise BadValue("This date is not plausible.")
    return when
