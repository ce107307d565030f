"""The temporary tables of a tick: sets of contacts and journeys between two statements. They outlive no connection."""

from dataclasses import dataclass
from functools import cache, lru_cache

from sqlalchemy import Boolean, Column, Connection, Dialect, MetaData, Table, Text
from sqlalchemy.schema import CreateTable

from campflow.storage.keys import KEY
from campflow.storage.tables import Id


@dataclass(frozen=True, slots=True)
class Workspace:
    """fresh: contacts looked at from outside. touched: journeys looked at, by stage (0 after leaving). arrival: the
    earliest entry found so far for each contact and key. occurrence: instants of schedules, by zone. candidate:
    messages that may be released, each with its turn among those of its contact.

    PostgreSQL is slow to write keys, and keeps `fresh` and `touched` without: who fills them adds nobody twice."""

    metadata: MetaData
    fresh: Table
    touched: Table
    arrival: Table
    occurrence: Table
    candidate: Table


def set_up(connection: Connection) -> None:
    """Make the tables where this connection does not have them yet; where it has them, that costs one statement."""
    if connection.dialect.name != "sqlite":
        for statement in _creation(connection.dialect):
            connection.exec_driver_sql(statement)
    elif connection.exec_driver_sql("SELECT 1 FROM temp.sqlite_master WHERE name = 'fresh'").first() is None:
        for statement in (*_creation(connection.dialect), *_SMALL):
            connection.exec_driver_sql(statement)


#: SQLite takes a table without statistics for one of a million rows, and then reads all contacts into a Bloom filter
#: before it looks a handful of them up. These tables hold little, for all it needs to know.
_SMALL = (
    "INSERT INTO fresh VALUES (0)",
    "INSERT INTO touched VALUES (0, 0, 0)",
    "INSERT INTO arrival VALUES (0, '', 0, 0, 0, 0)",
    "INSERT INTO occurrence VALUES (0, '', 0)",
    "INSERT INTO candidate VALUES (0, 0, 0, '', 0, NULL, 0)",
    "ANALYZE temp",
    "DELETE FROM fresh",
    "DELETE FROM touched",
    "DELETE FROM arrival",
    "DELETE FROM occurrence",
    "DELETE FROM candidate",
)


@lru_cache(maxsize=8)
def _creation(dialect: Dialect) -> tuple[str, ...]:
    """A tick runs them often, so they are compiled once."""
    made = (CreateTable(table, if_not_exists=True) for table in workspace().metadata.sorted_tables)
    return tuple(str(each.compile(dialect=dialect)) for each in made)


@cache
def workspace() -> Workspace:
    m = MetaData()
    return Workspace(
        metadata=m,
        fresh=Table(
            "fresh",
            m,
            Column("contact_id", Id, primary_key=True, autoincrement=False),
            prefixes=["TEMPORARY"],
            info={KEY: ()},
        ),
        touched=Table(
            "touched",
            m,
            Column("stage_id", Id, primary_key=True, autoincrement=False),
            Column("contact_id", Id, primary_key=True, autoincrement=False),
            Column("journey_id", Id, primary_key=True, autoincrement=False),
            prefixes=["TEMPORARY"],
            sqlite_with_rowid=False,
            info={KEY: ()},
        ),
        arrival=Table(
            "arrival",
            m,
            Column("contact_id", Id, primary_key=True, autoincrement=False),
            Column("journey_key", Text, primary_key=True),
            Column("at", Id, nullable=False),
            Column("seq", Id, nullable=False),
            Column("since_seq", Id, nullable=False),
            Column("statement_id", Id, nullable=False),
            prefixes=["TEMPORARY"],
            sqlite_with_rowid=False,
        ),
        occurrence=Table(
            "occurrence",
            m,
            Column("position", Id, primary_key=True, autoincrement=False),
            Column("zone", Text, primary_key=True),
            Column("at", Id, primary_key=True, autoincrement=False),
            prefixes=["TEMPORARY"],
            sqlite_with_rowid=False,
        ),
        candidate=Table(
            "candidate",
            m,
            Column("message_id", Id, primary_key=True, autoincrement=False),
            Column("contact_id", Id, nullable=False),
            Column("campaign_id", Id, nullable=False),
            Column("channel", Text, nullable=False),
            Column("transactional", Boolean, nullable=False),
            Column("patience", Id),
            Column("turn", Id, nullable=False),
            prefixes=["TEMPORARY"],
        ),
    )
