"""Records of a source that have the same columns, kept together: so a column of them can be read at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from campflow.hooks.contracts import BadRow, Row


@dataclass(slots=True)
class Records:
    """Records in the order of their input: the line on which each begins, and its cells, as many as there are names."""

    names: tuple[str, ...]
    lines: list[int] = field(default_factory=list)
    cells: list[Sequence[object]] = field(default_factory=list)

    def row(self, place: int) -> Row:
        """The record at a place, counted from 0."""
        return Row(self.lines[place], dict(zip(self.names, self.cells[place], strict=True)))

    def columns(self) -> dict[str, Sequence[object]]:
        """The cells of each column."""
        return dict(zip(self.names, zip(*self.cells, strict=True), strict=True))


@runtime_checkable
class RecordSource(Protocol):
    """A source that can give many records of the same columns together, which is quicker than one by one."""

    def records(self, lines: Iterable[bytes]) -> Iterator[Records | Row | BadRow]:
        """What its `rows` would be, in their order."""


@dataclass(slots=True)
class Batch:
    """Records that are written together, by their columns, and those that could not even be read."""

    groups: dict[tuple[str, ...], Records] = field(default_factory=dict)
    bad: list[BadRow] = field(default_factory=list)
    size: int = 0

    def add(self, found: Records | Row | BadRow) -> None:
        if isinstance(found, BadRow):
            self.bad.append(found)
            self.size += 1
            return
        names = found.names if isinstance(found, Records) else tuple(found.values)
        group = self.groups.get(names)
        if group is None:
            group = self.groups[names] = Records(names)
        if isinstance(found, Records):
            group.lines += found.lines
            group.cells += found.cells
            self.size += len(found.lines)
        else:
            group.lines.append(found.line)
            group.cells.append(tuple(found.values.values()))
            self.size += 1
