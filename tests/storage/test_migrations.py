"""However a database came to its tables, they are the same: made today, or made by an earlier campflow and upgraded."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import text
from tests import databases
from tests.databases import SQLITE, Store

from campflow.diagnostics.source import Span
from campflow.errors import StoreError
from campflow.model.people import Contact, Event, Field, Kind, ValueType
from campflow.storage import migrations
from campflow.storage.database import Database
from campflow.storage.drift import drift
from campflow.storage.schema import install, pending
from campflow.storage.tables import tables

pytestmark = pytest.mark.usefixtures("store")
HERE = Span("people.flow", 1, 1, 1, 1)

#: Somebody on the way through a campaign, as the version before the revisions wrote them.
ROWS = (
    "INSERT INTO setting VALUES ('schema_version', '2'), ('clock', '5'), ('type of contact.email', 'email'), "
    "('type of contact.plan', 'one of'), ('type of contact.score', 'integer'), "
    "('type of event.purchase$amount', 'money')",
    "INSERT INTO contact (contact_id, contact_key, created_at, draw, email, plan, score) "
    "VALUES (7, 'ada', 1, 2, 'ada@acme.example', 'pro', 7), (9, 'bob', 1, 3, 'bob@acme.example', 'trial', 8)",
    "INSERT INTO event (seq, contact_id, name, at, source, event_id, purchase$amount) "
    "VALUES (1, 9, 'purchase', 10, 'import', 'a', 990)",
    "INSERT INTO campaign VALUES (1, 'hello', 1, 0, 0, 20, 1, 0, 9)",
    "INSERT INTO journey VALUES (1, 1, 9, '', 1, 1, 10, 1, 1, 1, 10, 1, 0, 1, 99, NULL)",
    "INSERT INTO move VALUES (1, 9, 1, 1, NULL, 1, 1, 10, 1)",
    "INSERT INTO message (message_id, contact_id, campaign_id, journey_id, nth, send_id, channel, planned_at, "
    "release_at, expires_at, state) VALUES (5, 9, 1, 1, 1, 1, 'email', 10, 10, 99, 'ready')",
    "INSERT INTO attempt VALUES (1, 5, 1, 11, 'retry', 'busy'), (2, 6, 1, 11, 'retry', 'whose message was erased')",
    "INSERT INTO prospect VALUES (1, 7, 50)",
    "INSERT INTO conversion VALUES (1, 'bought', 9, 1, 1, 12, 1, 9.5)",
)


def opened(url: str, *fields: tuple[str, Kind]) -> Database:
    known: dict[str, Kind] = {"email": "email", "plan": "choice", "score": "integer"}
    kinds = known | dict(fields)
    people = Contact(tuple(Field(name, ValueType(kind), True, None, HERE) for name, kind in kinds.items()), None)
    purchase = Event("purchase", (Field("amount", ValueType("money"), True, None, HERE),), None, HERE)
    database = Database(url, tables(people, (purchase,)))
    databases.opened(database)
    return database


def run(database: Database, *statements: str) -> None:
    with database.transaction() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.reader() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def differences(database: Database) -> list[str]:
    with database.reader() as connection:
        return list(drift(connection, database.tables))


def shape(database: Database) -> dict[str, object]:
    """What the database itself says of its tables; the order of columns is nobody's business."""
    with database.reader() as connection:
        look, dialect = sa.inspect(connection), connection.dialect
        return {
            name: (
                sorted((c["name"], c["type"].compile(dialect), c["nullable"]) for c in look.get_columns(name)),
                look.get_pk_constraint(name)["constrained_columns"],
                sorted(u["column_names"] for u in look.get_unique_constraints(name)),
                sorted((f["constrained_columns"], f["referred_table"]) for f in look.get_foreign_keys(name)),
                sorted(
                    (str(i["name"]), i["column_names"], bool(i["unique"]), _where(i)) for i in look.get_indexes(name)
                ),
            )
            for name in sorted(look.get_table_names())
        }


def _where(index: Any) -> str:
    return str(index.get("dialect_options", {}).get(f"{databases.kind()}_where"))


def of_version_2(store: Store, folder: Path) -> str:
    """A database that the campflow before the revisions left behind."""
    url = store.shared_url(folder)
    script = Path(__file__).with_name(f"version_2.{store.kind}.sql").read_text()
    made = opened(url)
    run(made, *(each for each in script.split(";\n") if each.strip()), *ROWS)
    made.close()
    return url


def test_a_new_database_has_the_declared_tables(store: Store) -> None:
    database = opened(store.url())
    assert pending(database).is_new
    install(database)
    assert differences(database) == []
    assert not pending(database)


def test_an_old_database_comes_to_the_same_tables(store: Store, tmp_path: Path) -> None:
    old, new = opened(of_version_2(store, tmp_path)), opened(store.shared_url(tmp_path))
    assert [each.name for each in pending(old).revisions] == [each.name for each in migrations.revisions()[1:]]
    install(old)
    install(new)
    assert differences(old) == []
    assert shape(old) == shape(new)


def test_the_first_revision_is_what_version_2_made(store: Store, tmp_path: Path) -> None:
    written, left = opened(store.shared_url(tmp_path)), opened(of_version_2(store, tmp_path))
    with written.transaction() as connection:
        migrations.run(connection, migrations.FIRST)
        connection.exec_driver_sql("DROP TABLE alembic_version")
    run(written, *(f"ALTER TABLE contact ADD COLUMN {each}" for each in _columns(store, "email", "plan", "score")))
    run(written, "CREATE UNIQUE INDEX contact_email ON contact (email)")
    run(written, "ALTER TABLE event ADD COLUMN purchase$amount BIGINT")
    assert shape(written) == shape(left)


