"""PostgreSQL as a store: one writer at a time, readers that see one moment, and what an operator is told."""

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import insert, inspect, select
from tests import databases
from tests.databases import POSTGRES, Store, server

from campflow.diagnostics.source import Span
from campflow.errors import StoreError
from campflow.model.people import Contact, Field, ValueType
from campflow.storage.database import Database, database_now
from campflow.storage.schema import install, installed
from campflow.storage.tables import tables

pytestmark = [pytest.mark.usefixtures("store"), pytest.mark.parametrize("store", databases.kinds()[1:], indirect=True)]
HERE = Span("people.flow", 1, 1, 1, 2)
TABLES = tables(Contact((), None), ())


def opened(url: str, busy_seconds: float = 30.0) -> Database:
    database = Database(url, TABLES, busy_seconds=busy_seconds)
    databases.opened(database)
    install(database)
    return database


def add(database: Database, key: str) -> None:
    with database.transaction() as connection:
        connection.execute(insert(TABLES.contact).values(contact_key=key, created_at=0, draw=0))


def keys(database: Database) -> list[str]:
    with database.reader() as connection:
        return list(connection.scalars(select(TABLES.contact.c.contact_key).order_by(TABLES.contact.c.contact_key)))


def test_a_transaction_is_whole_or_nothing(store: Store) -> None:
    database = opened(store.url())
    with pytest.raises(ZeroDivisionError):
        _fail_half_way(database)
    assert keys(database) == []


def _fail_half_way(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(insert(TABLES.contact).values(contact_key="ada", created_at=0, draw=0))
        raise ZeroDivisionError


def test_a_reader_sees_one_moment_and_cannot_write(store: Store) -> None:
    database = opened(store.url())
    with database.reader() as connection:
        count = select(TABLES.contact.c.contact_key)
        assert connection.execute(count).all() == []
        add(database, "ada")
        assert connection.execute(count).all() == []
        with pytest.raises(StoreError, match="read-only"):
            connection.execute(insert(TABLES.contact).values(contact_key="bob", created_at=0, draw=0))
    assert keys(database) == ["ada"]


def test_one_writer_at_a_time_and_the_second_sees_what_the_first_wrote(store: Store) -> None:
    url = store.url()
    first, second = opened(url), opened(url)
    found: list[str] = []
    with first.transaction() as connection:
        writer = threading.Thread(target=lambda: found.extend(_last_and_next(second)))
        writer.start()
        connection.execute(insert(TABLES.contact).values(contact_key="1", created_at=0, draw=0))
    writer.join()
    assert found == ["1", "2"]


def _last_and_next(database: Database) -> list[str]:
    with database.transaction() as connection:
        there = list(connection.scalars(select(TABLES.contact.c.contact_key)))
        new = str(len(there) + 1)
        connection.execute(insert(TABLES.contact).values(contact_key=new, created_at=0, draw=0))
    return [*there, new]


def test_who_waits_too_long_for_another_writer_is_told(store: Store) -> None:
    url = store.url()
    first, second = opened(url), opened(url, busy_seconds=0.05)
    with first.transaction(), pytest.raises(StoreError, match="in use by another process"), second.transaction():
        pass


def test_another_schema_is_another_project(store: Store) -> None:
    first, second = opened(store.url()), opened(store.url(), busy_seconds=0.05)
    with first.transaction():
        add(second, "ada")
    assert (keys(first), keys(second)) == ([], ["ada"])


def test_the_clock_goes_on_within_a_transaction(store: Store) -> None:
    database = opened(store.url())
    with database.transaction() as connection:
        before = database_now(connection)
        connection.exec_driver_sql("SELECT pg_sleep(0.01)")
        assert before + 10 <= database_now(connection) <= time.time() * 1000 + 60_000


def test_declared_fields_are_added_filled_and_widened(store: Store) -> None:
    url = store.url()
    add(opened(url), "ada")
    for declared, wanted in ((ValueType("integer"), 7), (ValueType("number"), 7.0)):
        field = Field("age", declared, False, 7, HERE)
        people = Contact((field,), None)
        database = Database(url, tables(people, ()))
        databases.opened(database)
        install(database)
        install(database)
        with database.reader() as connection:
            assert connection.execute(select(database.tables.contact.c.age)).scalar_one() == wanted
            assert type(connection.execute(select(database.tables.contact.c.age)).scalar_one()) is type(wanted)
            assert "journey_due" in {index["name"] for index in inspect(connection).get_indexes("journey")}


def test_a_server_without_campflow_s_tables_is_a_project_that_has_not_begun(store: Store) -> None:
    url = store.url()
    assert not installed(url)
    opened(url)
    assert installed(url)


def test_texts_are_in_the_order_of_their_bytes(store: Store) -> None:
    database = opened(store.url())
    for key in ("é", "b", "B", "a", "_"):
        add(database, key)
    assert keys(database) == ["B", "_", "a", "b", "é"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"port": 1}, "cannot be reached"),
        ({"database": "no_such_database"}, "no database no_such_database: create it"),
        ({"username": "no_such_user"}, "refuses the password|does not let no_such_user in"),
        ({"drivername": "postgresql+psycopg2"}, r"begin the URL with postgresql\+psycopg://"),
    ],
)
def test_a_wrong_url_is_answered_with_what_to_do(store: Store, change: dict[str, str], said: str) -> None:
    assert store.kind == POSTGRES
    with pytest.raises(StoreError, match=said):
        install(Database(server().set(**change).render_as_string(hide_password=False), TABLES))  # type: ignore[arg-type]


def test_the_database_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"mysql yet: use a URL that begins with sqlite:/// or postgresql\+psycopg://"):
        Database("mysql://a/b", TABLES)
