"""CSV, which people open in spreadsheets: the one module that writes it."""

import csv
from collections.abc import Iterable
from typing import TextIO

#: A spreadsheet takes a cell that begins so for a formula, and runs it; the last four where it speaks Japanese.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class CsvTable:
    """Rows of a stream opened with `newline=""`. No cell is a formula: a text that looks like one begins with `'`."""

    def __init__(self, stream: TextIO) -> None:
        self._writer = csv.writer(stream)

    def row(self, cells: Iterable[object]) -> None:
        """Texts and numbers; what is missing is an empty cell. A number stays one, with its sign."""
        self._writer.writerow([cell if isinstance(cell, int | float) else _text(cell) for cell in cells])


def _text(cell: object) -> str:
    text = "" if cell is None else str(cell).encode("utf-8", "replace").decode()
    return f"'{text}" if _is_marked(text) else text


def as_it_was(cell: str) -> str:
    """A text that such a table holds, as it was before it was written."""
    return cell[1:] if cell.startswith("'") and _is_marked(cell) else cell


def _is_marked(text: str) -> bool:
    """A formula, or one that has marks in front already: with one more it can be told what it was."""
    return text.lstrip("'").startswith(FORMULA)
