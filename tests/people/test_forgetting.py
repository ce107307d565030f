"""A person is erased everywhere and known again; and before that, everything held about them can be had."""

import hashlib
import json
import re

import pytest
from sqlalchemy import Boolean, Float, Integer, Table, Text, insert, select
from tests.people.conftest import Shop

from campflow.engine.story import find_person
from campflow.people.contacts import Identity
from campflow.people.dossier import dossier
from campflow.people.forgetting import Forgotten, forget

PEOPLE = (
    "key,email,country,birthday,tags,shoe_size\n"
    "ada,ada@acme.example,FR,1990-12-01,a|b,39\nbob,bob@acme.example,CH,,,\n"
)  # fmt: skip

#: Tables that are about nobody.
OF_NOBODY = {
    "campaign", "campaign_version", "stage", "statement", "send", "split", "arm", "batch", "forgotten", "zone_offset",
    "zone_local", "calendar_month", "setting", "errand_statement", "channel", "alembic_version",
    "batch_gap", "due_run", "ready_run",
    # A form that waits for its mailbox is nobody's yet; it goes by its address.
    "opt_in",
    "observer", "engagement", "called",
}  # fmt: skip


def filled(table: Table, contact_id: int, mark: str) -> dict[str, object]:
    """A row of the table in which every text, and every number that no other row needs, is told by `mark`."""
    row: dict[str, object] = {}
    number = int(hashlib.sha256(mark.encode()).hexdigest()[:6], 16)
    for column in table.c:
        if column.name == "contact_id":
            row[column.name] = contact_id
        elif isinstance(column.type, Boolean):
            row[column.name] = True
        elif isinstance(column.type, Text):
            row[column.name] = mark
        elif isinstance(column.type, Float):
            row[column.name] = float(number)
        elif isinstance(column.type, Integer):
            row[column.name] = number
    return row


def personal(shop: Shop) -> list[Table]:
    """Every table with a column that leads to a person."""
    leading = {"contact_id", "message_id", "journey_id"}
    return [table for table in shop.database.tables.metadata.sorted_tables if leading & set(table.c.keys())]


@pytest.fixture
def full(shop: Shop) -> Shop:
    """Ada and Bob, with a row of each in every table that is about people."""
    shop.people(PEOPLE)
    with shop.database.transaction() as connection:
        for table in personal(shop):
            if table.name != "contact":
                rows = [filled(table, contact_id, name) for contact_id, name in ((1, "ada"), (2, "bob"))]
                connection.execute(insert(table), rows)
    return shop


def erase(shop: Shop, who: str, now: int = 1_764_547_200_000) -> Forgotten:
    tables = shop.database.tables
    with shop.database.transaction() as connection:
        person = find_person(connection, tables, who)
        assert person is not None
        return forget(connection, tables, person.contact_id, Identity(person.key, person.email), now)


def held(shop: Shop, contact_id: int) -> dict[str, list[dict[str, object]]]:
    with shop.database.reader() as connection:
        return dossier(connection, shop.database.tables, contact_id, "EUR")


def test_every_table_is_about_people_or_about_nobody(shop: Shop) -> None:
    tables = set(shop.database.tables.metadata.tables)
    assert tables - OF_NOBODY == {table.name for table in personal(shop)}


def test_the_export_has_every_table_with_a_row_of_the_person_and_of_nobody_else(full: Shop) -> None:
    found = held(full, 1)
    assert {name: len(rows) for name, rows in found.items()} == {table.name: 1 for table in personal(full)}
    assert "bob" not in json.dumps(found)


def test_forgetting_leaves_nothing_of_the_person_in_any_table_and_all_of_the_others(full: Shop) -> None:
    erased = erase(full, "ada@acme.example")
    assert erased.rows == {table.name: 1 for table in personal(full)}
    with full.database.reader() as connection:
        for table in full.database.tables.metadata.sorted_tables:
            rows = connection.execute(select(table)).all()
            # A trace is 64 hexadecimal digits, among which there may be an `ada`.
            assert "ada" not in re.sub("[0-9a-f]{64}", "", repr(rows)), table.name
            if table in personal(full):
                assert len(rows) == 1, table.name


