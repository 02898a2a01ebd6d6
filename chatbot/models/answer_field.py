"""The column that keeps an answer."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import models

_ORDER = (
    *("kind", "recommend", "challenges", "help", "stopped"),
    *("title", "description", "category", "label", "lines", "name", "number"),
)
"""Of an answer and of its challenges, as the ``close`` event has them."""


class AnswerField(models.JSONField):
    """JSON whose keys are read in the order of the ``close`` event: PostgreSQL keeps them in an order of its own, and
    what a client gets later is to be what it got at first, to the byte."""

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:
        name, _, arguments, options = super().deconstruct()
        return name, "django.db.models.JSONField", arguments, options  # the column is the same

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return _in_order(super().from_db_value(value, expression, connection))


def _in_order(value: Any) -> Any:
    match value:
        case Mapping():
            known = [key for key in _ORDER if key in value]
            return {key: _in_order(value[key]) for key in [*known, *(key for key in value if key not in known)]}
        case list():
            return [_in_order(each) for each in value]
        case _:
            return value
