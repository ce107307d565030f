"""The rejects file: refused rows as they were, with the reason, to be mended and imported again."""

import csv
import json
from typing import TextIO

from campflow.errors import RowError
from campflow.hooks.contracts import BadRow, Row
from campflow.people.columns import REJECTED

#: Not the names of anybody's own columns; an import of the mended file leaves them out.
_OURS = REJECTED

#: A spreadsheet takes a cell that begins so for a formula, and runs it.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class RejectsFile:
    """Writes refused rows to a stream opened with `newline=""`; give its `refuse` to an import.

    The first row decides the columns. `rejected_raw` holds what does not fit them: a record that could not be read, a
    JSON object with other keys.
    """

    def __init__(self, stream: TextIO) -> None:
        self._writer = csv.writer(stream)
        self._names: tuple[str, ...] | None = None

    def refuse(self, error: RowError, row: Row | BadRow) -> None:
        if self._names is None:
            values = row.values if isinstance(row, Row) else {}
            self._names = tuple(name for name in values if name not in _OURS)
            self._writer.writerow([_safe(cell) for cell in (*self._names, *_OURS)])
        cells, raw = self._cells(row, self._names)
        self._writer.writerow([_safe(cell) for cell in (*cells, error.line, error.column, error.reason, raw)])

    def _cells(self, row: Row | BadRow, names: tuple[str, ...]) -> tuple[list[str], str]:
        if isinstance(row, BadRow):
            return [""] * len(names), row.raw
        others = {name: value for name, value in row.values.items() if name not in names and name not in _OURS}
        raw = json.dumps(dict(row.values), ensure_ascii=False, default=str) if others else ""
        return [_text(row.values.get(name)) for name in names], raw


def _text(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _safe(cell: object) -> str:
    text = str(cell).encode("utf-8", "replace").decode()
    return f"'{text}" if text.startswith(_FORMULA) else text
