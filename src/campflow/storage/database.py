"""The database: opening it, and the two ways to talk to it, as a writer or as a reader."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, Insert, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import StaticPool

from campflow import failpoints
from campflow.errors import CollisionError, StoreError
from campflow.storage import postgresql
from campflow.storage.dialects import dialect
from campflow.storage.tables import Tables
from campflow.storage.writers import ALONE, Writer

#: RETURNING and DROP COLUMN came with this one.
OLDEST_SQLITE = (3, 35, 0)

#: How long a writer waits for another one, in seconds.
BUSY_SECONDS = 30.0

#: On PostgreSQL, how long a writer may stand still in its transaction, in seconds: then its process has stopped.
STILL_SECONDS = 30.0

#: How statements begin that change nothing.
_READING = ("SELECT", "WITH", "VALUES", "PRAGMA", "EXPLAIN", "BEGIN")


class Database:
    """A project's database and its tables.

    `url` is SQLAlchemy's (`sqlite:///campflow.db`, `postgresql+psycopg://user@host/name`); `sqlite://` is a database
    in memory, gone when closed. In memory there is one connection, so a `transaction` or `reader` must end before the
    next one begins.
    Nothing is opened or created before the first use. Raises StoreError with what to do.
    """

    def __init__(
        self, url: str, tables: Tables, *, busy_seconds: float = BUSY_SECONDS, still_seconds: float = STILL_SECONDS
    ) -> None:
        try:
            self.url = make_url(url)
        except ArgumentError as error:
            raise StoreError(f"`{url}` is not a database URL: write for example sqlite:///campflow.db") from error
        self.tables = tables
        self._still_seconds = still_seconds
        self.dialect = dialect(self.url.get_backend_name())
        self.in_memory = self.url.database in self.dialect.memory_urls
        if self.url.get_backend_name() == "postgresql":
            self.engine = postgresql.engine(self.url, busy_seconds)
        else:
            self.engine = _sqlite_engine(self.url, self.in_memory, busy_seconds)
        event.listen(self.engine, "begin", self._begin)
        event.listen(self.engine, "before_cursor_execute", _refuse_writing)

    def _begin(self, connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("reading", False):
            connection.exec_driver_sql(self.dialect.begin_read)
        elif self.dialect.begin_write is not None:
            connection.exec_driver_sql(self.dialect.begin_write)
        else:
            _begin_beside(connection, options.get("writer", ALONE), self._still_seconds)

    @failpoints.commits
    @contextmanager
    def transaction(self, writer: Writer = ALONE) -> Iterator[Connection]:
        """A connection that may write. Committed at the end of the block, rolled back if it raises.

        `writer` says who may write beside it. Raises CollisionError where another one has changed the same rows.
        """
        with self._said_plainly(), self.engine.connect() as opened:
            connection = opened.execution_options(writer=writer)
            with connection.begin():
                yield connection

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        """A connection that sees the database as it was when the block began, and cannot change it."""
        with self._said_plainly(), self.engine.connect() as opened:
            connection = opened.execution_options(reading=True)
            yield connection
            if self.dialect.end_read == "commit":
                connection.commit()

    def held(self, connection: Connection, tables: Tables | None = None) -> "Database":
        """The same database, all of whose transactions and readers are part of the one that `connection` is in.

        `tables` are its tables as another text declares them.
        """
        return _Held(self, connection, tables or self.tables)

    def close(self) -> None:
        """Let go of all connections."""
        self.engine.dispose()

    @contextmanager
    def _said_plainly(self) -> Iterator[None]:
        """What an operator can do something about becomes a StoreError; every other error stays what it is."""
        try:
            yield
        except (DBAPIError, sqlite3.Error) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            if isinstance(cause, sqlite3.Error):
                advice = _advice(cause, str(self.url.database))
            else:
                advice = postgresql.advice(cause, self.url)
            if getattr(cause, "sqlstate", None) in postgresql.COLLISIONS:
                raise CollisionError(str(advice)) from error
            if advice is None:
                raise
            raise StoreError(advice) from error


class _Held(Database):
    """A database within one transaction of another: whoever began that one ends it. What fails in a transaction of its
    own is taken back, and the outer one can go on."""

    def __init__(self, outer: Database, connection: Connection, tables: Tables) -> None:
        self.url, self.tables, self.dialect, self.in_memory = outer.url, tables, outer.dialect, outer.in_memory
        self.engine, self._connection = outer.engine, connection

    @contextmanager
    def transaction(self, writer: Writer = ALONE) -> Iterator[Connection]:
        with self._connection.begin_nested():
            yield self._connection

    @contextmanager
    def reader(self) -> Iterator[Connection]:
        yield self._connection

    def close(self) -> None:
        """Nothing of its own is open."""


def _begin_beside(connection: Connection, writer: Writer, still_seconds: float) -> None:
    try:
        connection.exec_driver_sql(postgresql.begin(writer, still_seconds))
    except BaseException:
        # A lock of the session would stay: the server lets go of it with the session.
        connection.invalidate()
        raise


def _refuse_writing(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
    """Readers only read. (PRAGMA query_only would see to it as well, and make SQLite prepare every statement anew.)"""
    if connection.get_execution_options().get("reading") and not statement.lstrip().startswith(_READING):
        raise StoreError(f"a reader cannot write, the database is read-only for it: {statement[:60]}")


def database_now(connection: Connection) -> int:
    """The database's clock in milliseconds: what all processes agree on, whatever their own clocks say."""
    clock = dialect(connection.dialect.name).clock
    return int(connection.exec_driver_sql(f"SELECT {clock}").scalar_one())


