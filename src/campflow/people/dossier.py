"""All that the database holds about one person: which rows they are, and the whole of it as one document."""

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Select, Table, literal_column, select

from campflow.content.values import reader
from campflow.model.people import ValueType
from campflow.model.times import iso
from campflow.storage.tables import Tables

#: Columns that hold instants beside those that end in `_at`.
_INSTANTS = frozenset({"at", "since"})


def rows_of(tables: Tables, contact_id: int) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """Every table that holds something of a contact, with the condition of its rows; what needs others comes first.

    Whatever is about a person carries the person's `contact_id`.
    """
    for table in reversed(tables.metadata.sorted_tables):
        if "contact_id" in table.c:
            yield table, table.c.contact_id == contact_id


def dossier(
    connection: Connection, tables: Tables, contact_id: int, currency: str | None
) -> dict[str, list[dict[str, object]]]:
    """Every row about a contact by its table, in words that JSON knows.

    Instants are ISO texts in UTC, money says its currency, the ids of campaigns, stages and the like are their names.
    Columns of fields that are no longer declared are there as the database has them.
    """
    names = _Names(connection, tables)
    held = reversed(list(rows_of(tables, contact_id)))
    return {table.name: _rows(connection, table, mine, names, currency) for table, mine in held}


def contact_record(connection: Connection, tables: Tables, contact_id: int, currency: str | None) -> dict[str, object]:
    """The row of the contact alone, in the same words."""
    mine = tables.contact.c.contact_id == contact_id
    return _rows(connection, tables.contact, mine, _Names(connection, tables), currency)[0]


def _rows(
    connection: Connection, table: Table, mine: ColumnElement[bool], names: "_Names", currency: str | None
) -> list[dict[str, object]]:
    # All the columns that there are, declared or not.
    everything: Select[Any] = select(literal_column("*")).select_from(table).where(mine)
    rows = connection.execute(everything.order_by(*table.primary_key.columns)).mappings()
    return [_told(table, row, names, currency) for row in rows]


def _told(table: Table, row: RowMapping, names: "_Names", currency: str | None) -> dict[str, object]:
    told: dict[str, object] = {}
    fields: dict[str, object] = {}
    for column, value in row.items():
        name, known = str(column), table.c.get(str(column))
        owner, sign, field = name.partition("$")
        if sign and field:  # of one event: in the rows of others it means nothing
            if owner == row["name"]:
                fields[field] = _value(known, field, value, currency)
        elif name in names.known:
            told[names.known[name]] = names.of(name, value)
        else:
            told[name] = _value(known, name, value, currency)
    return told | {"fields": fields} if fields else told


def _value(column: Column[Any] | None, name: str, value: object, currency: str | None) -> object:
    if value is None:
        return None
    if name == "extra" and isinstance(value, str):
        return json.loads(value)
    field = column.info.get("field") if column is not None else None
    if field is not None:
        return _plain(field.type, value, currency)
    if isinstance(value, int) and (name.endswith("_at") or name in _INSTANTS):
        return iso(value)
    return bool(value) if column is not None and column.type.python_type is bool else value


def _plain(type: ValueType, value: object, currency: str | None) -> object:
    if type.kind == "time" and isinstance(value, int):
        return iso(value)
    read = reader(type, dt.UTC, currency)(value)  # type: ignore[arg-type]  # no field but a time reads the zone
    match read:
        case tuple():
            return list(read)
        case bool() | int() | float() | None:
            return read
        case _:
            return str(read)


class _Names:
    """What ids stand for. Each table is read once, when it is first asked for."""

    def __init__(self, connection: Connection, tables: Tables) -> None:
        self._connection = connection
        stage = (tables.stage.c.stage_id, tables.stage.c.name)
        self._columns: Mapping[str, tuple[str, Column[Any], Column[Any]]] = {
            "campaign_id": ("campaign", tables.campaign.c.campaign_id, tables.campaign.c.name),
            "stage_id": ("stage", *stage),
            "from_stage_id": ("from", *stage),
            "to_stage_id": ("to", *stage),
            "send_id": ("message", tables.send.c.send_id, tables.send.c.message),
            "errand_statement_id": (
                "asked_of",
                tables.errand_statement.c.errand_statement_id,
                tables.errand_statement.c.target,
            ),
            "statement_id": ("because", tables.statement.c.statement_id, tables.statement.c.text),
            "split_id": ("split", tables.split.c.split_id, tables.split.c.name),
            "arm_id": ("arm", tables.arm.c.arm_id, tables.arm.c.name),
        }
        self.known = {column: name for column, (name, _, _) in self._columns.items()}
        self._read: dict[str, dict[int, str]] = {}

    def of(self, column: str, value: object) -> object:
        """The name; the id itself where nothing has it any more."""
        if not isinstance(value, int):
            return value
        if column not in self._read:
            _, key, name = self._columns[column]
            self._read[column] = {row[0]: row[1] for row in self._connection.execute(select(key, name))}
        return self._read[column].get(value, value)