def test_the_export_is_in_words(shop: Shop) -> None:
    shop.people(PEOPLE)
    shop.happened("key,at,amount,sku,id\nada,2026-01-01,12.50,tea,7\n")
    shop.happened("key,at,moved_house.at,id\nada,2026-01-02,Paris,8\n", event="moved_house")
    found = held(shop, 1)
    (contact,) = found["contact"]
    assert contact["created_at"] == "1970-01-01T00:00:01.000Z"
    assert (contact["birthday"], contact["tags"], contact["extra"]) == ("1990-12-01", ["a", "b"], {"shoe_size": "39"})
    purchase, moved = found["event"]
    assert (purchase["at"], purchase["early"]) == ("2025-12-31T23:00:00.000Z", False)
    assert purchase["fields"] == {"amount": "12.50 EUR", "sku": "tea", "pieces": 1}
    assert (moved["name"], moved["fields"]) == ("moved_house", {"at": "Paris", "email": None})
    assert found["message"] == []
    json.dumps(found)


def test_a_field_that_is_no_longer_declared_is_exported_and_erased(shop: Shop) -> None:
    shop.people(PEOPLE)
    with shop.database.transaction() as connection:
        connection.exec_driver_sql("ALTER TABLE contact ADD COLUMN nickname TEXT")
        connection.exec_driver_sql("UPDATE contact SET nickname = 'countess' WHERE contact_key = 'ada'")
    assert held(shop, 1)["contact"][0]["nickname"] == "countess"
    erase(shop, "ada")
    assert shop.rows("SELECT nickname FROM contact") == [(None,)]


# --- the trace -------------------------------------------------------------------------------------------------


def test_a_forgotten_person_is_not_imported_again_and_goes_to_the_rejects(shop: Shop) -> None:
    shop.people(PEOPLE)
    erase(shop, "ada")
    report = shop.people(PEOPLE)
    assert (report.added, report.unchanged, report.refused) == (0, 1, 1)
    assert shop.reasons() == [(2, "key", "`ada` was forgotten on 2025-12-01, and stays so: take the row out")]
    assert shop.people("email,country\nADA@acme.example,FR\n").refused == 1
    assert shop.people("key,email\nnew,ada@ACME.example\n").refused == 1
    assert [column for _, column, _ in shop.reasons()] == ["email", "email"]
    assert shop.people("key,email\nbob,ada@acme.example\n").refused == 1  # nor does another one get the address
    assert shop.rows("SELECT contact_key FROM contact") == [("bob",)]


def test_the_trace_does_not_say_who_it_was(shop: Shop) -> None:
    shop.people(PEOPLE)
    erase(shop, "ada")
    traces = [str(trace) for (trace,) in shop.rows("SELECT trace FROM forgotten")]
    plain = {hashlib.sha256(text.encode()).hexdigest() for text in ("ada", "ada@acme.example", "key.ada")}
    assert len(traces) == 2
    assert not plain & set(traces)
    assert all(len(trace) == 64 for trace in traces)


def test_forgetting_is_of_one_database_only(shop: Shop) -> None:
    shop.people(PEOPLE)
    erase(shop, "ada")
    first = shop.rows("SELECT trace FROM forgotten ORDER BY trace")
    with shop.database.transaction() as connection:
        for statement in ("DELETE FROM forgotten", "DELETE FROM setting WHERE name = 'forgotten'"):
            connection.exec_driver_sql(statement)
    shop.people(PEOPLE)
    erase(shop, "ada")
    assert shop.rows("SELECT trace FROM forgotten ORDER BY trace") != first


def test_the_ids_of_the_erased_are_not_given_again(full: Shop) -> None:
    """An unsubscribe link in an old mail carries the contact's id, a provider knows a message by its own."""
    full.people("key\nlast\n")
    erase(full, "last")
    full.people("key\nnew\n")
    assert full.rows("SELECT contact_id FROM contact ORDER BY 1") == [(1,), (2,), (4,)]
    last = max(int(str(number)) for (number,) in full.rows("SELECT message_id FROM message"))
    for who in ("ada", "bob"):
        erase(full, who)
    with full.database.transaction() as connection:
        row = filled(full.database.tables.message, 4, "new")
        del row["message_id"]
        key = connection.execute(insert(full.database.tables.message).values(row)).inserted_primary_key
    assert key is not None
    assert key[0] > last
