"""Two questions that Django has no word for.

`filter(email__any=[…])`               a thousand values as one array, where `__in` would send a thousand parameters
`filter(address__within="10.0.0.0/8")` an address in a range
"""

from __future__ import annotations

from typing import Any

from django.db.models import Field, GenericIPAddressField, Lookup


class AnyOf(Lookup):
    """The values must be plain and of the column's own type."""

    lookup_name = "any"
    prepare_rhs = False

    def get_prep_lookup(self) -> Any:
        return list(self.rhs)

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        return "%s", [value]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} = ANY({right})", [*left_params, *right_params]


class Within(Lookup):
    lookup_name = "within"
    prepare_rhs = False

    def get_db_prep_lookup(self, value: Any, connection: Any) -> Any:
        return "%s", [str(value)]

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} <<= {right}::inet", [*left_params, *right_params]


def register() -> None:
    """Once, when the app is ready."""
    Field.register_lookup(AnyOf)
    GenericIPAddressField.register_lookup(Within)
