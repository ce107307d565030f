"""The rejects file: refused rows as they were, with the reason, to be mended and imported again."""

import json
from typing import TextIO

from campflow.errors import RowError
from campflow.hooks.contracts import BadRow, Row
from campflow.people.columns import REJECTED
from campflow.spreadsheet import CsvTable

#: Not the names of anybody's own columns; an import of the mended file leaves them out.
_OURS = REJECTED


class RejectsFile:
    """Writes refused rows to a stream opened with `newline=""`; give its `refuse` to an import.

    The first row decides the columns. `rejected_raw` holds what does not fit them: a record that could not be read, a
    JSON object with other keys.
    """

    def __init__(self, stream: TextIO) -> None:
        self._table = CsvTable(stream)
        self._names: tuple[str, ...] | None = None

    def refuse(self, error: RowError, row: Row | BadRow) -> None:
        if self._names is None:
            values = row.values if isinstance(row, Row) else {}
            self._names = tuple(name for name in values if name not in _OURS)
            self._table.row((*self._names, *_OURS))
        cells, raw = self._cells(row, self._names)
        self._table.row((*cells, error.line, error.column, error.reason, raw))

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
