"""Many rows at once, by the way that each database is fastest at: COPY on PostgreSQL, one prepared INSERT on SQLite.

Rows come as tuples in the order of `names`, as the driver wants them: nothing is asked of SQLAlchemy for each.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.exc import DBAPIError

Rows = Sequence[tuple[object, ...]]

#: So few go without a table of their own, whose making would take longer.
_FEW = 200

#: Where rows wait on PostgreSQL until it is known which of them are new.
_WAITING = "waiting_rows"


def add(connection: Connection, table: Table, names: Iterable[str], rows: Rows) -> None:
    """Insert them. One that breaks a key fails all of them, as with any INSERT."""
    columns = _listed(connection, names)
    if connection.dialect.name == "postgresql":
        _copy(connection, f"{_quoted(connection, table.name)} ({columns})", rows)
    else:
        _insert(connection, table, columns, rows)


def add_new(connection: Connection, table: Table, names: Iterable[str], rows: Rows) -> int:
    """Insert those that break no key, in their order; of two alike the first. Says how many they were."""
    columns, name = _listed(connection, names), _quoted(connection, table.name)
    if connection.dialect.name != "postgresql" or len(rows) < _FEW:
        return _insert(connection, table, columns, rows, " ON CONFLICT DO NOTHING")
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE {_WAITING} ON COMMIT DROP AS SELECT {columns} FROM {name} WITH NO DATA"  # noqa: S608
    )
    _copy(connection, f"{_WAITING} ({columns})", rows)
    into = f"INSERT INTO {name} ({columns}) SELECT {columns} FROM {_WAITING} ORDER BY ctid ON CONFLICT DO NOTHING"  # noqa: S608
    added = connection.exec_driver_sql(into).rowcount
    connection.exec_driver_sql(f"DROP TABLE {_WAITING}")
    return added


def count_again(connection: Connection, *tables: Table) -> None:
    """Let PostgreSQL count what the tables hold, now that they hold many rows more.

    It does so by itself within a minute or so; until then it would plan ticks for the tables as they were. One that has
    not doubled since it was counted is left to that. How many rows there are is what matters, so a sample of a tenth of
    the usual is enough. SQLite's plans are fixed by how the statements are written: it needs no figures.
    """
    if connection.dialect.name == "postgresql":
        names = [_quoted(connection, table.name) for table in tables]
        of_them = ", ".join(f"'{name}'::regclass" for name in names)
        grown = connection.exec_driver_sql(
            f"SELECT oid::regclass FROM pg_class WHERE oid IN ({of_them})"  # noqa: S608  (our own names)
            " AND pg_relation_size(oid) > 2 * relpages::bigint * current_setting('block_size')::int"
        )
        if found := grown.scalars().all():
            connection.exec_driver_sql("SET LOCAL default_statistics_target = 10")
            connection.exec_driver_sql(f"ANALYZE {', '.join(found)}")


def _copy(connection: Connection, into: str, rows: Rows) -> None:
    driver: Any = connection.connection.driver_connection
    base: Any = connection.dialect.loaded_dbapi.Error
    statement = f"COPY {into} FROM STDIN"
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except base as error:  # as SQLAlchemy says it of every other statement
        raise DBAPIError.instance(statement, None, error, base, dialect=connection.dialect) from error


def _insert(connection: Connection, table: Table, columns: str, rows: Rows, otherwise: str = "") -> int:
    if not rows:
        return 0
    place = "?" if connection.dialect.name == "sqlite" else "%s"
    places = ", ".join([place] * len(rows[0]))
    into = f"INSERT INTO {_quoted(connection, table.name)} ({columns}) VALUES ({places}){otherwise}"  # noqa: S608
    return connection.exec_driver_sql(into, rows if isinstance(rows, list) else list(rows)).rowcount


def _listed(connection: Connection, names: Iterable[str]) -> str:
    return ", ".join(_quoted(connection, name) for name in names)


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote(name)
