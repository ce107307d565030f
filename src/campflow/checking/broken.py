"""In which campaigns the errors of a project stand."""

from collections.abc import Iterator, Sequence

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.language import syntax


def broken(files: Sequence[syntax.FlowFile], diagnostics: Sequence[Diagnostic]) -> tuple[str, ...]:
    """The campaigns in which, or in whose tests, all errors stand; none where an error stands elsewhere."""
    homes = tuple(_homes(files))
    found = []
    for each in diagnostics:
        if each.severity == "error":
            home = next((name for name, span in homes if _covers(span, each.span)), None)
            if home is None:
                return ()
            found.append(home)
    return tuple(dict.fromkeys(found))


def _homes(files: Sequence[syntax.FlowFile]) -> Iterator[tuple[str, Span]]:
    for file in files:
        for node in file.declarations:
            match node:
                case syntax.CampaignDeclaration(name) | syntax.TestDeclaration(campaign=name):
                    yield name.text, node.span


def _covers(outer: Span, inner: Span) -> bool:
    start, end = (inner.line, inner.column), (outer.end_line, outer.end_column)
    return outer.path == inner.path and (outer.line, outer.column) <= start <= end
