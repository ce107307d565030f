"""Sharing the rows out by contact, by the rules of Citus, which Debian does not package: see `citus_rules.sql`."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Index, UniqueConstraint, inspect, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from tests import databases
from tests.databases import POSTGRES, Store

from campflow.diagnostics.source import Span
from campflow.errors import StoreError
from campflow.model.people import Contact, Event, Field, ValueType
from campflow.people.contacts import Identity
from campflow.people.forgetting import forget
from campflow.people.importing import import_events, import_people
from campflow.people.sources import CsvSource
from campflow.storage.copying import copy
from campflow.storage.database import Database
from campflow.storage.drift import drift
from campflow.storage.keys import belongs, primary_key
from campflow.storage.schema import install, pending
from campflow.storage.sharding import carry_out, distribute, distributed_tables, statements
from campflow.storage.tables import tables

HERE = Span("people.flow", 1, 1, 1, 1)
PEOPLE = Contact((Field("email", ValueType("email"), True, None, HERE),), None)
SIGNUP = Event("signup", (), None, HERE)
TABLES = tables(PEOPLE, (SIGNUP,))


# --- the rule, read from the tables --------------------------------------------------------------------------------


def test_every_unique_key_of_a_table_about_people_begins_with_the_contact() -> None:
    about = [table for table in distributed_tables(TABLES) if table is not TABLES.contact]
    keys = {
        (table.name, names)
        for table in about
        for names in (
            primary_key(table, POSTGRES),
            *(
                tuple(column.name for column in key.columns)
                for key in table.constraints
                if isinstance(key, UniqueConstraint) and belongs(key, POSTGRES)
            ),
            *(tuple(column.name for column in index.columns) for index in table.indexes if index.unique),
        )
    }
    assert len(keys) >= len(about) > 12
    assert [key for key in keys if key[1][0] != "contact_id"] == []


def test_only_what_a_person_is_found_by_is_unique_without_the_contact() -> None:
    found = {
        column.name
        for key in (*TABLES.contact.constraints, *TABLES.contact.indexes)
        if isinstance(key, UniqueConstraint) or (isinstance(key, Index) and key.unique)
        for column in key.columns
    }
    assert found == {"contact_key", "email"}


def test_every_table_is_distributed_or_whole_everywhere_and_none_is_both() -> None:
    said = [each for each in statements(TABLES) if "create_" in each]
    names = [each.split("'")[1] for each in said]
    assert sorted(names) == sorted([*TABLES.metadata.tables, "found_by"])
    assert {each.split("'")[1] for each in said if "create_reference_table" in each}.isdisjoint(
        table.name for table in TABLES.metadata.tables.values() if "contact_id" in table.c
    )
    assert all("colocate_with => 'contact'" in each for each in said if "distributed" in each and "'event'" in each)


# --- where it is refused -------------------------------------------------------------------------------------------


def test_sqlite_is_told_to_copy_first(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/a.db", TABLES)
    install(database)
    with pytest.raises(StoreError, match="only a PostgreSQL database can be distributed: `campflow db copy"):
        distribute(database)


def opened(store: Store) -> Database:
    database = Database(store.url(), TABLES)
    store.opened(database)
    return database


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("store", databases.kinds()[1:], indirect=True)
class TestOnPostgres:
    def test_a_server_without_the_extension_is_told_so(self, store: Store) -> None:
        database = opened(store)
        with pytest.raises(StoreError, match="run `campflow db upgrade` first"):
            distribute(database)
        install(database)
        with pytest.raises(StoreError, match="has no Citus in this database: install the extension"):
            distribute(database)
        with database.reader() as connection:
            assert not inspect(connection).has_table("found_by")

    def test_the_rules_refuse_what_citus_refuses(self, store: Store) -> None:
        database = ruled(store)
        for said, refused in (
            ("SELECT create_distributed_table('contact', 'contact_id')", "contact_contact_key_key|contact_email"),
            ("SELECT create_distributed_table('rfm', 'recency')", "does not hold recency"),
            ("SELECT create_reference_table('campaign_version')", "ties it to a local table"),
            ("SELECT create_distributed_table('rfm', 'contact_id', colocate_with => 'contact')", "is not distributed"),
        ):
            with pytest.raises(DBAPIError, match=refused), database.transaction() as connection:
                connection.exec_driver_sql(said)

    def test_the_statements_are_allowed_and_the_tables_stay_as_they_should_be(self, store: Store) -> None:
        database = shared_out(store)
        with database.reader() as connection:
            by = {row.name: row.distributed_by for row in connection.execute(text("SELECT * FROM citus_table"))}
            assert list(drift(connection, TABLES)) == []
        people = {table.name: "contact_id" for table in distributed_tables(TABLES)}
        others = dict.fromkeys(set(TABLES.metadata.tables) - set(people))
        assert by == {**people, **others, "found_by": "value"}
        assert not pending(database)
        with pytest.raises(StoreError, match="distributed already"):
            distribute(database)

    def test_people_are_found_and_kept_apart_as_before(self, store: Store) -> None:
        database = shared_out(store)
        assert people(database, "a1,ada@acme.example", "b1,bob@acme.example", "c1,") == (2, 0)
        assert names(database) == {
            ("key", "a1"), ("key", "b1"), ("key", "c1"), ("email", "ada@acme.example"), ("email", "bob@acme.example"),
        }  # fmt: skip
        # One hands its address on, and a third one gets one.
        assert people(database, "b1,new@acme.example", "a1,bob@acme.example", "c1,cy@acme.example") == (0, 3)
        assert owners(database) == {
            "new@acme.example": "b1", "bob@acme.example": "a1", "cy@acme.example": "c1",
        }  # fmt: skip
        with pytest.raises(IntegrityError), database.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO found_by VALUES ('a1', 'key', 99)")

    def test_nobody_is_found_after_being_forgotten(self, store: Store) -> None:
        database = shared_out(store)
        people(database, "b1,bob@acme.example")
        with database.transaction() as connection:
            forget(connection, TABLES, 1, Identity("a1", "ada@acme.example"), 0)
        assert names(database) == {("key", "b1"), ("email", "bob@acme.example")}

    def test_events_come_in(self, store: Store) -> None:
        database = shared_out(store)
        lines = ["contact,event,at,id\n", *(f"ada@acme.example,signup,2026-03-0{n},{n}\n" for n in range(1, 4))]
        report = import_events(
            database, PEOPLE, (SIGNUP,), CsvSource(), [line.encode() for line in lines],
            currency=None, zone="UTC", now=2**41, addresses={},
        )  # fmt: skip
        assert (report.added, report.refused) == (3, 0)

    def test_the_way_back_is_a_copy(self, store: Store, tmp_path: Path) -> None:
        database = shared_out(store)
        url = f"sqlite:///{tmp_path}/back.db"
        copy(database, url)
        back = Database(url, TABLES)
        with back.reader() as connection:
            assert list(drift(connection, TABLES)) == []
            assert connection.scalars(select(TABLES.contact.c.contact_key)).all() == ["a1"]
        back.close()


def ruled(store: Store) -> Database:
    """A database with one person, on a server that knows the rules."""
    database = opened(store)
    install(database)
    with database.transaction() as connection:
        driver: Any = connection.connection.driver_connection
        driver.execute(Path(__file__).with_name("citus_rules.sql").read_text())
    people(database, "a1,ada@acme.example")
    return database


def shared_out(store: Store) -> Database:
    database = ruled(store)
    with database.transaction() as connection:
        carry_out(connection, TABLES)
    return database


def people(database: Database, *rows: str) -> tuple[int, int]:
    """Import them; how many were added, and how many changed."""
    lines = [f"{line}\n".encode() for line in ("key,email", *rows)]
    report = import_people(database, PEOPLE, CsvSource(), lines, currency=None, zone="UTC", now=0)
    assert report.refused == 0
    return report.added, report.changed


def names(database: Database) -> set[tuple[str, str]]:
    with database.reader() as connection:
        return {(row.kind, row.value) for row in connection.execute(text("SELECT kind, value FROM found_by"))}


def owners(database: Database) -> dict[str, str]:
    query = text("SELECT f.value, c.contact_key FROM found_by f JOIN contact c USING (contact_id) WHERE kind = 'email'")
    with database.reader() as connection:
        return {row[0]: row[1] for row in connection.execute(query)}
