"""A project goes from SQLite to PostgreSQL and back, with everything it has, or stays where it is."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, make_url, select, text
from tests import databases
from tests.databases import POSTGRES, SQLITE, Store

from campflow.diagnostics.source import Span
from campflow.errors import StoreError
from campflow.model.people import Contact, Event, Field, Kind, ValueType
from campflow.storage import copying
from campflow.storage.copying import copy
from campflow.storage.database import Database
from campflow.storage.schema import install, pending
from campflow.storage.tables import tables

#: From one kind of database to the other, both ways, and to another of the same kind.
WAYS = [(a, b) for a in databases.kinds() for b in databases.kinds()]
HERE = Span("people.flow", 1, 1, 1, 1)
FIELDS: dict[str, Kind] = {"email": "email", "vip": "yesno", "score": "number", "born": "date"}


@pytest.fixture
def stores() -> Iterator[dict[str, Store]]:
    made = {kind: Store(kind) for kind in databases.kinds()}
    yield made
    for store in made.values():
        store.close()


def opened(store: Store, url: str, *names: str) -> Database:
    people = Contact(tuple(Field(name, ValueType(FIELDS[name]), True, None, HERE) for name in names), None)
    purchase = Event("purchase", (Field("amount", ValueType("money"), True, None, HERE),), None, HERE)
    database = Database(url, tables(people, (purchase,)))
    store.opened(database)
    return database


def filled(store: Store, folder: Path) -> Database:
    """People with and without values, one who was erased, and a field that is declared no longer."""
    url = store.shared_url(folder)
    database = opened(store, url, *FIELDS)
    install(database)
    t = database.tables
    columns = ("contact_key", "email", "vip", "score", "born", "extra", "created_at", "draw")
    people: list[tuple[object, ...]] = [
        ("ada", "ada@acme.example", True, 1 / 3, -3, '{"a":"é\\n"}', 1, 2**53),
        ("\\N\t", None, None, None, None, None, 1, 0),
        ("erased", None, False, 1e300, 2**40, None, 1, 0),
    ]
    with database.transaction() as connection:
        connection.execute(insert(t.contact), [dict(zip(columns, each, strict=True)) for each in people])
        connection.execute(t.contact.delete().where(t.contact.c.contact_key == "erased"))
        bought = {"contact_id": 1, "name": "purchase", "source": "shop", "purchase$amount": 990}
        rows = [bought | {"event_id": str(n), "at": n, "early": n % 2 == 0} for n in range(11_000)]
        connection.execute(insert(t.event), rows)
    database.close()
    return opened(store, url, "email", "vip", "born")


@pytest.mark.parametrize(("kind", "to"), WAYS)
def test_everything_arrives(stores: dict[str, Store], tmp_path: Path, kind: str, to: str) -> None:
    source, url = filled(stores[kind], tmp_path), stores[to].shared_url(tmp_path)
    told: list[tuple[str, int]] = []
    sent = copy(source, url, lambda table, rows: told.append((table, rows)))
    assert (sent["contact"].rows, sent["event"].rows, told[-1][1] > 0) == (2, 11_000, True)
    target = opened(stores[to], url, *FIELDS)
    assert not pending(target)
    with target.reader() as connection:
        c = target.tables.contact.c
        assert [tuple(row) for row in connection.execute(select(c.contact_key, c.vip, c.score, c.born, c.extra))] == [
            ("ada", True, 1 / 3, -3, '{"a":"é\\n"}'),
            ("\\N\t", None, None, None, None),
        ]
        assert connection.scalar(select(text("count(*)")).where(target.tables.event.c.early)) == 5_500


@pytest.mark.parametrize(("kind", "to"), WAYS)
def test_ids_go_on_after_the_last_that_there_ever_was(
    stores: dict[str, Store], tmp_path: Path, kind: str, to: str
) -> None:
    url = stores[to].shared_url(tmp_path)
    copy(filled(stores[kind], tmp_path), url)
    target = opened(stores[to], url, "email")
    with target.transaction() as connection:
        added = insert(target.tables.contact).values(contact_key="new", created_at=0, draw=0)
        assert connection.execute(added.returning(target.tables.contact.c.contact_id)).scalar_one() == 4


@pytest.mark.parametrize("to", databases.kinds())
def test_a_target_in_use_is_refused(stores: dict[str, Store], tmp_path: Path, to: str) -> None:
    source, url = filled(stores[SQLITE], tmp_path), stores[to].shared_url(tmp_path)
    install(opened(stores[to], url))
    with pytest.raises(StoreError, match="already: name an empty database"):
        copy(source, url)
    with pytest.raises(StoreError, match="already: name an empty database"):
        copy(source, str(source.url))


@pytest.mark.parametrize("to", databases.kinds())
def test_what_fails_half_way_leaves_the_target_empty(stores: dict[str, Store], tmp_path: Path, to: str) -> None:
    source, url = filled(stores[SQLITE], tmp_path), stores[to].shared_url(tmp_path)

    def stop(table: str, rows: int) -> None:
        if (table, rows) == ("event", 2 * copying.LOT):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy(source, url, stop)
    assert pending(opened(stores[to], url)).is_new
    assert copy(source, url)["event"].rows == 11_000


@pytest.mark.skipif(POSTGRES not in databases.kinds(), reason="there is no server")
def test_what_arrives_otherwise_than_it_left_is_noticed(stores: dict[str, Store], tmp_path: Path) -> None:
    source, url = filled(stores[SQLITE], tmp_path), make_url(stores[POSTGRES].url())
    rounding = url.update_query_dict({"options": f"{url.query['options']} -cextra_float_digits=-10"})
    with pytest.raises(StoreError, match=r"contact did not arrive: 2 rows, \w+ left, 2 rows, \w+ came"):
        copy(source, rounding.render_as_string(hide_password=False))
    assert pending(opened(stores[POSTGRES], url.render_as_string(hide_password=False))).is_new


def test_nothing_is_copied_from_under_a_daemon_that_sends(stores: dict[str, Store], tmp_path: Path) -> None:
    source = filled(stores[SQLITE], tmp_path)
    lease = {"channel": "email", "owner": "me", "fence": 1, "ready_at": 0, "first_message_id": 1, "last_message_id": 2}
    with source.transaction() as connection:
        connection.execute(insert(source.tables.batch).values(**lease, handed_to=0, leased_until=2**50))
    with pytest.raises(StoreError, match="a daemon is sending out of this database: stop it"):
        copy(source, stores[SQLITE].shared_url(tmp_path))


def test_an_old_database_is_upgraded_first(stores: dict[str, Store], tmp_path: Path) -> None:
    source = opened(stores[SQLITE], str(filled(stores[SQLITE], tmp_path).url), *FIELDS)
    with source.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE contact DROP COLUMN born")
    with pytest.raises(StoreError, match="run `campflow db upgrade` first"):
        copy(source, stores[SQLITE].shared_url(tmp_path))
