"""A mapping file somebody wrote by hand: its shape, checked key by key before anything else looks at it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping as MappingABC
from typing import Any

from leads.importing.mapping import BadMapping
from leads.importing.presets import OPT_OUT

KEYS = ("columns", "outcome", "prefix")
OUTCOME_KEYS = ("column", "won", "lost")


def parse(content: bytes) -> dict[str, Any]:
    """The file as data of the right shape. Raises BadMapping."""
    try:
        data = json.loads(content.decode("utf-8-sig"), object_pairs_hook=_each_key_once)
    except UnicodeDecodeError as error:
        raise BadMapping("The mapping file is not UTF-8.") from error
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadMapping(f"The mapping file is not JSON: {error}.") from error
    _check(data)
    found: dict[str, Any] = data
    return found


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadMapping(f"The mapping file has “{twice}” twice in one object.")
    return dict(pairs)


def _check(data: Any) -> None:
    if not isinstance(data, dict):
        raise BadMapping("The mapping file must hold one JSON object.")
    _known("The mapping file", data, KEYS)
    _check_columns(data.get("columns"))
    _check_outcome(data.get("outcome"))
    if not isinstance(data.get("prefix", ""), str):
        raise BadMapping("“prefix” must be text.")


def _known(where: str, data: MappingABC[str, Any], keys: tuple[str, ...]) -> None:
    unknown = [name for name in data if name not in keys]
    if unknown:
        raise BadMapping(f"{where} has an unknown key “{unknown[0]}”. Known: {', '.join(keys)}.")


def _check_columns(columns: Any) -> None:
    if not isinstance(columns, dict):
        raise BadMapping("“columns” must be an object of column names and fields.")
    taken: dict[str, str] = {}
    for column, target in columns.items():
        if not isinstance(target, str | None):
            raise BadMapping(f"“columns”, “{column}”: must be the name of a field in quotes, or null.")
        if target in taken:
            raise BadMapping(f"“columns”: both “{taken[target]}” and “{column}” go to {target}. Choose one.")
        if target not in (None, "custom", OPT_OUT):  # whoever is marked in any column must not be mailed
            taken[target] = column


def _check_outcome(outcome: Any) -> None:
    if outcome is None:
        return
    if not isinstance(outcome, dict):
        raise BadMapping("“outcome” must be an object with “column”, “won” and “lost”.")
    _known("“outcome”", outcome, OUTCOME_KEYS)
    if not isinstance(outcome.get("column"), str):
        raise BadMapping("“outcome”, “column”: must be the name of a column in quotes.")
    for name in ("won", "lost"):
        values = outcome.get(name, [])
        if not isinstance(values, list) or not all(isinstance(v, str | int | float) for v in values):
            raise BadMapping(f'“outcome”, “{name}”: must be a list of values, such as ["yes", "1"].')
