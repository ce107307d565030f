"""The text of statements and expressions as it was written, for messages and for `explain`."""

import re
from collections.abc import Mapping

from campflow.diagnostics.source import Source, Span

#: A text in quotes is kept as it is; comments go, and runs of blanks become one.
_PIECES = re.compile(r'(?P<quoted>"(?:\\.|[^"\\\n])*")|(?P<comment>#[^\n]*)|(?P<blanks>\s+)|(?P<other>[^"#\s]+|.)')
#: A comment, or blanks that are not just one.
_UNUSUAL = re.compile(r"#|[ ]{2}|[\n\t\r]")


class Texts:
    """Cuts spans out of the sources; a place in a file that is not among them gives the empty text."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._lines = {path: source.text.removeprefix("\ufeff").split("\n") for path, source in sources.items()}

    def written(self, span: Span) -> str:
        """What stands at the span, on one line: without comments, its blanks folded."""
        lines = self._lines.get(span.path, [])[span.line - 1 : span.end_line]
        if not lines:
            return ""
        if len(lines) == 1:
            return _folded(lines[0][span.column - 1 : span.end_column - 1])
        lines[-1] = lines[-1][: span.end_column - 1]
        lines[0] = lines[0][span.column - 1 :]
        return _folded("\n".join(lines))

    def words_of_line(self, span: Span) -> frozenset[str]:
        """All words on the lines of the span."""
        lines = self._lines.get(span.path, [])[span.line - 1 : span.end_line]
        return frozenset(re.findall(r"\w+", " ".join(lines)))


def _folded(text: str) -> str:
    if not _UNUSUAL.search(text):
        return text.strip()  # as most statements are written
    kept: list[str] = []
    for match in _PIECES.finditer(text):
        piece = " " if match.lastgroup in ("blanks", "comment") else match.group()
        if piece != " " or (kept and kept[-1] != " "):
            kept.append(piece)
    return "".join(kept).strip()
