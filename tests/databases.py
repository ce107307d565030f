"""The kinds of database that tests run on: SQLite always, PostgreSQL where a server is found.

CAMPFLOW_TEST_POSTGRES names one by its URL; otherwise 127.0.0.1 is asked. Each test gets schemas of its own, which are
dropped when it ends. On CI a missing server fails the tests; elsewhere they are left out, and the summary says so.
"""

import os
from functools import cache
from itertools import count
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import URL, Engine, make_url
from sqlalchemy.exc import OperationalError

from campflow.storage.database import Database

SQLITE, POSTGRES = "sqlite", "postgresql"
#: Where a server is looked for.
SERVER = make_url(os.environ.get("CAMPFLOW_TEST_POSTGRES") or "postgresql+psycopg://postgres@127.0.0.1:5432/test")
_NUMBERS = count(1)


@cache
def found() -> bool:
    """Whether a PostgreSQL server answers."""
    try:
        with _server().connect():
            return True
    except OperationalError:
        return False


@cache
def _server() -> Engine:
    # No connection is kept: each test process would hold one to its end.
    return sa.create_engine(SERVER, poolclass=sa.NullPool, connect_args={"connect_timeout": 3})


def kinds() -> list[str]:
    """The kinds of database to test on. All of them where a server was named, or nothing may be left out."""
    asked = bool(os.environ.get("CI") or os.environ.get("CAMPFLOW_TEST_POSTGRES"))
    return [SQLITE, POSTGRES] if asked or found() else [SQLITE]


def left_out() -> str | None:
    """What the summary says."""
    if POSTGRES in kinds():
        return None
    place = SERVER.render_as_string()
    return f"nothing was tested on PostgreSQL: no server at {place} (CAMPFLOW_TEST_POSTGRES names another)"


class Store:
    """Where a test keeps its databases: of one kind, each new and empty, all gone at the end."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._schemas: list[str] = []
        self._opened: list[Database] = []

    def url(self) -> str:
        """A new, empty database."""
        if self.kind == SQLITE:
            return "sqlite://"
        schema = f"campflow_test_{os.getpid()}_{next(_NUMBERS)}"
        _run(f"CREATE SCHEMA {schema}")
        self._schemas.append(schema)
        return in_schema(schema).render_as_string(hide_password=False)

    def shared_url(self, folder: Path) -> str:
        """A new, empty database that several connections and processes may open."""
        return f"sqlite:///{folder}/{next(_NUMBERS)}.db" if self.kind == SQLITE else self.url()

    def opened(self, database: Database) -> None:
        """To be closed at the end."""
        self._opened.append(database)

    def close(self) -> None:
        for database in self._opened:
            database.close()
        for schema in self._schemas:
            _run(f"DROP SCHEMA {schema} CASCADE")


def in_schema(schema: str) -> URL:
    return SERVER.update_query_dict({"options": f"-csearch_path={schema}"})


def _run(statement: str) -> None:
    with _server().begin() as connection:
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


def opened(database: Database) -> None:
    """To be closed when the test ends."""
    _store.opened(database)
