"""The columns of a project's own fields: added, widened and never taken away, as its `.flow` files change.

added     a column more; no row is written, but where the field has a default for the contacts there are
widened   any text into plain text, values of a `one of` into others: nothing to do, they are stored alike;
          integer into number: the table is written anew, by every database
refused   every other change of type
"""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Index, Table, inspect, select, update

from campflow.errors import StoreError
from campflow.model.constants import stored
from campflow.model.people import TEXT_KINDS, Field, ValueType
from campflow.storage.dialects import dialect
from campflow.storage.found_by import EMAILS, is_distributed, let_go_of_all
from campflow.storage.tables import Tables


@dataclass(frozen=True, slots=True)
class Added:
    """A field that the database has no column for; `zone` is that of a default's local times."""

    table: Table
    column: Column[object]
    zone: str

    def __str__(self) -> str:
        field: Field = self.column.info["field"]
        filled = ", with its default for everyone there is" if self._is_filled else ""
        return f"add {_named(self.column)} ({_spelled(field.type)}) to {self.table.name}{filled}"

    @property
    def _is_filled(self) -> bool:
        # Events are what happened: a default of today says nothing about them.
        return self.column.info["field"].default is not None and self.table.name == "contact"

    def make(self, connection: Connection) -> None:
        kind = self.column.type.compile(connection.dialect)
        connection.exec_driver_sql(
            f"ALTER TABLE {_quoted(self.table.name)} ADD COLUMN {_quoted(self.column.name)} {kind}"
        )
        if self._is_filled:
            field: Field = self.column.info["field"]
            value = stored(field.default, field.type, self.zone)
            connection.execute(update(self.table).values({self.column: value}))


@dataclass(frozen=True, slots=True)
class Widened:
    """A field of integers that is one of numbers now."""

    table: Table
    column: Column[object]

    def __str__(self) -> str:
        return f"widen {_named(self.column)} of {self.table.name} from integer to number (the table is written anew)"

    def make(self, connection: Connection) -> None:
        """A column that was made for integers divides as integers do, 7 / 2 = 3."""
        table, name, new = self.table.name, _quoted(self.column.name), _quoted(self.column.name + "$new")
        kind = self.column.type.compile(connection.dialect)
        if connection.dialect.name == "postgresql":  # in one pass, and no row is there twice
            connection.exec_driver_sql(f"ALTER TABLE {table} ALTER COLUMN {name} TYPE {kind}")
            return
        for statement in (
            f"ALTER TABLE {table} ADD COLUMN {new} {kind}",
            f"UPDATE {table} SET {new} = {name}",  # noqa: S608 -- names of our own declaration, quoted
            f"ALTER TABLE {table} DROP COLUMN {name}",
            f"ALTER TABLE {table} RENAME COLUMN {new} TO {name}",
        ):
            connection.exec_driver_sql(statement)


@dataclass(frozen=True, slots=True)
class Identified:
    """Contacts are found by their e-mail address from now on, or no more."""

    index: Index | str
    distributed: bool

    def __str__(self) -> str:
        if isinstance(self.index, str):
            return "let several contacts have one e-mail address"
        return "let no two contacts have the same e-mail address"

    def make(self, connection: Connection) -> None:
        if isinstance(self.index, str):
            connection.exec_driver_sql(f"DROP INDEX {_quoted(self.index)}")
        elif self.distributed:
            connection.exec_driver_sql(f"CREATE INDEX {self.index.name} ON contact (email)")
        else:
            self.index.create(connection)
        if self.distributed:
            let_go_of_all(connection)
            if not isinstance(self.index, str):
                connection.exec_driver_sql(EMAILS)


FieldChange = Added | Widened | Identified


def field_changes(connection: Connection, tables: Tables, zone: str) -> Iterator[FieldChange]:
    """What the declared fields need that the database has not. Raises StoreError where a field took another type.

    `zone` is the one of a default's local times.
    """
    before = inspect(connection)
    types = _types(connection, tables)
    for table in (tables.contact, tables.event):
        there = {column["name"] for column in before.get_columns(table.name)}
        for column in table.columns:
            if "field" not in column.info:
                continue
            if column.name not in there:
                yield Added(table, column, zone)
            elif _is_wider(types.get(_type_setting(table, column)), table, column):
                yield Widened(table, column)
    declared = {index.name: index for index in tables.contact.indexes}
    unique = {index["name"] for index in before.get_indexes("contact") if not index.get("duplicates_constraint")}
    distributed = is_distributed(connection, tables)
    yield from (Identified(index, distributed) for name, index in declared.items() if name not in unique)
    if BY_EMAIL in unique and BY_EMAIL not in declared:
        yield Identified(BY_EMAIL, distributed)


#: The index by which `tables.py` keeps e-mail addresses apart.
BY_EMAIL = "contact_email"


def _is_wider(old: str | None, table: Table, column: Column[object]) -> bool:
    new = _spelled(column.info["field"].type)
    if old in (None, new) or (old in TEXT_KINDS and new == "text"):
        return False
    if (old, new) == ("integer", "number"):
        return True
    raise StoreError(
        f"{_named(column)} of {table.name} is stored as {old} and now declared as {new}: "
        f"give the new field another name, or declare it as {old} again"
    )


def remember_types(connection: Connection, tables: Tables) -> None:
    """Keep what each field was declared as: the next text is compared with it."""
    known = _types(connection, tables)
    for table in (tables.contact, tables.event):
        for column in table.columns:
            if "field" in column.info:
                name, value = _type_setting(table, column), _spelled(column.info["field"].type)
                if known.get(name) != value:
                    row = dialect(connection.dialect.name).insert(tables.setting).values(name=name, value=value)
                    connection.execute(row.on_conflict_do_update(index_elements=["name"], set_={"value": value}))


def types_are_kept(connection: Connection, tables: Tables) -> bool:
    """Whether nothing is to be remembered."""
    known = _types(connection, tables)
    return all(
        known.get(_type_setting(table, column)) == _spelled(column.info["field"].type)
        for table in (tables.contact, tables.event)
        for column in table.columns
        if "field" in column.info
    )


_TYPE = "type of "


def _types(connection: Connection, tables: Tables) -> dict[str, str]:
    s = tables.setting.c
    return {row.name: row.value for row in connection.execute(select(s.name, s.value).where(s.name.startswith(_TYPE)))}


def _type_setting(table: Table, column: Column[object]) -> str:
    return f"{_TYPE}{table.name}.{column.name}"


def _named(column: Column[object]) -> str:
    """As it is written in a `.flow` file, `purchase.amount`."""
    return f"`{column.info['field'].name if column.table.name == 'contact' else column.name.replace('$', '.')}`"


def _spelled(type: ValueType) -> str:
    """A type without the values of a `one of`: these may come and go."""
    if type.kind == "list" and type.element is not None:
        return f"list of {_spelled(type.element)}"
    return "one of" if type.kind == "choice" else type.kind


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
