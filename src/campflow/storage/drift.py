"""Where the tables of a database are not as `tables.py` draws them: somebody changed them, or half restored them.

More than there should be (columns of fields no longer declared, an operator's own indexes) is no drift.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Connection, Index, Table, UniqueConstraint, inspect
from sqlalchemy.engine.interfaces import Dialect, ReflectedColumn

from campflow.storage.found_by import is_distributed
from campflow.storage.keys import belongs, primary_key
from campflow.storage.tables import Tables

#: Two words of one database for one type.
_SAME_TYPE = {"FLOAT(53)": "DOUBLE PRECISION", "FLOAT": "DOUBLE PRECISION"}


def drift(connection: Connection, tables: Tables) -> Iterator[str]:
    """Each difference in one line: what is missing, or is otherwise than it should be."""
    there = set(inspect(connection).get_table_names())
    # Shared out among machines, a table of its own keeps the names of contacts apart.
    elsewhere = {tables.contact.name} if tables.setting.name in there and is_distributed(connection, tables) else set()
    for table in tables.metadata.sorted_tables:
        if table.name in there:
            yield from _of_table(connection, table, unique_elsewhere=table.name in elsewhere)
        else:
            yield f"the table {table.name} is missing"


def _of_table(connection: Connection, table: Table, unique_elsewhere: bool) -> Iterator[str]:
    database, look = connection.dialect.name, inspect(connection)
    columns = {column["name"]: column for column in look.get_columns(table.name)}
    for column in table.columns:
        yield from _of_column(connection.dialect, column, columns.get(column.name))
    wanted, found = primary_key(table, database), tuple(look.get_pk_constraint(table.name)["constrained_columns"])
    if wanted != found:
        yield f"the primary key of {table.name} is ({', '.join(found)}), not ({', '.join(wanted)})"
    unique = {tuple(each["column_names"]) for each in look.get_unique_constraints(table.name)}
    for key in table.constraints:
        if isinstance(key, UniqueConstraint) and belongs(key, database) and not unique_elsewhere:
            names = tuple(column.name for column in key.columns)
            if names not in unique:
                yield f"nothing keeps ({', '.join(names)}) of {table.name} unique"
    pointed = {tuple(each["constrained_columns"]): each["referred_table"] for each in look.get_foreign_keys(table.name)}
    for key in table.foreign_key_constraints:
        if pointed.get(tuple(key.column_keys)) != key.referred_table.name:
            yield f"({', '.join(key.column_keys)}) of {table.name} does not point to {key.referred_table.name}"
    indexes = {each["name"]: each for each in look.get_indexes(table.name)}
    for index in table.indexes:
        if belongs(index, database):
            yield from _of_index(database, index, indexes.get(index.name), unique_elsewhere)


def _of_column(dialect: Dialect, column: Column[Any], found: ReflectedColumn | None) -> Iterator[str]:
    name = f"{column.table.name}.{column.name}"
    if found is None:
        yield f"the column {name} is missing"
        return
    wanted, there = (_spelled(kind.compile(dialect)) for kind in (column.type, found["type"]))
    if wanted != there:
        yield f"the column {name} is {there}, not {wanted}"
    if bool(column.nullable) != bool(found["nullable"]):
        yield f"the column {name} {'may' if found['nullable'] else 'may not'} be missing in a row"


def _of_index(database: str, index: Index, found: Any, unique_elsewhere: bool) -> Iterator[str]:
    if found is None:
        yield f"the index {index.name} is missing"
        return
    wanted, unique = [column.name for column in index.columns], bool(index.unique) and not unique_elsewhere
    if found["column_names"] != wanted or bool(found["unique"]) != unique:
        said = "unique " if found["unique"] else ""
        yield f"the index {index.name} is {said}({', '.join(map(str, found['column_names']))})"
    where = index.dialect_options[database].get("where")
    there = found.get("dialect_options", {}).get(f"{database}_where")
    if _condition(where) != _condition(there):
        yield f"the index {index.name} is for rows with {there}, not for those with {where}"


def _spelled(kind: str) -> str:
    return _SAME_TYPE.get(kind, kind)


def _condition(where: object) -> str:
    """Without the parentheses and the types that PostgreSQL adds."""
    return str(where).replace("(", "").replace(")", "").replace("::text", "")
