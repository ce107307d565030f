"""What a template reads with a dot."""

from collections.abc import Callable, Mapping
from typing import Any


class Record:
    """Named values that a template reads with a dot, and nothing else: `contact.items` is a field, never a method."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __str__(self) -> str:
        """Nobody wants a person's every field in a letter."""
        return ""


def fields_of(record: Record) -> Mapping[str, Any]:
    """All of them."""
    return record._values


def reader_of(root: str, field: str) -> Callable[[Mapping[str, Any]], Any]:
    """What `names[root][field]` is, for those who ask often. Raises TypeError where `names[root]` is no record."""

    def read(names: Mapping[str, Any]) -> Any:
        record = names[root]
        if type(record) is not Record:
            raise TypeError
        return record._values[field]

    return read
