"""Where a name is declared, and everywhere that it stands."""

from collections.abc import Iterator

from campflow.diagnostics.source import Span
from campflow.editor.index import Occurrence
from campflow.editor.view import View


def definition(view: View, path: str, offset: int) -> Iterator[Span]:
    """The declarations of the name at an offset; of a message, its content files: the plain ones first."""
    here = _at(view, path, offset)
    if here is None:
        return
    for declared in view.index.declarations(here.symbols):
        yield declared.span
    content = view.names.vocabulary.content
    for symbol in here.symbols:
        if symbol.kind == "message":
            for file in sorted(content.variants(symbol.owner, symbol.name), key=lambda each: each.language or ""):
                yield Span(file.path, 1, 1, 1, 1)


def references(view: View, path: str, offset: int, declarations: bool) -> list[Occurrence]:
    """Every place where the thing at an offset is named, with its declarations or without."""
    here = _at(view, path, offset)
    found = view.index.of(here.symbols) if here else []
    return [each for each in found if declarations or not each.declares]


def _at(view: View, path: str, offset: int) -> Occurrence | None:
    return view.index.at(path, *view.places(path).line_and_column(offset))
