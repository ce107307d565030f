"""A project's database, copied into another one of the same kind or the other: streamed, compared, whole or not at all.

The source is read as it was at one moment. Rows are read in small lots and written in one transaction: where anything
fails, the target stays as empty as it was.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnClause,
    Connection,
    Float,
    Integer,
    Table,
    column,
    delete,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.types import TypeEngine

from campflow.errors import StoreError
from campflow.storage import bulk
from campflow.storage.database import Database, database_now
from campflow.storage.found_by import DISTRIBUTED
from campflow.storage.schema import pending
from campflow.storage.tables import Tables, Text

#: Rows in memory at a time.
LOT = 5_000

#: Gets the table, and how many of its rows are there.
Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Content:
    """What a table holds: how many rows, and a number made of all their values, in whatever order they come."""

    rows: int
    sum: int

    def __str__(self) -> str:
        return f"{self.rows:,} rows, {self.sum:032x}"


def copy(source: Database, url: str, on_progress: Progress | None = None) -> dict[str, Content]:
    """Copy all rows of `source` into the empty database at `url`. Gives what each table holds, by its name.

    Raises StoreError where the source has to be upgraded first, where a daemon is sending out of it, where the target
    is not empty, and where what arrived is not what was sent (then, too, the target is left empty).
    """
    if pending(source):
        raise StoreError("the database is not up to date: run `campflow db upgrade` first")
    with ExitStack() as opened:
        reading = opened.enter_context(source.reader())
        _check_nobody_sends(reading, source.tables)
        target = Database(url, source.tables)
        opened.callback(target.close)
        if not pending(target).is_new:
            raise StoreError(f"there is a project in {target.url.render_as_string()} already: name an empty database")
        writing = opened.enter_context(target.transaction())
        source.tables.metadata.create_all(writing, checkfirst=False)
        wholes = [_whole(reading, writing, table) for table in source.tables.metadata.sorted_tables]
        sent = {whole.table.name: _pour(reading, writing, whole, on_progress) for whole in wholes}
        for whole in wholes:
            _go_on_counting(reading, writing, whole.table)
        for whole in wholes:
            arrived = _content(writing, whole)
            if arrived != sent[whole.table.name]:
                raise StoreError(f"{whole.table.name} did not arrive: {sent[whole.table.name]} left, {arrived} came")
        # Where the copy lies, rows are not shared out among machines.
        writing.execute(delete(source.tables.setting).where(source.tables.setting.c.name == DISTRIBUTED))
        # Let the database count what it holds now: the first ticks would be planned for empty tables.
        writing.exec_driver_sql("ANALYZE")
        return sent


def _check_nobody_sends(connection: Connection, tables: Tables) -> None:
    b, e, now = tables.batch.c, tables.errand.c, database_now(connection)
    leases = (
        select(b.batch_id).where(b.closed_at.is_(None), b.leased_until > now),
        select(e.errand_id).where(e.state == "running", e.leased_until > now),
    )
    if any(connection.execute(lease.limit(1)).first() for lease in leases):
        raise StoreError("a daemon is sending out of this database: stop it, and copy then")


@dataclass(frozen=True, slots=True)
class _Whole:
    """A table, and all the columns it has: those of fields that are declared no longer, too."""

    table: Table
    columns: tuple[ColumnClause[Any], ...]


def _whole(reading: Connection, writing: Connection, table: Table) -> _Whole:
    there = inspect(reading).get_columns(table.name)
    kept = [column(each["name"], _kind(each["type"])) for each in there if each["name"] not in table.c]
    quote, dialect = writing.dialect.identifier_preparer.quote, writing.dialect
    for each in kept:
        kind = each.type.compile(dialect)
        writing.exec_driver_sql(f"ALTER TABLE {quote(table.name)} ADD COLUMN {quote(each.name)} {kind}")
    return _Whole(table, (*table.columns, *kept))


def _kind(found: TypeEngine[Any]) -> TypeEngine[Any]:
    """What a field's column was made as: the few types of `tables.column_type`."""
    for kind, ours in ((Boolean, Boolean()), (Float, Float(53)), (Integer, BigInteger())):
        if isinstance(found, kind):
            return ours
    return Text


# --- rows ------------------------------------------------------------------------------------------------------


def _pour(reading: Connection, writing: Connection, whole: _Whole, on_progress: Progress | None) -> Content:
    rows, total = 0, 0
    names = [column.name for column in whole.columns]
    for lot in _lots(reading, whole):
        bulk.add(writing, whole.table, names, lot)
        rows, total = rows + len(lot), (total + _sum(lot)) % _WIDE
        if on_progress is not None:
            on_progress(whole.table.name, rows)
    return Content(rows, total)


def _content(connection: Connection, whole: _Whole) -> Content:
    rows, total = 0, 0
    for lot in _lots(connection, whole):
        rows, total = rows + len(lot), (total + _sum(lot)) % _WIDE
    return Content(rows, total)


def _lots(connection: Connection, whole: _Whole) -> Iterator[list[tuple[object, ...]]]:
    streamed = {"stream_results": True, "yield_per": LOT}
    query = select(*whole.columns).select_from(whole.table)
    for lot in connection.execute(query, execution_options=streamed).partitions(LOT):
        yield [tuple(row) for row in lot]


_WIDE = 1 << 128


def _sum(lot: Sequence[tuple[object, ...]]) -> int:
    """Values as Python knows them are the same from every database; a sum does not ask for their order."""
    return sum(int.from_bytes(blake2b(repr(row).encode(), digest_size=16).digest()) for row in lot)


# --- afterwards ------------------------------------------------------------------------------------------------


def _go_on_counting(reading: Connection, writing: Connection, table: Table) -> None:
    """The next id comes after every id that there ever was, also of rows that were erased."""
    id = table.autoincrement_column
    if id is None:
        return
    last = max(_last_given(reading, id), writing.scalar(select(func.max(id))) or 0)
    if last == 0:
        return
    if writing.dialect.name == "postgresql":
        sequence = func.pg_get_serial_sequence(table.name, id.name)
        writing.execute(select(func.setval(sequence, last)))
    elif table.dialect_options["sqlite"]["autoincrement"]:
        writing.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        writing.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), {"name": table.name, "seq": last}
        )


def _last_given(connection: Connection, id: Column[Any]) -> int:
    table = id.table
    if connection.dialect.name == "postgresql":
        named = connection.scalar(select(func.pg_get_serial_sequence(table.name, id.name)))
        if named is None:
            return 0
        row = connection.exec_driver_sql(f"SELECT last_value, is_called FROM {named}").one()  # noqa: S608
        return int(row.last_value) if row.is_called else 0
    if not inspect(connection).has_table("sqlite_sequence"):
        return 0
    query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
    return int(connection.scalar(query, {"name": table.name}) or 0)
