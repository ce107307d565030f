"""Functions of values that plugins add to expressions: `length(first_name) > 20`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from campflow.model.people import ValueType

#: Names that a function cannot have: the figures over events, and words that may stand before a bracket.
TAKEN: frozenset[str] = frozenset({
    "count", "sum", "avg", "min", "max", "first", "last",
    "and", "between", "contains", "did", "if", "in", "is", "no", "not", "or", "starts", "where", "yes",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a function is given at one place. `optional`: it has an answer too where that is missing."""

    type: ValueType
    optional: bool

    def __str__(self) -> str:
        return f"{self.type}{'?' if self.optional else ''}"


@dataclass(frozen=True, slots=True)
class Function:
    """A function of values.

    Where something is missing that is not `optional`, so is what it makes; `partial` says that this may be missing
    otherwise, too. `sql` makes the expression of the database from those of what is given (SQLAlchemy columns, as the
    tables keep such values).
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: ValueType
    partial: bool
    about: str
    sql: Callable[..., Any] = field(compare=False, repr=False)

    def __str__(self) -> str:
        """`length(text) integer`"""
        return f"{self.name}({', '.join(map(str, self.parameters))}) {self.result}{'?' if self.partial else ''}"
