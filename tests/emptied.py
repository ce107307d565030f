"""Databases that one test after another uses: each finds the tables made, and no rows.

Making the tables takes a second on PostgreSQL; emptying them takes some milliseconds. An emptied database keeps its
engine, and with it the statements that SQLAlchemy has compiled.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable

from sqlalchemy import delete

from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import Tables

#: What `install` fills, and what is the same for everyone.
_KEPT = frozenset({"calendar_month", "revision", "zone_offset", "zone_local"})

#: Bytes of a table in which there was more than a test of a few people leaves.
_LARGE = 300_000


class Emptied:
    """A database whose tables have just been made, and which can be made so again."""

    def __init__(self, url: str, tables: Tables) -> None:
        self.database = Database(url, tables)
        install(self.database)
        self._page = sqlite3.connect(":memory:", check_same_thread=False) if self.database.in_memory else None
        if self._page is not None:
            _page_of(self.database).backup(self._page)
        with self.database.reader() as connection:
            self._settings = [row._asdict() for row in connection.execute(tables.setting.select())]

    def empty(self) -> None:
        if self._page is not None:
            self._page.backup(_page_of(self.database))
            return
        tables = self.database.tables
        filled = [table for table in reversed(tables.metadata.sorted_tables) if table.name not in _KEPT]
        with self.database.transaction() as connection:
            # TRUNCATE takes ten times as long where rows are few. But the room of many deleted ones stays, and once
            # the server has counted no row in it, it plans the next test's thousands for none.
            sizes = ", ".join(f"pg_relation_size('{table.name}')" for table in filled)
            if connection.exec_driver_sql(f"SELECT greatest({sizes})").scalar_one() > _LARGE:
                connection.exec_driver_sql(f"TRUNCATE {', '.join(table.name for table in filled)}")
            else:
                connection.exec_driver_sql("; ".join(str(delete(table)) for table in filled))
            connection.exec_driver_sql(
                "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S' "
                "AND relnamespace = current_schema()::regnamespace"
            )
            connection.execute(tables.setting.insert(), self._settings)
        # A server has room for so many connections, and there are several test processes.
        self.database.close()


_free: dict[tuple[str, Tables], list[Emptied]] = defaultdict(list)


def take(kind: str, tables: Tables, new_url: Callable[[], str]) -> Emptied:
    """One that is free; where there is none, one that is made at a new URL (`sqlite://`, or a schema of a server)."""
    free = _free[kind, tables]
    return free.pop() if free else Emptied(new_url(), tables)


def give_back(kind: str, emptied: Emptied) -> None:
    """For the next test. What has become of it meanwhile does not matter."""
    emptied.empty()
    _free[kind, emptied.database.tables].append(emptied)


def _page_of(database: Database) -> sqlite3.Connection:
    with database.engine.connect() as connection:
        connection.rollback()
        page = connection.connection.dbapi_connection
    assert isinstance(page, sqlite3.Connection)
    return page
