"""Making the tables, and bringing those of yesterday's `.flow` files up to today's."""

from sqlalchemy import Column, Connection, Inspector, Table, insert, inspect, select, text, update

from campflow.errors import StoreError
from campflow.model.calendar import first_day, length
from campflow.model.constants import stored
from campflow.model.people import TEXT_KINDS, Contact, Field, ValueType
from campflow.storage.database import Database
from campflow.storage.dialects import dialect
from campflow.storage.keys import belongs
from campflow.storage.tables import Tables, tables

#: Counts up when a table of ours changes its shape.
SCHEMA_VERSION = 3

#: 1900-01 and the month after 2199-12, counted from 1970-01.
FIRST_MONTH, END_MONTH = (1900 - 1970) * 12, (2200 - 1970) * 12


def install(database: Database, zone: str = "UTC") -> None:
    """Make what is missing: tables, columns of newly declared fields, indexes, the calendar. Twice is once.

    A new field with a default gets it for everyone there is (`zone` is that of its local times). Columns of fields no
    longer declared keep their values. Raises StoreError where a field changed to a type its values do not have.
    """
    tables = database.tables
    with database.transaction() as connection:
        _check_version(connection, tables)
        before = inspect(connection)
        for table in tables.metadata.sorted_tables:
            if not before.has_table(table.name):
                table.create(connection)
            else:
                _bring_up(connection, tables, table, before, zone)
        for table in (tables.contact, tables.event):
            _remember_types(connection, tables, table)
        _fill_calendar(connection, tables)


def installed(url: str) -> bool:
    """Whether the database has campflow's tables. Raises StoreError where it cannot be asked."""
    database = Database(url, tables(Contact((), None), ()))
    try:
        with database.reader() as connection:
            return inspect(connection).has_table("setting")
    finally:
        database.close()


def _check_version(connection: Connection, tables: Tables) -> None:
    tables.setting.create(connection, checkfirst=True)
    found = _setting(connection, tables, "schema_version")
    if found is None:
        _remember(connection, tables, "schema_version", str(SCHEMA_VERSION))
    elif found != str(SCHEMA_VERSION):
        raise StoreError(
            f"the database has schema version {found}, this campflow has {SCHEMA_VERSION}: "
            "start the campflow that made it, or name another database"
        )


def _bring_up(connection: Connection, tables: Tables, table: Table, before: Inspector, zone: str) -> None:
    there = {column["name"] for column in before.get_columns(table.name)}
    for column in table.columns:
        if column.name not in there:
            _add_column(connection, table, column)
            _fill_default(connection, table, column, zone)
        elif "field" in column.info:
            _compare_type(connection, tables, table, column)
    _match_indexes(connection, table, before)


def _match_indexes(connection: Connection, table: Table, before: Inspector) -> None:
    declared = {index.name: index for index in table.indexes if belongs(index, connection.dialect.name)}
    there = {index["name"] for index in before.get_indexes(table.name) if not index.get("duplicates_constraint")}
    for name in there - set(declared):
        if name is not None:
            connection.exec_driver_sql(f"DROP INDEX {_quoted(name)}")
    for index in declared.values():
        if index.name not in there:
            index.create(connection)


# --- columns of declared fields --------------------------------------------------------------------------------


def _add_column(connection: Connection, table: Table, column: Column[object]) -> None:
    kind = column.type.compile(connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {_quoted(table.name)} ADD COLUMN {_quoted(column.name)} {kind}")


def _fill_default(connection: Connection, table: Table, column: Column[object], zone: str) -> None:
    field: Field | None = column.info.get("field")
    # Events are what happened: a default of today says nothing about them.
    if field is not None and field.default is not None and table.name == "contact":
        connection.execute(update(table).values({column: stored(field.default, field.type, zone)}))


def _compare_type(connection: Connection, tables: Tables, table: Table, column: Column[object]) -> None:
    field: Field = column.info["field"]
    old, new = _setting(connection, tables, _type_setting(table, column)), _spelled(field.type)
    if old in (None, new) or (old in TEXT_KINDS and new == "text"):
        return
    if (old, new) == ("integer", "number"):
        _widen_to_number(connection, table, column)
        return
    raise StoreError(
        f"`{column.name.replace('$', '.')}` of {table.name} is stored as {old} and now declared as {new}: "
        f"give the new field another name, or declare it as {old} again"
    )


def _widen_to_number(connection: Connection, table: Table, column: Column[object]) -> None:
    """Rebuild the column: one that was made for integers divides as integers do, 7 / 2 = 3."""
    name, new = _quoted(column.name), _quoted(column.name + "$new")
    kind = column.type.compile(connection.dialect)
    for statement in (
        f"ALTER TABLE {table.name} ADD COLUMN {new} {kind}",
        f"UPDATE {table.name} SET {new} = {name}",  # noqa: S608 -- names of our own declaration, quoted
        f"ALTER TABLE {table.name} DROP COLUMN {name}",
        f"ALTER TABLE {table.name} RENAME COLUMN {new} TO {name}",
    ):
        connection.exec_driver_sql(statement)


def _remember_types(connection: Connection, tables: Tables, table: Table) -> None:
    for column in table.columns:
        if "field" in column.info:
            _remember(connection, tables, _type_setting(table, column), _spelled(column.info["field"].type))


def _type_setting(table: Table, column: Column[object]) -> str:
    return f"type of {table.name}.{column.name}"


def _spelled(type: ValueType) -> str:
    """A type without the values of a `one of`: these may come and go."""
    if type.kind == "list" and type.element is not None:
        return f"list of {_spelled(type.element)}"
    return "one of" if type.kind == "choice" else type.kind


# --- settings and the calendar ---------------------------------------------------------------------------------


def _setting(connection: Connection, tables: Tables, name: str) -> str | None:
    return connection.scalar(select(tables.setting.c.value).where(tables.setting.c.name == name))


def _remember(connection: Connection, tables: Tables, name: str, value: str) -> None:
    row = dialect(connection.dialect.name).insert(tables.setting).values(name=name, value=value)
    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def _fill_calendar(connection: Connection, tables: Tables) -> None:
    month = tables.calendar_month
    if connection.scalar(select(text("1")).select_from(month).limit(1)) is None:
        rows = [{"month": n, "first_day": first_day(n), "length": length(n)} for n in range(FIRST_MONTH, END_MONTH)]
        connection.execute(insert(month), rows)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
