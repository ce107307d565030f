"""Many rows at once: the same rows, in the same order, on both databases."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from tests import databases
from tests.databases import POSTGRES, Store

from campflow.model.people import Contact
from campflow.people.importing import MANY, import_people
from campflow.people.sources import CsvSource
from campflow.storage import bulk
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import tables

pytestmark = pytest.mark.usefixtures("store")
NOBODY = Contact((), None)
PERSON = ("contact_key", "created_at", "draw", "extra")
EVENT = ("contact_id", "name", "at", "source", "event_id", "early")


@pytest.fixture
def database(store: Store) -> Database:
    made = Database(store.url(), tables(NOBODY, ()))
    store.opened(made)
    install(made)
    return made


def person(key: str, extra: str | None = None) -> tuple[object, ...]:
    return key, 1, 2, extra


def happened(at: int, id: str) -> tuple[object, ...]:
    return 1, "opened", at, "x", id, False


@pytest.mark.parametrize("count", [3, 1_000])
def test_what_is_new_goes_in_once_and_in_order(database: Database, count: int) -> None:
    rows = [happened(at, str(at % count)) for at in range(2 * count)]
    with database.transaction() as connection:
        bulk.add(connection, database.tables.contact, PERSON, [person("ada")])
        assert bulk.add_new(connection, database.tables.event, EVENT, rows[1:2]) == 1
        assert bulk.add_new(connection, database.tables.event, EVENT, rows) == count - 1
        assert bulk.add_new(connection, database.tables.event, EVENT, rows) == 0
    with database.reader() as connection:
        found = connection.execute(select(database.tables.event.c.at).order_by(database.tables.event.c.seq)).scalars()
        assert found.all() == [1, 0, *range(2, count)]


@pytest.mark.parametrize("text", ["a\tb\\N\n\r\\.", "é\u2028🙂", "", "%s ? :name"])
def test_texts_arrive_as_they_were(database: Database, text: str) -> None:
    with database.transaction() as connection:
        bulk.add(connection, database.tables.contact, PERSON, [person("ada", text), person("bob")])
    with database.reader() as connection:
        c = database.tables.contact.c
        assert connection.scalars(select(c.extra).order_by(c.contact_key)).all() == [text, None]


def test_a_name_that_somebody_has_fails_all_of_them(database: Database) -> None:
    with pytest.raises(IntegrityError), database.transaction() as connection:
        bulk.add(connection, database.tables.contact, PERSON, [person("ada"), person("bob"), person("ada")])
    with database.reader() as connection:
        assert connection.scalars(select(database.tables.contact.c.contact_key)).all() == []


def test_nothing_is_nothing(database: Database) -> None:
    with database.transaction() as connection:
        bulk.add(connection, database.tables.contact, PERSON, [])
        assert bulk.add_new(connection, database.tables.event, EVENT, []) == 0


@pytest.mark.parametrize("store", [kind for kind in databases.kinds() if kind == POSTGRES], indirect=True)
def test_after_an_import_the_server_knows_how_many_there_are(database: Database) -> None:
    lines = ["key\n", *(f"k{n}\n" for n in range(MANY))]
    read = [line.encode() for line in lines]
    import_people(database, NOBODY, CsvSource(), read, currency=None, zone="UTC", now=0)
    with database.reader() as connection:
        query = text("SELECT reltuples FROM pg_class WHERE oid = 'contact'::regclass")
        assert connection.scalar(query) == MANY
