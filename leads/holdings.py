"""What we hold on a person, table by table: the one register that export and erasure go by.

Each app says it in a module of `settings.PERSONAL_DATA`. A table that hangs on a lead, or holds addresses, and stands
in none of them fails a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db.models import Model


@dataclass(frozen=True)
class Holding:
    """Rows of one table that are about a person.

    `path` leads from the row to the lead; empty when only an address tells. `addresses` are columns with one,
    `lists` columns with several, `values` JSON in which one may be any value. At an erasure rows vanish; with `blank`
    they stay as anonymous counts, with these values in these columns.
    """

    model: str
    words: str
    path: str = "lead"
    addresses: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    blank: Mapping[str, Any] | None = None
    only: Mapping[str, Any] = field(
        default_factory=dict
    )  # blank these alone; the others say nothing of a person

    @property
    def rows(self) -> type[Model]:
        return apps.get_model(self.model)

    @property
    def history(self) -> type[Model] | None:
        """The table of its former states, if there is one."""
        return getattr(self.rows, "pgh_event_model", None)


@lru_cache(maxsize=1)
def holdings() -> tuple[Holding, ...]:
    return tuple(one for module in _modules() for one in module.HOLDINGS)


def anonymous() -> dict[str, str]:
    """{table: why nothing in it is about a person, though it hangs on one}"""
    return {name: why for module in _modules() for name, why in module.ANONYMOUS.items()}


def endings() -> list[Any]:
    """What must stop before rows go: functions that take the ids of leads."""
    return [module.stop for module in _modules() if hasattr(module, "stop")]


def _modules() -> list[Any]:
    return [import_module(path) for path in settings.PERSONAL_DATA]
