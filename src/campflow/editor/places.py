"""Places in a text: campflow counts characters in lines, an editor counts code units in lines of its own.

To campflow only a line feed ends a line, and a byte order mark is no part of the text. To an editor a lone carriage
return ends a line as well, the mark is a character, and an emoji is two code units wide (in UTF-16).
"""

import re
from bisect import bisect_right
from collections.abc import Callable

from lsprotocol import types

from campflow.diagnostics.source import Span

_WIDTHS: dict[str, Callable[[str], int]] = {
    "utf-8": lambda text: len(text.encode("utf-8", "surrogatepass")),
    "utf-16": lambda text: len(text.encode("utf-16-le", "surrogatepass")) // 2,
    "utf-32": len,
}


class Places:
    """The places of one text. `encoding` is what the editor counts: utf-8, utf-16 or utf-32."""

    def __init__(self, text: str, encoding: str = "utf-16") -> None:
        self.text = text
        self._width = _WIDTHS[encoding]
        self._mark = 1 if text.startswith("\ufeff") else 0
        self._lines = [self._mark, *(end.end() for end in re.finditer("\n", text))]
        self._editor_lines = [0, *(end.end() for end in re.finditer("\r\n|\n|\r", text))]

    # --- campflow's places --------------------------------------------------------------------------------------

    def offset(self, line: int, column: int) -> int:
        """How many characters stand before a line and column (from 1); what lies past a line's end is its end."""
        if line > len(self._lines):
            return len(self.text)
        start = self._lines[line - 1]
        end = self._lines[line] - 1 if line < len(self._lines) else len(self.text)
        return max(min(start + column - 1, end), start)

    def line_and_column(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self._lines, offset) or 1
        return line, max(offset - self._lines[line - 1], 0) + 1

    def written(self, span: Span) -> str:
        return self.text[self.offset(span.line, span.column) : self.offset(span.end_line, span.end_column)]

    # --- the editor's places ------------------------------------------------------------------------------------

    def position(self, offset: int) -> types.Position:
        line = bisect_right(self._editor_lines, offset) - 1
        return types.Position(line, self._width(self.text[self._editor_lines[line] : offset]))

    def range(self, span: Span) -> types.Range:
        start = self.offset(span.line, span.column)
        end = max(self.offset(span.end_line, span.end_column), start)
        return types.Range(self.position(start), self.position(end))

    def whole(self) -> types.Range:
        return types.Range(types.Position(0, 0), self.position(len(self.text)))

    def offset_of(self, position: types.Position) -> int:
        """The offset of an editor's place; one inside a character, or past the end of its line, is moved before it."""
        if position.line >= len(self._editor_lines):
            return len(self.text)
        start = self._editor_lines[position.line]
        last = position.line + 1 == len(self._editor_lines)
        line = self.text[start : None if last else self._editor_lines[position.line + 1]].rstrip("\r\n")
        if line.isascii():
            return start + min(position.character, len(line))
        width = 0
        for count, character in enumerate(line):
            width += self._width(character)
            if width > position.character:
                return start + count
        return start + len(line)
