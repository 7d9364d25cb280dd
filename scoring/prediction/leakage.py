"""Columns that know the outcome rather than predict it: filled in by sales once the result was plain. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from scoring.prediction import metrics
from scoring.prediction.binning import Binning, binning_of
from scoring.prediction.columns import Column, least
from scoring.prediction.fitting import folds

ALONE = 0.95  # the AUC of one column; honest columns stay far below
VERDICT = 10  # times the usual odds, and a tenth of them: such values look like the result itself
SURE = 0.8  # at least this share won in such a value
KNOWN_OFTEN, KNOWN_HARDLY = 0.9, 0.3
REASON_OFTEN, REASON_HARDLY = 0.3, 0.02
LATER = 0.5  # of the values came after the instant


@dataclass(frozen=True)
class Warning:
    """`sign` names the test: alone, verdict, known or later."""

    key: str
    label: str
    sign: str
    words: str


def warnings(
    columns: Mapping[str, Column],
    used: Collection[str],
    won: np.ndarray,
    ids: list[int],
    later: Mapping[str, tuple[int, int]],
) -> list[Warning]:
    """`later`: {column: (values that came after the instant, values in all)}. A column that is set afterwards is
    named even when it cannot be used: somebody may wonder why.
    """
    found: list[Warning] = []
    for column in columns.values():
        late = _set_later(column, *later.get(column.key, (0, 0)), len(won))
        by_value = _by_value(column, won, ids) if column.key in used else []
        found.extend(warning for warning in (late, *by_value) if warning)
    return found


def _set_later(column: Column, late: int, known: int, rows: int) -> Warning | None:
    if known < least(rows) or late < LATER * known:
        return None
    words = f"is mostly set afterwards: {late:,} of {known:,} values came after the lead was looked at"
    return Warning(column.key, column.label, "later", words)


def _by_value(column: Column, won: np.ndarray, ids: list[int]) -> list[Warning | None]:
    known = column.known
    if known.sum() < least(len(won)):
        return []
    binning = binning_of(column)
    places = binning.places(column)
    return [_alone(binning, places, won, ids), _verdict(binning, places, won), _known(column, known, won)]


def _alone(binning: Binning, places: np.ndarray, won: np.ndarray, ids: list[int]) -> Warning | None:
    """One half of the leads says how often each group is won; the other half shows how well that sorts."""
    half = folds(ids, 2)
    found = []
    for number in (0, 1):
        rate = _rates(places[half != number], won[half != number], binning.size)
        found.append(metrics.auc(won[half == number], rate[places[half == number]]))
    value = float(np.mean(found))
    if value < ALONE:
        return None
    return Warning(binning.key, binning.label, "alone", f"alone separates won from not won (AUC {value:.2f})")


def _rates(places: np.ndarray, won: np.ndarray, size: int) -> np.ndarray:
    rows = np.bincount(places, minlength=size)
    hits = np.bincount(places, weights=won, minlength=size)
    return (hits + won.mean()) / (rows + 1)


def _verdict(binning: Binning, places: np.ndarray, won: np.ndarray) -> Warning | None:
    """Some values nearly always won and others nearly never: honest columns have the one or the other."""
    size, words = binning.size, binning.words()
    rows, hits = np.bincount(places, minlength=size), np.bincount(places, weights=won, minlength=size)
    odds = (hits + 0.5) / (rows - hits + 0.5)
    usual = won.sum() / max(len(won) - won.sum(), 1)
    enough = rows >= 2 * least(len(won))
    sure = enough & (odds >= VERDICT * usual) & (hits >= SURE * rows)
    never = enough & (odds <= usual / VERDICT)
    if binning.kind == "number" or not sure.any() or not never.any():
        return None
    best, worst = int(np.argmax(np.where(sure, odds, -1))), int(np.argmin(np.where(never, odds, np.inf)))
    told = [f"“{words[i]}” won {int(hits[i]):,} of {int(rows[i]):,}" for i in (best, worst)]
    return Warning(
        binning.key, binning.label, "verdict", f"reads like the result itself: {told[0]}, {told[1]}"
    )


def _known(column: Column, known: np.ndarray, won: np.ndarray) -> Warning | None:
    """Filled in for one result and hardly for the other, such as a reason for losing."""
    if won.sum() in (0, len(won)):
        return None
    of_won, of_rest = float(known[won == 1].mean()), float(known[won == 0].mean())
    much, little = max(of_won, of_rest), min(of_won, of_rest)
    apart = (much >= KNOWN_OFTEN and little <= KNOWN_HARDLY) or (
        much >= REASON_OFTEN and little <= REASON_HARDLY
    )
    if not apart:
        return None
    words = f"is known for {of_won:.0%} of the won and {of_rest:.0%} of the others"
    return Warning(column.key, column.label, "known", words)
