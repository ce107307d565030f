"""A resolved expression together with how and where it was written: what rules about types look at."""

from dataclasses import dataclass

from campflow.checking.texts import Texts
from campflow.diagnostics.source import Span
from campflow.model.expressions import Constant, Expression
from campflow.model.people import Duration, ValueType

_LONGEST = 40


@dataclass(frozen=True, slots=True)
class Operand:
    value: Expression
    texts: Texts
    span: Span

    @property
    def written(self) -> str:
        """The source text on one line; empty where it is not at hand."""
        return self.texts.written(self.span)

    @property
    def type(self) -> ValueType:
        return self.value.type

    @property
    def text(self) -> str:
        """The operand in a sentence: its source in code quotes, or "this" where that would be long."""
        return f"`{self.written}`" if 0 < len(self.written) <= _LONGEST else "this"

    @property
    def fixed_text(self) -> str | None:
        """The value of a text that was written down, else None."""
        value = self.value.value if isinstance(self.value, Constant) and self.type.kind == "text" else None
        return value if isinstance(value, str) else None

    @property
    def is_fixed_duration(self) -> bool:
        return isinstance(self.value, Constant) and isinstance(self.value.value, Duration)

    def __str__(self) -> str:
        """The operand inside a piece of code that a hint proposes."""
        return self.written if 0 < len(self.written) <= _LONGEST else "…"