def _columns(store: Store, *names: str) -> list[str]:
    kind = "TEXT" if store.kind == SQLITE else 'TEXT COLLATE "C"'
    return [f"{name} {'BIGINT' if name == 'score' else kind}" for name in names]


def test_what_an_old_database_held_is_there_afterwards(store: Store, tmp_path: Path) -> None:
    url = of_version_2(store, tmp_path)
    database = opened(url, ("score", "number"))
    install(database)
    assert rows(database, "SELECT contact_id, contact_key, email, plan, score FROM contact ORDER BY 1") == [
        (7, "ada", "ada@acme.example", "pro", 7.0),
        (9, "bob", "bob@acme.example", "trial", 8.0),
    ]
    assert rows(database, "SELECT seq, contact_id, purchase$amount FROM event") == [(1, 9, 990)]
    assert rows(database, "SELECT attempt_id, contact_id, message_id, detail FROM attempt") == [(1, 9, 5, "busy")]
    assert rows(database, "SELECT contact_id, campaign_id, due_at FROM prospect") == [(7, 1, 50)]
    assert rows(database, "SELECT contact_id, journey_id, name, worth FROM conversion") == [(9, 1, "bought", 9.5)]
    assert rows(database, "SELECT value FROM setting WHERE name = 'clock'") == [("5",)]
    again = "INSERT INTO move (move_id, contact_id, journey_id, nth, statement_id, at) VALUES (77, 9, 1, 1, 1, 1)"
    with pytest.raises(sa.exc.IntegrityError, match=r"move_once|journey_id, move\.nth"):
        run(database, again)


def test_the_campflow_before_the_revisions_refuses_an_upgraded_database(store: Store, tmp_path: Path) -> None:
    database = opened(of_version_2(store, tmp_path))
    install(database)
    # It compared this with its own number, "2".
    assert rows(database, "SELECT value FROM setting WHERE name = 'schema_version'") == [("3",)]


def test_a_campflow_that_knows_fewer_revisions_says_so(store: Store) -> None:
    database = opened(store.url())
    install(database)
    run(database, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match=r"a newer campflow has changed the database \(its revision is 9999"):
        install(database)


def test_the_tables_of_somebody_else_are_left_alone(store: Store) -> None:
    database = opened(store.url())
    run(database, "CREATE TABLE contact (name TEXT)")
    with pytest.raises(StoreError, match=r"tables of somebody else that are named as ours \(contact\)"):
        install(database)
    assert rows(database, "SELECT * FROM contact") == []


def test_an_upgrade_that_fails_has_changed_nothing(store: Store, tmp_path: Path) -> None:
    database = opened(of_version_2(store, tmp_path))
    before = shape(database)
    run(database, "INSERT INTO prospect VALUES (2, 7, 60)", "CREATE TABLE prospect$old (a INTEGER)")
    if store.kind != SQLITE:
        run(database, "CREATE INDEX move_id ON campaign (name)")
    with pytest.raises((sa.exc.DBAPIError, StoreError)):
        install(database)
    run(database, "DROP TABLE prospect$old")
    if store.kind != SQLITE:
        run(database, "DROP INDEX move_id")
    assert shape(database) == before
    install(database)
    assert rows(database, "SELECT count(*) FROM prospect") == [(2,)]


def _upgrade(url: str, ready: Barrier) -> None:
    database = opened(url, ("score", "number"), ("city", "text"))
    ready.wait(60)
    install(database)
    database.close()


def test_two_processes_may_upgrade_at_once(store: Store, tmp_path: Path) -> None:
    url = of_version_2(store, tmp_path)
    fork = multiprocessing.get_context("spawn")
    ready = fork.Barrier(2)
    workers = [fork.Process(target=_upgrade, args=(url, ready)) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    database = opened(url, ("score", "number"), ("city", "text"))
    assert not pending(database)
    assert differences(database) == []
    assert rows(database, "SELECT contact_key, score, city FROM contact ORDER BY 1") == [
        ("ada", 7.0, None),
        ("bob", 8.0, None),
    ]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("DROP INDEX message_ready", "the index message_ready is missing"),
        ("DROP TABLE rfm", "the table rfm is missing"),
        ("ALTER TABLE message DROP COLUMN content_hash", "the column message.content_hash is missing"),
        ("ALTER TABLE contact DROP COLUMN plan", "the column contact.plan is missing"),
    ],
)
def test_what_somebody_took_away_is_found(store: Store, change: str, said: str) -> None:
    database = opened(store.url())
    install(database)
    run(database, change)
    assert differences(database) == [said]


def test_what_somebody_turned_is_found(store: Store) -> None:
    database = opened(store.url())
    install(database)
    run(database, "DROP INDEX message_ready", "CREATE INDEX message_ready ON message (channel, message_id)")
    run(database, "DROP INDEX event_history", "CREATE UNIQUE INDEX event_history ON event (contact_id, at)")
    run(database, "DROP TABLE forgotten", "CREATE TABLE forgotten (trace INTEGER, at BIGINT NOT NULL)")
    assert {line.split(" is ")[0] for line in differences(database)} == {
        "the index message_ready",
        "the index event_history",
        "the column forgotten.trace",
        "the column forgotten.trace may be missing in a row",
        "the primary key of forgotten",
    }


def test_every_revision_follows_the_one_before() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(migrations.HERE))
    walked = [each.revision for each in ScriptDirectory.from_config(config).walk_revisions()]
    assert walked == [each.name for each in reversed(migrations.revisions())]
