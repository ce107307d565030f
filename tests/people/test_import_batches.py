"""What rows come to does not depend on which of them are read and written together.

Each is put beside what the readers of single rows make of it.
"""

from collections.abc import Iterable, Iterator

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from tests.databases import Store
from tests.people.conftest import CONTACT, EVENTS, Shop

from campflow.hooks.contracts import Row
from campflow.people.columns import Columns
from campflow.people.contacts import ContactBatch, identity
from campflow.people.event_reading import EventReader
from campflow.people.event_rows import EventRows
from campflow.people.records import Batch
from campflow.people.report import Tally
from campflow.people.values import Conventions
from campflow.people.wording import BadCell
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import tables

CONVENTIONS = Conventions("EUR", "Europe/Paris")

PEOPLE = "key,email,country,phone,plan,score,tags,note"
a_person = st.tuples(
    st.sampled_from(["", "", "1", "2", "3", "a@acme.com"]),
    st.sampled_from(["", "a@acme.com", "b@acme.com", "B@ACME.com", "c@acme.com", "nobody"]),
    st.sampled_from(["", "FR", "GB", "UK"]),
    st.sampled_from(["", "", "0612345678", "+33612345678"]),
    st.sampled_from(["", "trial", "gold"]),
    st.sampled_from(["", "1", "much"]),
    st.sampled_from(["", "a|b"]),
    st.sampled_from(["", "", "seen"]),
).map(",".join)

PURCHASES = "key,email,event,at,id,amount,sku,pieces,about"
an_event = st.tuples(
    st.sampled_from(["", "1", "1", "2", "9"]),
    st.sampled_from(["", "a@acme.com", "A@ACME.COM", "z@acme.com", "nobody"]),
    st.sampled_from(["purchase", "purchase", "signup", "moved_house", "clicked", "purchasd", ""]),
    st.sampled_from(["2026-01-01", "2026-01-01T09:00:00Z", "2026-01-01 09:00", "never", ""]),
    st.sampled_from(["", "", "i1", "i2"]),
    st.sampled_from(["5", "5.00", "much", ""]),
    st.sampled_from(["A-1", "", "zoë"]),
    st.sampled_from(["", "1", "2", "x"]),
    st.sampled_from(["", "", "welcome"]),
).map(",".join)


def shop_at(store: Store) -> Shop:
    database = Database(store.url(), tables(CONTACT, EVENTS))
    store.opened(database)
    install(database)
    return Shop(database)


def emptied(shop: Shop) -> Shop:
    t = shop.database.tables
    with shop.database.transaction() as connection:
        for table in (t.event, t.change, t.contact):
            connection.execute(delete(table))
    shop.refused.clear()
    return shop


def people_of(shop: Shop) -> list[tuple[object, ...]]:
    return shop.rows(
        "SELECT contact_key, email, country, phone, plan, score, tags, extra, draw FROM contact ORDER BY contact_key"
    )


def one_by_one(shop: Shop, lines: Iterable[str]) -> list[tuple[int, str, str]]:
    """Rows of people, each by itself; what was refused."""
    email, refused = CONTACT.field("email"), []
    columns = Columns(["key", *(field.name for field in CONTACT.fields)], {}, {})
    for number, line in enumerate(lines, 2):
        cells, others = columns.sort(dict(zip(PEOPLE.split(","), line.split(","), strict=True)))
        with shop.database.transaction() as connection:
            batch = ContactBatch(connection, shop.database.tables, CONTACT, CONVENTIONS)
            try:
                who = identity(cells, email, CONVENTIONS)
                batch.load([who])
                batch.apply(who, cells, others)
            except BadCell as error:
                refused.append((number, error.column, error.reason))
            batch.write(1_000)
    return refused


KNOWN = [PEOPLE + "\n", "1,a@acme.com,FR,,trial,,,\n", "2,,GB,,,,,\n"]


@pytest.fixture(scope="module")
def shops() -> Iterator[tuple[Shop, Shop]]:
    store = Store("sqlite")
    yield shop_at(store), shop_at(store)
    store.close()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.booleans(), st.lists(a_person, min_size=1, max_size=6))
@example(False, ["1,,,,,,,", "2,,,,,,,", "1,,FR,,,,,"])
@example(True, [",a@acme.com,,,,,,", "3,c@acme.com,,,,,,", "a@acme.com,,,,,,,"])
def test_people_are_the_same_together_as_one_by_one(shops: tuple[Shop, Shop], known: bool, lines: list[str]) -> None:
    together, alone = map(emptied, shops)
    for shop in (together, alone) if known else ():
        shop.people("".join(KNOWN))
    report = together.people("\n".join([PEOPLE, *lines]))
    refused = one_by_one(alone, lines)
    assert people_of(together) == people_of(alone)
    assert together.reasons() == refused
    assert report.added == len(people_of(alone)) - (2 if known else 0)
    assert report.added + report.changed + report.unchanged == len(lines) - len(refused)


@settings(deadline=None)
@given(st.sampled_from([None, "purchase", "clicked"]), st.lists(an_event, min_size=1, max_size=6))
@example(None, ["1,,purchase,2026-01-01,,5,A-1,,", "2,,signup,2026-01-01,,,,,", "1,,purchase,2026-01-01,,5,A-1,,"])
def test_events_are_read_together_as_one_by_one(fixed: str | None, lines: list[str]) -> None:
    names = {name: name for name in PURCHASES.split(",")}
    columns, tally, batch = Columns(names, {}, {}), Tally(), Batch()
    rows = [Row(number, dict(zip(names, line.split(","), strict=True))) for number, line in enumerate(lines, 2)]
    for row in rows:
        batch.add(row)
    found = EventRows(EventReader(CONTACT, EVENTS, CONVENTIONS), columns, fixed, "import", tally).read(batch)
    reader = EventReader(CONTACT, EVENTS, CONVENTIONS)
    wanted, refused = [], []
    for row in rows:
        cells, _ = columns.sort(row.values)
        try:
            name = fixed or str(cells.get("event", ""))
            if not name:
                raise BadCell("event", "is missing: say which event it is")
            wanted.append((row.line, reader.read_row(reader.event(name), cells, "import")))
        except BadCell as error:
            refused.append((row.line, error.column, error.reason))
    assert [(each.line, each.happening) for each in found] == wanted
    told: list[tuple[int, str, str]] = []
    tally.on_refused = lambda error, _: told.append((error.line, error.column, error.reason))
    tally.tell_refused()
    assert told == refused


def test_somebody_known_among_many_new_ones(store: Store) -> None:
    """On both databases: nothing of a batch that could not go in as it was is left, and all of it goes in after all."""
    shop = shop_at(store)
    assert shop.people("".join(KNOWN)).added == 2
    many = [f"k{n},k{n}@acme.com,FR,,,,,\n" for n in range(300)]
    report = shop.people("".join([f"{PEOPLE}\n", *many, "2,b@acme.com,,,,,,\n", "7,k7@acme.com,,,,,,\n"]))
    assert (report.added, report.changed, report.unchanged, report.refused) == (300, 1, 0, 1)
    assert shop.reasons() == [(303, "email", "`k7@acme.com` belongs to the contact with the key `k7`")]
    assert len(people_of(shop)) == 302
    assert shop.rows("SELECT email FROM contact WHERE contact_key = '2'") == [("b@acme.com",)]
    assert shop.rows("SELECT field, old FROM change") == [("email", None)]
    again = shop.people("".join([f"{PEOPLE}\n", *many, "k300,,,,,,,\n"]))
    assert (again.added, again.changed, again.unchanged) == (1, 0, 300)
