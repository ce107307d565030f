"""What is known while one campaign is resolved."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from campflow.checking.scope import Scope
from campflow.checking.wording import names as say
from campflow.language import syntax


@dataclass(frozen=True, slots=True)
class Inside:
    """`scope` is that of the campaign's stages. `orders` numbers its items; `sends` are those of the stage so far."""

    scope: Scope
    stages: tuple[str, ...]
    orders: Iterator[int]
    sends: list[tuple[str, str]]

    def known(self, kind: str, name: syntax.Name, known: Iterable[str], of: str | None = None) -> bool:
        """Whether the name is among `known`; reports where not."""
        listed = sorted(known)
        if name.text in listed:
            return True
        self.scope.report(say.unknown(kind, name, listed, of=of))
        return False

    def is_stage(self, name: syntax.Name) -> bool:
        """Whether an arrow to that name leads anywhere; reports where not."""
        if name.text in self.stages:
            return True
        self.scope.report(say.unknown("stage", name, self.stages))
        return False
