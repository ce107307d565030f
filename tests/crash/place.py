"""Where a project of the crash tests lies: a folder and a database, which can be copied as they are at a moment."""

import os
import shutil
from collections.abc import Callable
from itertools import count
from pathlib import Path

import sqlalchemy as sa
from tests.databases import SQLITE, server

_NUMBERS = count(1)


class Place:
    """A folder below `root`; SQLite's file lies in it, PostgreSQL's database is one of its own on the tests' server.

    `at_end` is told how to take it away again.
    """

    def __init__(
        self, kind: str, root: Path, at_end: Callable[[Callable[[], None]], object], template: str = "template1"
    ) -> None:
        self.kind, self.root, self.at_end = kind, root, at_end
        number = next(_NUMBERS)
        self.folder = root / str(number)
        self._name = f"campflow_crash_{os.getpid()}_{number}"
        if kind != SQLITE:
            _run(f"CREATE DATABASE {self._name} TEMPLATE {template}")
            at_end(self._drop)

    @property
    def url(self) -> str:
        if self.kind == SQLITE:
            return f"sqlite:///{self.folder}/campflow.db"
        return server().set(database=self._name).render_as_string(hide_password=False)

    def copy(self) -> "Place":
        """The same folder and rows elsewhere. Nobody may be connected."""
        made = Place(self.kind, self.root, self.at_end, self._name)
        shutil.copytree(self.folder, made.folder)
        return made

    def _drop(self) -> None:
        _run(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")


def _run(statement: str) -> None:
    engine = sa.create_engine(server(), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
