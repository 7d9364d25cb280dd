"""The kernel with a memory: one compiled model per version and process, fed with arrays read from the database."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from leads.fields import raw_columns
from scoring import batch, facts
from scoring.compiler import CompiledModel
from scoring.fit import Column, encode_raw, fit_points
from scoring.language import Model

MANY = 5_000  # leads from which it pays to know every shape beforehand, and to leave out what no rule counts
KEPT = 4  # compiled models a process remembers: the one in force, and a few drafts under test

_compiled: OrderedDict[Model, CompiledModel] = OrderedDict()


def score(
    model: Model, lead_ids: np.ndarray, columns: Mapping[str, Sequence[Any] | Column], as_of: int
) -> batch.Scores:
    """Scores of these leads (ascending ids) as of an instant in microseconds; facts are read here.

    `columns` holds field values parallel to `lead_ids`.
    """
    compiled = compiled_for(model)
    if len(lead_ids) >= MANY:
        compiled.extend(facts.shapes_after(compiled.last_shape))
    read = facts.of_leads(
        lead_ids,
        amounts=compiled.reads_amounts,
        idle=lambda end: compiled.idle_shapes(as_of - end),
    )
    unseen = compiled.missing(np.flatnonzero(np.bincount(read.shape)).tolist())
    if unseen:
        compiled.extend(facts.shapes(unseen))
    return batch.score_many(compiled, read, fit_points(model, columns, len(lead_ids)), as_of)


def fields_of(lead_ids: Sequence[int], model: Model) -> dict[str, Column]:
    """The fields that fit rules ask for, as they are now."""
    raw = raw_columns(lead_ids, fields_read(model))
    return {key: encode_raw(*column) for key, column in raw.items()}


def compiled_for(model: Model) -> CompiledModel:
    if model not in _compiled:
        _compiled[model] = CompiledModel(model)
        while len(_compiled) > KEPT:
            _compiled.popitem(last=False)
    _compiled.move_to_end(model)
    return _compiled[model]


def fields_read(model: Model) -> list[str]:
    """The lead fields that fit rules ask for; only these need to be fetched."""
    return sorted({condition.field for rule in model.active("fit") for condition in rule.conditions})
