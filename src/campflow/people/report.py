"""What an import did, and how it tells while it does it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from campflow.errors import RowError
from campflow.hooks.contracts import BadRow, Row, Source
from campflow.people.cycles import without_looking_for_cycles
from campflow.people.records import Batch, Records, RecordSource
from campflow.people.wording import BadCell

#: A batch is written in one short transaction. Both limits keep memory flat.
BATCH_ROWS = 10_000
BATCH_BYTES = 4_000_000

Refused = Callable[[RowError, Row | BadRow], None]
Progress = Callable[[int, int], None]

_MOST_IGNORED = 100


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Rows of an import: read = added + changed + unchanged + refused.

    Further rows of one contact in one batch count as unchanged. `ignored` are columns of events that nobody declared.
    """

    read: int
    added: int
    changed: int
    unchanged: int
    refused: int
    ignored: tuple[str, ...] = ()


@dataclass(slots=True)
class Tally:
    """A report in the making. Refusals are told in the order of the file, batch by batch."""

    on_refused: Refused | None = None
    read: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    ignored: dict[str, None] = field(default_factory=dict)
    _waiting: list[tuple[RowError, Row | BadRow]] = field(default_factory=list)

    def refuse(self, row: Row | BadRow, column: str, reason: str) -> None:
        self._waiting.append((RowError(row.line, column, reason), row))

    def refuse_cell(self, row: Row, error: BadCell) -> None:
        self.refuse(row, error.column, error.reason)

    def ignore(self, columns: Iterable[str]) -> None:
        for column in columns:
            if len(self.ignored) < _MOST_IGNORED:
                self.ignored[column] = None

    def tell_refused(self) -> None:
        """The batch is written: say what was refused in it."""
        self.refused += len(self._waiting)
        for error, row in sorted(self._waiting, key=lambda waiting: waiting[1].line):
            if self.on_refused is not None:
                self.on_refused(error, row)
        self._waiting.clear()

    def report(self) -> ImportReport:
        return ImportReport(self.read, self.added, self.changed, self.unchanged, self.refused, tuple(self.ignored))


class Batches:
    """The records of a source in batches; `bytes` counts what was taken from the input so far."""

    def __init__(self, source: Source, lines: Iterable[bytes]) -> None:
        self.bytes = 0
        counted = self._counted(lines)
        self._found: Iterable[Records | Row | BadRow] = (
            source.records(counted) if isinstance(source, RecordSource) else source.rows(counted)
        )

    def __iter__(self) -> Iterator[Batch]:
        with without_looking_for_cycles():
            yield from self._batches()

    def _batches(self) -> Iterator[Batch]:
        batch = Batch()
        begun = self.bytes
        for found in self._found:
            batch.add(found)
            if batch.size >= BATCH_ROWS or self.bytes - begun >= BATCH_BYTES:
                yield batch
                batch, begun = Batch(), self.bytes
        if batch.size:
            yield batch

    def _counted(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self.bytes += len(line)
            yield line
