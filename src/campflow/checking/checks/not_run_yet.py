"""What this version reads and checks, and does not run yet: said plainly, never silently ignored."""

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

from campflow.checking.names import Names
from campflow.checking.tree import find
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.language import syntax

#: Each construct and what happens in its place. A line goes when the engine learns it.
NOT_RUN_YET: dict[type, tuple[str, str]] = {}


@runtime_checkable
class _Placed(Protocol):
    @property
    def span(self) -> Span: ...


def runs_already(files: Sequence[syntax.FlowFile], names: Names) -> Iterator[Diagnostic]:
    """What this version does not run has a warning that says what happens instead: one a campaign and kind."""
    for declaration in (declaration for file in files for declaration in file.declarations):
        for kind, (word, instead) in NOT_RUN_YET.items():
            node = next(find(declaration, kind), None)
            if isinstance(node, _Placed):
                message = f"this version of campflow checks `{word}` but does not run it yet: {instead}"
                yield Diagnostic("not-run-yet", message, _place(node), severity="warning")


def _place(node: _Placed) -> Span:
    """A short place: the name of what stands in a block of its own."""
    match node:
        case syntax.Split(name):
            return name.span
        case _:
            return node.span
