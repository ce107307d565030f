"""Which column of a file is which field."""

from collections.abc import Iterable, Mapping

from campflow.diagnostics.diagnostic import did_you_mean
from campflow.errors import CampflowError
from campflow.people.cells import Cells, said
from campflow.people.records import Records
from campflow.spreadsheet import as_it_was

#: What a rejects file says beside the row, none of which is about the contact.
REJECTED = ("rejected_line", "rejected_column", "rejected_reason", "rejected_raw")

#: The one by which a rejects file is known.
_MENDED = "rejected_reason"

#: Files of JSON lines may have other keys in every line; this many shapes are remembered.
_SHAPES = 1_000


class Columns:
    """Sorts the values of a row by what they are for.

    `known` are the names campflow has a use for, `aliases` other names for some of them, `mapping` what the user says
    (a column of the file = one of `known`). Upper and lower case are the same in column names.
    Raises CampflowError where the mapping names something unknown.
    """

    def __init__(self, known: Iterable[str], aliases: Mapping[str, str], mapping: Mapping[str, str]) -> None:
        self._known = frozenset(known)
        self._aliases = {alias: name for alias, name in aliases.items() if alias not in self._known}
        self._mapping = dict(mapping)
        self._shapes: dict[tuple[str, ...], dict[str, str | None]] = {}
        for column, name in self._mapping.items():
            if name not in self._known:
                hint = did_you_mean(name, self._known) or f"known are {', '.join(sorted(self._known))}"
                raise CampflowError(f"column `{column}` is mapped to `{name}`, which nothing declares: {hint}")

    def sort(self, values: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
        """The values that are there, by known name; and those of columns that nobody declared, by their own."""
        if _MENDED in values:  # a rejects file that somebody has mended
            values = {name: as_it_was(said) if isinstance(said, str) else said for name, said in values.items()}
        shape = self._shape(tuple(values))
        known: dict[str, object] = {}
        others: dict[str, object] = {}
        for column, value in values.items():
            # A cell that says nothing: what `is_missing` asks, without a call for each.
            if value is None or (isinstance(value, str) and (not value or value.isspace())):
                continue
            name = shape[column]
            if name is not None:
                known[name] = value
            elif column not in REJECTED:
                others[column] = value
        return known, others

    def sort_columns(self, records: Records) -> tuple[dict[str, Cells], dict[str, Cells]]:
        """The same for many rows at once, column by column, with None for values that are not there."""
        shape = self._shape(records.names)
        known: dict[str, Cells] = {}
        others: dict[str, Cells] = {}
        for column, cells in records.columns().items():
            name = shape[column]
            if _MENDED in records.names:
                cells = [as_it_was(cell) if isinstance(cell, str) else cell for cell in cells]
            if name is not None:
                known[name] = said(cells)
            elif column not in REJECTED:
                others[column] = said(cells)
        return known, others

    def check_mapped(self, rows: Iterable[Iterable[str]]) -> None:
        """Raise CampflowError for a mapped column that none of these rows has, of which the columns are given."""
        seen = {column for row in rows for column in row}
        for column in self._mapping:
            if seen and column not in seen:
                hint = did_you_mean(column, seen) or f"it has {', '.join(sorted(seen)[:20])}"
                raise CampflowError(f"the file has no column `{column}`: {hint}")

    def _shape(self, columns: tuple[str, ...]) -> dict[str, str | None]:
        shape = self._shapes.get(columns)
        if shape is None:
            if len(self._shapes) >= _SHAPES:
                self._shapes.clear()
            shape = self._shapes[columns] = self._named(columns)
        return shape

    def _named(self, columns: tuple[str, ...]) -> dict[str, str | None]:
        """The known name of each column; each name is taken once, by what says it most clearly."""
        shape: dict[str, str | None] = dict.fromkeys(columns)
        taken: set[str] = set()
        for column in columns:
            if column in self._mapping:
                shape[column] = self._mapping[column]
                taken.add(self._mapping[column])
        for names in (self._exact, self._aliases.get):
            for column in columns:
                name = names(column.strip().lower())
                if name is not None and shape[column] is None and name not in taken:
                    shape[column] = name
                    taken.add(name)
        return shape

    def _exact(self, column: str) -> str | None:
        return column if column in self._known else None