def insert_many(
    connection: Connection, statement: Insert, columns: Sequence[str], rows: Sequence[tuple[object, ...]]
) -> None:
    """Run an INSERT for many rows, given in the order of `columns` and as the driver wants them.

    The statement is compiled by SQLAlchemy, the rows go to the driver untouched: that is a third of the time.
    """
    compiled = statement.compile(dialect=connection.dialect, column_keys=list(columns))
    places = getattr(compiled, "positiontup", None)
    if places is None:  # a driver with names instead of places
        named: Any = [dict(zip(columns, row, strict=True)) for row in rows]
        connection.exec_driver_sql(str(compiled), named)
        return
    order = [columns.index(name) for name in places]
    if order != list(range(len(columns))):
        rows = [tuple(row[place] for place in order) for row in rows]
    connection.exec_driver_sql(str(compiled), list(rows))


# --- SQLite ----------------------------------------------------------------------------------------------------


def _sqlite_engine(url: sa.URL, in_memory: bool, busy_seconds: float) -> Engine:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: campflow needs 3.35 or newer")
    options: dict[str, Any] = {"poolclass": StaticPool} if in_memory else {}
    engine = sa.create_engine(
        url,
        # Without this the driver begins transactions by itself: too late, deferred, and not before DDL.
        connect_args={"isolation_level": None, "timeout": busy_seconds, "check_same_thread": False},
        **options,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute(f"PRAGMA page_size={_PAGE}")  # of a file that is new; another one keeps its own
        for name, wanted in _pragmas(in_memory, busy_seconds).items():
            _set_pragma(connection, name, wanted)

    return engine


#: Classes of PostgreSQL's codes that say that a statement cannot be carried out as it is written or for the values that
#: it finds: data, names and types, what is not supported, limits of a statement, and what the server's functions raise.
_REFUSALS = frozenset({"22", "42", "0A", "54", "38", "39", "P0"})


def is_refused(error: DBAPIError) -> bool:
    """Whether the database refuses the statement; else something is the matter with the database, or the way to it."""
    cause = error.orig
    if isinstance(cause, sqlite3.Error):
        primary = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        return primary in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG)
    return (getattr(cause, "sqlstate", None) or "")[:2] in _REFUSALS


def words_of(error: DBAPIError) -> str:
    """What the database says, without what people wrote and the statement, which may hold it."""
    told = getattr(getattr(error.orig, "diag", None), "message_primary", None)
    return str(told or error.orig).partition("\n")[0]


#: Bytes of a page: with SQLite's usual 4,096 a tick costs a sixth more, as more pages of its indexes are split.
_PAGE = 8_192


def _pragmas(in_memory: bool, busy_seconds: float) -> dict[str, int | str]:
    return {
        "busy_timeout": round(busy_seconds * 1000),
        "journal_mode": "memory" if in_memory else "wal",
        "synchronous": 2,  # FULL: a committed row survives a power cut
        "foreign_keys": 1,
        "temp_store": 2,  # MEMORY
        "cache_size": -65_536,  # KiB
        "wal_autocheckpoint": 8_000,  # pages: at 1,000, pages that a chunk writes often go to the file again and again
    }


def _set_pragma(connection: sqlite3.Connection, name: str, wanted: int | str) -> None:
    """Set it unless it is set, and look whether SQLite obeyed: it says nothing where it cannot."""
    if connection.execute(f"PRAGMA {name}").fetchone()[0] == wanted:
        return
    connection.execute(f"PRAGMA {name}={wanted}")
    got = connection.execute(f"PRAGMA {name}").fetchone()[0]
    if got != wanted:
        hint = ": put it on a local disk, not on a network share" if name == "journal_mode" else ""
        raise StoreError(f"the database cannot work with {name}={wanted} (it stays {got}){hint}")


def _advice(error: sqlite3.Error, path: str) -> str | None:
    """A sentence and the next step, for errors that come from where the file lies or who else uses it."""
    primary = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if primary == sqlite3.SQLITE_CANTOPEN:
        folder = Path(path).parent
        wrong = "cannot be written" if folder.is_dir() else "does not exist"
        if Path(path).exists():
            return f"the database {path} cannot be opened: check the rights of the file and its folder"
        return f"the database {path} cannot be made, its folder {wrong}: create the folder or change its rights"
    return {
        sqlite3.SQLITE_NOTADB: f"{path} is not an SQLite database: move it away or name another file",
        sqlite3.SQLITE_CORRUPT: f"the database {path} is damaged: restore it from a backup",
        sqlite3.SQLITE_READONLY: f"the database {path} is read-only: allow writing to the file and its folder",
        sqlite3.SQLITE_BUSY: f"the database {path} is in use by another process for too long: try again later",
        sqlite3.SQLITE_LOCKED: f"the database {path} is in use by another connection: try again later",
        sqlite3.SQLITE_FULL: f"the disk of {path} is full: make room and start again",
        sqlite3.SQLITE_IOERR: f"the disk of {path} reports an error ({error}): check the disk",
    }.get(primary)
