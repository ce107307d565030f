"""Making the tables, and bringing those of yesterday up to today's: our own by revisions, a project's by its fields."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache

from sqlalchemy import Connection, create_mock_engine, insert, inspect, select, update
from sqlalchemy.engine import Dialect
from sqlalchemy.schema import ExecutableDDLElement

from campflow.errors import StoreError
from campflow.model.calendar import first_day, length
from campflow.model.people import Contact
from campflow.storage import migrations
from campflow.storage.database import Database
from campflow.storage.fields import FieldChange, field_changes, remember_types, types_are_kept
from campflow.storage.migrations import Revision
from campflow.storage.tables import Tables, tables

#: 1900-01 and the month after 2199-12, counted from 1970-01.
FIRST_MONTH, END_MONTH = (1900 - 1970) * 12, (2200 - 1970) * 12

#: What `setting.schema_version` says for good: campflows from before the revisions refuse the database by it.
BY_REVISIONS = "3"


@dataclass(frozen=True, slots=True)
class Pending:
    """What an upgrade would do. `found` is the database's revision, None where it has no tables of ours."""

    found: str | None
    revisions: tuple[Revision, ...]
    fields: tuple[FieldChange, ...]

    @property
    def is_new(self) -> bool:
        return self.found is None

    def __bool__(self) -> bool:
        return self.is_new or bool(self.revisions or self.fields)


def pending(database: Database, zone: str = "UTC") -> Pending:
    """What `install` would do.

    Raises StoreError where a newer campflow made the database, where the tables are somebody else's, or where a field
    changed to a type its values do not have.
    """
    with database.reader() as connection:
        return _pending(connection, database.tables, zone)


def install(database: Database, zone: str = "UTC") -> Pending:
    """Make what is missing: tables, revisions, columns of newly declared fields, the calendar. Twice is once.

    A new field with a default gets it for everyone there is (`zone` is that of its local times). Columns of fields no
    longer declared keep their values. Of two processes that come at once the second finds the work done. It is all
    done or nothing is. Returns what was done; raises what `pending` raises.
    """
    with database.reader() as connection:
        if _is_installed(connection, database.tables, zone):
            return Pending(migrations.head(), (), ())
    with database.transaction() as connection:
        todo = _pending(connection, database.tables, zone)
        if todo.is_new:
            _make(connection, database.tables)
        else:
            if todo.revisions:
                _revise(connection, database.tables, str(todo.found))
            # Read again: before its revisions a table may not have had what its fields are compared with.
            for change in list(field_changes(connection, database.tables, zone)):
                change.make(connection)
        remember_types(connection, database.tables)
        return todo


def installed(url: str) -> bool:
    """Whether the database has campflow's tables. Raises StoreError where it cannot be asked."""
    database = Database(url, tables(Contact((), None), ()))
    try:
        with database.reader() as connection:
            return inspect(connection).has_table("setting")
    finally:
        database.close()


def _is_installed(connection: Connection, tables: Tables, zone: str) -> bool:
    todo = _pending(connection, tables, zone)
    return not todo and types_are_kept(connection, tables)


def _pending(connection: Connection, tables: Tables, zone: str) -> Pending:
    there = set(inspect(connection).get_table_names())
    if tables.setting.name not in there:
        taken = sorted(there.intersection(tables.metadata.tables))
        if taken:
            raise StoreError(
                f"the database has tables of somebody else that are named as ours ({', '.join(taken)}): "
                "name a database, or a schema, of its own"
            )
        return Pending(None, tuple(migrations.revisions()), ())
    found = _revision(connection, tables, tables.revision.name in there)
    names = [revision.name for revision in migrations.revisions()]
    missing = migrations.revisions()[names.index(found) + 1 :]
    return Pending(found, tuple(missing), tuple(field_changes(connection, tables, zone)))


def _revision(connection: Connection, tables: Tables, counted: bool) -> str:
    """The revision that the database is at. Raises StoreError where this campflow does not know it."""
    s = tables.setting.c
    number = connection.scalar(select(s.value).where(s.name == "schema_version"))
    if counted:
        found = connection.scalar(select(tables.revision.c.version_num))
        if found in {revision.name for revision in migrations.revisions()}:
            return str(found)
        raise StoreError(
            f"a newer campflow has changed the database (its revision is {found}, this campflow knows those up to "
            f"{migrations.head()}): start that campflow, or name another database"
        )
    if number == migrations.FIRST_NUMBER:
        return migrations.FIRST
    raise StoreError(
        f"the database has schema version {number}, which no campflow knows how to bring up to date: "
        "start the campflow that made it, or name another database"
    )


def _make(connection: Connection, tables: Tables) -> None:
    if connection.dialect.name == "sqlite":  # where a transaction takes one statement at a time
        tables.metadata.create_all(connection, checkfirst=False)
    else:
        new: Callable[[], Dialect] = type(connection.dialect)
        connection.exec_driver_sql(_statements(tables, new))
    connection.execute(insert(tables.revision).values(version_num=migrations.head()))
    connection.execute(insert(tables.setting).values(name="schema_version", value=BY_REVISIONS))
    connection.exec_driver_sql(_months(tables.calendar_month.name))


@lru_cache(maxsize=32)
def _statements(tables: Tables, new: Callable[[], Dialect]) -> str:
    """What makes all tables: two hundred statements, for which a server is asked once."""
    dialect, made = new(), list[str]()

    def write(statement: ExecutableDDLElement, *_: object, **__: object) -> None:
        made.append(str(statement.compile(dialect=dialect)))

    tables.metadata.create_all(create_mock_engine(f"{dialect.name}://", write), checkfirst=False)
    return ";".join(made)


@cache
def _months(table: str) -> str:
    """One statement: so many rows one by one take longer than all else."""
    rows = ", ".join(f"({n}, {first_day(n)}, {length(n)})" for n in range(FIRST_MONTH, END_MONTH))
    return f"INSERT INTO {table} (month, first_day, length) VALUES {rows}"  # noqa: S608 - our own numbers


def _revise(connection: Connection, tables: Tables, found: str) -> None:
    if not inspect(connection).has_table(tables.revision.name):
        tables.revision.create(connection)
        connection.execute(insert(tables.revision).values(version_num=found))
    migrations.run(connection)
    s = tables.setting
    connection.execute(update(s).where(s.c.name == "schema_version").values(value=BY_REVISIONS))
