"""The kinds of database that tests run on: SQLite always, PostgreSQL where it is installed or a server is found.

Each test process starts a PostgreSQL server of its own, which does not wait for the disk. CAMPFLOW_TEST_POSTGRES names
another one by its URL; where PostgreSQL is not installed, 127.0.0.1 is asked. Each test gets schemas of its own. On CI
a missing server fails the tests; elsewhere they are left out, and the summary says so.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from itertools import count
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import OperationalError
from tests import emptied
from tests.emptied import Emptied
from tests.own_server import CARELESS, programs, running

from campflow.storage.database import Database
from campflow.storage.tables import Tables

SQLITE, POSTGRES = "sqlite", "postgresql"
#: Where a server is looked for.
_NAMED = os.environ.get("CAMPFLOW_TEST_POSTGRES")
_USUAL = "postgresql+psycopg://postgres@127.0.0.1:5432/test"
_NUMBERS = count(1)
#: What runs or is kept until this process ends.
_lasting = ExitStack()


def _installed() -> Path | None:
    """The programs of a server of our own, where we start one."""
    return None if _NAMED else programs()


@cache
def server() -> URL:
    """The PostgreSQL server of this process."""
    installed = _installed()
    if installed is None:
        return make_url(_NAMED or _USUAL)
    return make_url(_lasting.enter_context(running(installed, CARELESS)).url)


def end() -> None:
    """At the end of the process: its server ends, and what it made in another one's goes."""
    _lasting.close()


@cache
def found() -> bool:
    """Whether there is a PostgreSQL server."""
    if _installed():
        return True
    try:
        with _engine().connect():
            return True
    except OperationalError:
        return False


@cache
def _engine() -> Engine:
    # No connection is kept: each test process would hold one to its end.
    return sa.create_engine(server(), poolclass=sa.NullPool, connect_args={"connect_timeout": 3})


def kinds() -> list[str]:
    """The kinds of database to test on. All of them where a server was named, or nothing may be left out."""
    asked = bool(os.environ.get("CI") or _NAMED)
    return [SQLITE, POSTGRES] if asked or found() else [SQLITE]


def left_out() -> str | None:
    """What the summary says."""
    if POSTGRES in kinds():
        return None
    place = make_url(_NAMED or _USUAL).render_as_string()
    return f"nothing was tested on PostgreSQL: no server at {place} (CAMPFLOW_TEST_POSTGRES names another)"


class Store:
    """Where a test keeps its databases: of one kind, each new and empty, all gone at the end."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._schemas: list[str] = []
        self._opened: list[Database] = []
        self._borrowed: list[Emptied] = []

    def url(self) -> str:
        """A new, empty database."""
        if self.kind == SQLITE:
            return "sqlite://"
        schema = _new_schema()
        self._schemas.append(schema)
        return in_schema(schema).render_as_string(hide_password=False)

    def shared_url(self, folder: Path) -> str:
        """A new, empty database that several connections and processes may open."""
        return f"sqlite:///{folder}/{next(_NUMBERS)}.db" if self.kind == SQLITE else self.url()

    def installed(self, tables: Tables) -> Database:
        """A database in which these tables are, and no rows. It is this test's alone; the next one may get it again."""
        borrowed = emptied.take(self.kind, tables, "sqlite://".__str__ if self.kind == SQLITE else _lasting_url)
        self._borrowed.append(borrowed)
        return borrowed.database

    def opened(self, database: Database) -> None:
        """To be closed at the end."""
        self._opened.append(database)

    def close(self) -> None:
        for database in self._opened:
            database.close()
        for borrowed in self._borrowed:
            emptied.give_back(self.kind, borrowed)
        for schema in self._schemas:
            _run(f"DROP SCHEMA {schema} CASCADE")


def _lasting_url() -> str:
    """Of a schema that is there until the process ends."""
    schema = _new_schema()
    if not _installed():  # a server of our own takes it along
        _lasting.callback(_run, f"DROP SCHEMA {schema} CASCADE")
    return in_schema(schema).render_as_string(hide_password=False)


def _new_schema() -> str:
    schema = f"campflow_test_{os.getpid()}_{next(_NUMBERS)}"
    _run(f"CREATE SCHEMA {schema}")
    return schema


@contextmanager
def whole() -> Iterator[URL]:
    """A database of `server()` for a program that is not ours, new and empty while the block lasts."""
    name = f"campflow_test_{os.getpid()}_{next(_NUMBERS)}"
    with _engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
        try:
            yield server().set(database=name)
        finally:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def in_schema(schema: str) -> URL:
    return server().update_query_dict({"options": f"-csearch_path={schema}"})


def _run(statement: str) -> None:
    with _engine().begin() as connection:
        connection.exec_driver_sql(statement)


#: Where databases are made that no test named; `tests/conftest.py` sets it.
_store = Store(SQLITE)


def use(store: Store) -> Store:
    """From now on databases are made here. Returns where they were made before."""
    global _store
    before, _store = _store, store
    return before


def kind() -> str:
    """The kind of database that is tested."""
    return _store.kind


def new_url() -> str:
    """A new, empty database of the kind that is tested."""
    return _store.url()


def installed(tables: Tables) -> Database:
    """A database of the kind that is tested in which these tables are, and no rows; for as long as the test goes."""
    return _store.installed(tables)


def opened(database: Database) -> None:
    """To be closed when the test ends."""
    _store.opened(database)
