"""What the resolver made of each place of the text: the sound parts of a mistaken campaign are here as well."""

from dataclasses import dataclass, field
from typing import TypeVar

from campflow.diagnostics.source import Span
from campflow.model.expressions import Expression

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Placed:
    """Conditions and statements by the span of their syntax node. What is mistaken is in neither."""

    conditions: dict[Span, Expression] = field(default_factory=dict)
    statements: dict[Span, object] = field(default_factory=dict)

    def statement(self, span: Span, kind: type[T]) -> T | None:
        """What became of the statement written there, None where it is mistaken."""
        found = self.statements.get(span)
        return found if isinstance(found, kind) else None
