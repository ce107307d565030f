"""The temporary tables of a tick: sets of contacts and journeys between two statements. They outlive no connection."""

from dataclasses import dataclass

from sqlalchemy import Column, MetaData, Table, Text

from campflow.storage.tables import Id


@dataclass(frozen=True, slots=True)
class Workspace:
    """fresh: contacts looked at from outside. touched: journeys looked at, by stage (0 after leaving). arrival: the
    earliest entry found so far for each contact and key. occurrence: instants of schedules, by zone."""

    metadata: MetaData
    fresh: Table
    touched: Table
    arrival: Table
    occurrence: Table


def workspace() -> Workspace:
    m = MetaData()
    return Workspace(
        metadata=m,
        fresh=Table(
            "fresh", m, Column("contact_id", Id, primary_key=True, autoincrement=False), prefixes=["TEMPORARY"]
        ),
        touched=Table(
            "touched",
            m,
            Column("stage_id", Id, primary_key=True, autoincrement=False),
            Column("journey_id", Id, primary_key=True, autoincrement=False),
            prefixes=["TEMPORARY"],
            sqlite_with_rowid=False,
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
    )
