"""Course seekers with a known outcome teach the prediction; the others show whether it learnt anything."""

import hashlib
from pathlib import Path

import numpy as np

from leads.importing import mapping, reading
from leads.importing.rows import Row, RowReader
from leads.importing.types import survey
from scoring.prediction import card, metrics
from scoring.prediction.calibration import logistic
from scoring.prediction.columns import Table, choices, numbers
from scoring.prediction.fitting import Sample
from tests.real.test_xeducation import LATER, MAPPING


def place(external_id: str) -> int:
    """0 to 9, by hash; seven of ten teach."""
    return int(hashlib.sha256(f"split|{external_id}".encode()).hexdigest(), 16) % 10


def sample_of(file: Path, columns: dict[str, str | None]) -> Sample:
    """The file as an import would read it, without a database."""
    sheet = reading.examine(lambda: file.open("rb"))
    plan = mapping.build(MAPPING | {"columns": columns}, list(sheet.columns))
    found = survey(reading.rows(lambda: file.open("rb"), sheet), list(sheet.columns), plan.custom_columns)
    types = {key: found.types.get(column, "text") for column, key in plan.custom_columns.items()}
    reader = RowReader(sheet.columns, plan, types, found.orders, sheet.encoding)
    rows = [reader.read(line, cells) for line, cells in reading.rows(lambda: file.open("rb"), sheet)]
    return Sample(table_of(rows, types), np.array([int(row.outcome == "won") for row in rows]))


def table_of(rows: list[Row], types: dict[str, str]) -> Table:
    made = {}
    for key in sorted({key for row in rows for key in row.person.values}):
        values = [row.person.values.get(key) for row in rows]
        if types.get(key.removeprefix("custom.")) == "number":
            made[key] = numbers(key, key, values)
        else:
            made[key] = choices(key, key, [None if v is None else str(v).casefold() for v in values])
    ids = [10 * number + place(row.person.external_id) for number, row in enumerate(rows)]
    return Table(ids, made)


def halves(sample: Sample) -> tuple[Sample, Sample]:
    tenth = np.array(sample.table.ids) % 10
    return sample.take(np.flatnonzero(tenth < 7)), sample.take(np.flatnonzero(tenth >= 7))


def at_once(sample: Sample) -> np.ndarray:
    return np.zeros(len(sample), dtype=np.int64)


def test_who_buys_is_foretold_for_those_it_never_saw(shared: Path):
    teach, ask = halves(sample_of(shared / "xeducation" / "leads_dev.csv.gz", MAPPING["columns"]))

    trained = card.train(teach, at_once(teach))

    said = logistic(trained.scorecard.odds(ask.table))
    assert metrics.auc(ask.won, said) >= 0.885
    assert metrics.ece(ask.won, said) <= 0.03
    assert not trained.metrics["warnings"], "what a lead answers and does is no leak"


def test_the_card_warns_of_what_sales_wrote_down_afterwards(shared: Path):
    columns = {name: target for name, target in MAPPING["columns"].items() if name not in LATER}
    sample = sample_of(shared / "xeducation" / "leads_dev.csv.gz", columns)

    trained = card.train(sample, at_once(sample))

    assert trained.metrics["auc"] > 0.97, "too good to be true"
    warned = {warning["key"] for warning in trained.metrics["warnings"]}
    assert {"custom.tags", "custom.lead_quality"} <= warned
    assert not warned & {"source", "custom.total_time_spent_on_website", "custom.last_activity"}
