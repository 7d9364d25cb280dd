"""Charts of the model card as points of an SVG drawn by the server, each with the table behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from math import ceil
from typing import Any

import numpy as np

WIDTH, HEIGHT = 560, 250
LEFT, RIGHT, TOP, BOTTOM = 44, 548, 16, 196  # of the drawing area


@dataclass(frozen=True)
class Dot:
    """`low` and `high` are the ends of its whisker."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True)
class Plot:
    """Ticks and labels are (place, words); of labels below the axis the second line is a base."""

    key: str
    title: str
    words: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    ticks: Sequence[tuple[float, str]]
    labels: Sequence[tuple[float, str, str]]
    dots: Sequence[Dot] = ()
    bars: Sequence[Bar] = ()
    path: str = ""
    reference: str = ""
    legend: Sequence[tuple[str, str]] = field(default_factory=tuple)


def percent(share: float, places: int = 0) -> str:
    return f"{100 * share:.{places}f}%"


def _top(values: Iterable[float]) -> float:
    """The end of the axis: the next full step above all values."""
    most = max(values, default=0)
    step = _step(most)
    return min(1.0, step * max(1, ceil(most / step - 1e-9)))


def _step(most: float) -> float:
    return next(step for step in (0.02, 0.05, 0.1, 0.2) if most <= 5 * step + 1e-9)


def _y(value: float, low: float, high: float) -> float:
    return round(BOTTOM - (BOTTOM - TOP) * (value - low) / (high - low), 1)


def _ticks(top: float) -> list[tuple[float, str]]:
    return [(_y(value, 0, top), percent(value)) for value in _marks(top)]


def _marks(top: float) -> list[float]:
    step = _step(top)
    return [step * i for i in range(round(top / step) + 1)]


def _places(count: int) -> list[float]:
    step = (RIGHT - LEFT) / count
    return [round(LEFT + step * (i + 0.5), 1) for i in range(count)]


def _path(points: Iterable[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _share(band: dict[str, Any]) -> float:
    return band["won"] / band["rows"]


def _row(name: str, band: dict[str, Any]) -> list[str]:
    between = f"{percent(band['low'])}–{percent(band['high'])}"
    return [name, f"{band['rows']:,}", percent(band["said"], 1), percent(_share(band), 1), between]


HEADS = ("Leads", "Said", "Won", "95% interval")


def calibration(bands: Sequence[dict[str, Any]]) -> Plot:
    """What was said against what came true; honest probabilities lie on the diagonal."""
    top = _top([band["high"] for band in bands] + [band["said"] for band in bands])
    x = [LEFT + (RIGHT - LEFT) * band["said"] / top for band in bands]
    marks = [(round(LEFT + (RIGHT - LEFT) * at / top, 1), percent(at), "") for at in _marks(top)]
    return Plot(
        "calibration",
        "Calibration",
        "Leads held back, in groups of one size by what was said of them. On the dashed line as many were won.",
        ("Group", *HEADS),
        [_row(str(i), band) for i, band in enumerate(bands, 1)],
        _ticks(top),
        marks,
        dots=_dots(x, bands, top),
        reference=_path([(LEFT, BOTTOM), (RIGHT, TOP)]),
        legend=(("1", "Won, with 95% interval, by what was said"),),
    )


def _dots(x: Sequence[float], bands: Sequence[dict[str, Any]], top: float) -> list[Dot]:
    return [
        Dot(round(at, 1), _y(_share(band), 0, top), _y(band["low"], 0, top), _y(band["high"], 0, top))
        for at, band in zip(x, bands, strict=True)
    ]


def months(bands: Sequence[dict[str, Any]], most: int = 12) -> Plot:
    """The newest months: does what is said stay true?"""
    shown = bands[-most:]
    top = _top([band["high"] for band in shown if band["rows"] >= 5] + [band["said"] for band in shown])
    clipped = [band | {"high": min(band["high"], top)} for band in shown]
    x = _places(len(shown))
    return Plot(
        "months",
        "Calibration by month",
        "By the month in which the lead was looked at; said by models that did not see it.",
        ("Month", *HEADS),
        [_row(band["month"], band) for band in bands],
        _ticks(top),
        [(at, _month(band["month"]), f"{band['rows']:,}") for at, band in zip(x, shown, strict=True)],
        dots=_dots(x, clipped, top),
        path=_path((at, _y(band["said"], 0, top)) for at, band in zip(x, shown, strict=True)),
        legend=(("1", "Won, with 95% interval"), ("2", "Said")),
    )


def _month(text: str) -> str:
    return f"{date.fromisoformat(text + '-01'):%b %y}"


def lift(bands: Sequence[dict[str, Any]]) -> Plot:
    """Tenths of the leads, most likely first, against what all of them have in common."""
    usual = sum(band["won"] for band in bands) / sum(band["rows"] for band in bands)
    top = _top([_share(band) for band in bands])
    x = _places(len(bands))
    width = round(0.7 * (RIGHT - LEFT) / len(bands), 1)
    return Plot(
        "lift",
        "Lift by tenth",
        f"Leads held back, the most likely tenth first. The dashed line is the usual share, {percent(usual, 1)}.",
        ("Tenth", *HEADS, "Lift"),
        [[*_row(str(i), band), _times(band, usual)] for i, band in enumerate(bands, 1)],
        _ticks(top),
        [(at, str(i), "") for i, at in enumerate(x, 1)],
        bars=[_bar(at, width, band, top, _times(band, usual)) for at, band in zip(x, bands, strict=True)],
        reference=_path([(LEFT, _y(usual, 0, top)), (RIGHT, _y(usual, 0, top))]),
    )


def _times(band: dict[str, Any], usual: float) -> str:
    return f"{_share(band) / usual:.1f}×" if usual else "not known"


def _bar(at: float, width: float, band: dict[str, Any], top: float, label: str) -> Bar:
    y = _y(_share(band), 0, top)
    return Bar(round(at - width / 2, 1), y, width, round(BOTTOM - y, 1), label)


def curve(points: Sequence[dict[str, Any]]) -> Plot:
    """AUC by the number of leads learnt from: a line that still rises says that more outcomes would help."""
    most = max((point["rows"] for point in points), default=1)
    low = min([0.5, *(point["auc"] for point in points)])
    place = [(LEFT + (RIGHT - LEFT) * point["rows"] / most, _y(point["auc"], low, 1.0)) for point in points]
    return Plot(
        "curve",
        "Learning curve",
        "AUC on the leads held back, had it learnt from fewer. A line that still rises asks for more outcomes.",
        ("Learnt from", "AUC"),
        [[f"{point['rows']:,}", f"{point['auc']:.3f}"] for point in points],
        [(_y(at, low, 1.0), f"{at:.2f}") for at in np.linspace(low, 1.0, 6).tolist()],
        [(round(x, 1), f"{point['rows']:,}", "") for (x, _), point in zip(place, points, strict=True)],
        dots=[Dot(round(x, 1), y, y, y) for x, y in place],
        path=_path(place) if place else "",
    )
