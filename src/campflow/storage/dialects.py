"""What differs between the databases campflow runs on; everything else is said once, in SQLAlchemy Core."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ARRAY, BigInteger, ColumnElement, String, Table, Text, any_, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from campflow.errors import StoreError


@dataclass(frozen=True, slots=True)
class Dialect:
    """One kind of database.

    begin_write   opens a transaction that may write; None where `storage/writers.py` says what it takes
    begin_read    opens one that may not, and sees one moment of the database until it ends
    end_read      how that one ends
    clock         an SQL expression: the database's clock, in whole milliseconds since 1970-01-01 UTC
    insert        an INSERT that knows ON CONFLICT
    among         the condition that a column has one of very many texts or integers, given as one parameter
    memory_urls   database parts of a URL that mean "keep it in memory"
    """

    begin_write: str | None
    begin_read: str
    end_read: Literal["commit", "rollback"]
    clock: str
    insert: Callable[[Table], sqlite.Insert | postgresql.Insert]
    among: Callable[[ColumnElement[Any], Iterable[str | int]], ColumnElement[bool]]
    memory_urls: frozenset[str | None]


def _in_json(column: ColumnElement[Any], values: Iterable[str | int]) -> ColumnElement[bool]:
    each = func.json_each(json.dumps(list(values))).table_valued("value")
    return column.in_(select(each.c.value))


def _in_array(column: ColumnElement[Any], values: Iterable[str | int]) -> ColumnElement[bool]:
    of_texts = isinstance(column.type, String)
    return column == any_(literal(list(values), ARRAY(Text() if of_texts else BigInteger())))


DIALECTS: dict[str, Dialect] = {
    "sqlite": Dialect(
        # A deferred transaction that turns into a writer fails at once, whatever busy_timeout says.
        begin_write="BEGIN IMMEDIATE",
        begin_read="BEGIN DEFERRED",
        end_read="rollback",
        # unixepoch('subsec') came with 3.42 only; a Julian day still tells a tenth of a millisecond.
        clock="CAST(round((julianday('now') - 2440587.5) * 86400000.0) AS INTEGER)",
        insert=sqlite.insert,
        among=_in_json,
        memory_urls=frozenset({None, "", ":memory:"}),
    ),
    "postgresql": Dialect(
        begin_write=None,
        begin_read="BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",
        # With each rollback the driver forgets all statements that it has prepared.
        end_read="commit",
        # now() would be the moment at which the transaction began, perhaps long before it got the lock.
        clock="CAST(floor(extract(epoch FROM clock_timestamp()) * 1000) AS bigint)",
        insert=postgresql.insert,
        among=_in_array,
        memory_urls=frozenset(),
    ),
}


def dialect(name: str) -> Dialect:
    """The dialect of a database URL's first word."""
    if name not in DIALECTS:
        raise StoreError(
            f"campflow does not run on {name} yet: use a URL that begins with sqlite:/// or postgresql+psycopg://"
        )
    return DIALECTS[name]
