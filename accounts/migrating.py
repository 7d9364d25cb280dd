"""What migrations of every app share."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.migrations import AddConstraint, AddField, AddIndex, CreateModel
from django.db.migrations.operations.base import Operation


class AtOnce(Operation):
    """Several operations on the tables as one step, which makes a first start several times as fast.

    Before each operation Django renders anew every model that is related to the one that changes, and with us
    that is nearly every model. Here the state is moved to its end first and rendered once; the tables follow
    in order. A table of this list is made whole: what the list adds to it later is in it already.
    Right as long as no two operations touch the same column of an older table, which is so for what
    `makemigrations` writes. Changes of data stay outside.
    """

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations

    def state_forwards(self, app_label: str, state: Any) -> None:
        state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for operation in self._steps():
            before = from_state if self._knows(from_state, app_label, operation) else to_state
            operation.database_forwards(app_label, schema_editor, before, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        for operation in reversed(list(self._steps())):
            after = to_state if self._knows(to_state, app_label, operation) else from_state
            operation.database_backwards(app_label, schema_editor, from_state, after)

    def describe(self) -> str:
        return "; ".join(operation.describe() for operation in self.operations)

    def _steps(self) -> Iterator[Operation]:
        made = {operation.name_lower for operation in self.operations if isinstance(operation, CreateModel)}
        for operation in self.operations:
            adds = isinstance(operation, AddField | AddIndex | AddConstraint)
            if not (adds and operation.model_name.lower() in made):  # type: ignore[attr-defined]
                yield operation

    @staticmethod
    def _knows(state: Any, app_label: str, operation: Operation) -> bool:
        return (app_label, getattr(operation, "model_name", "").lower()) in state.models
