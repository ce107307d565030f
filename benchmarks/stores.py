"""Databases for benchmarks: each new and empty, gone afterwards."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

SQLITE, POSTGRES = "sqlite", "postgresql"
KINDS = (SQLITE, POSTGRES)
SERVER = sa.make_url(
    os.environ.get("CAMPFLOW_TEST_POSTGRES") or "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
_NUMBERS = count(1)


def is_there(kind: str) -> bool:
    """Whether this kind of database can be measured; where not, standard error says so."""
    if kind == SQLITE:
        return True
    try:
        with _server().connect():
            return True
    except OperationalError as error:
        print(f"left out: no PostgreSQL at {SERVER.render_as_string()}: {error.orig}", file=sys.stderr)
        return False


@contextmanager
def scratch(kind: str) -> Iterator[str]:
    """The URL of a new, empty database."""
    if kind == SQLITE:
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'bench.db'}"
        return
    name = f"campflow_bench_{os.getpid()}_{next(_NUMBERS)}"
    _run(f"CREATE DATABASE {name}")
    try:
        yield SERVER.set(database=name).render_as_string(hide_password=False)
    finally:
        _run(f"DROP DATABASE {name} WITH (FORCE)")


def _server() -> sa.Engine:
    return sa.create_engine(
        SERVER, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3}
    )


def _run(statement: str) -> None:
    with _server().connect() as connection:
        connection.exec_driver_sql(statement)
