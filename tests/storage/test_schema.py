"""A project's fields change from day to day; what is stored stays, and says so where it cannot."""

from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from campflow.diagnostics.source import Span
from campflow.errors import StoreError
from campflow.model.people import ConstantValue, Contact, Event, Field, Kind, Money, ValueType
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import tables

NOWHERE = Span("people.flow", 1, 1, 1, 1)
ADA = "INSERT INTO contact (contact_key, created_at, draw) VALUES ('ada', 0, 0)"


def declared(name: str, kind: Kind, default: ConstantValue | None = None, *choices: str) -> Field:
    element = ValueType("text") if kind == "list" else None
    return Field(name, ValueType(kind, choices, element), True, default, NOWHERE)


def installed(folder: Path, *fields: Field, events: tuple[Event, ...] = ()) -> Database:
    database = Database(f"sqlite:///{folder}/a.db", tables(Contact(fields, None), events))
    install(database, "Europe/Paris")
    return database


def run(database: Database, *statements: str) -> None:
    with database.transaction() as connection:
        for statement in statements:
            connection.execute(text(statement))


def rows(database: Database, query: str) -> list[tuple[object, ...]]:
    with database.reader() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_new_field_arrives_with_its_default_and_old_values_stay(tmp_path: Path) -> None:
    run(installed(tmp_path, declared("plan", "text")), ADA, "UPDATE contact SET plan = 'pro'")
    database = installed(
        tmp_path,
        declared("plan", "text"),
        declared("score", "number", 3),
        declared("spent", "money", Money(1250, "EUR")),
        declared("birthday", "date", "1970-01-03"),
        declared("seen", "time", "1970-01-01T01:00:00"),
        declared("vip", "yesno", False),
        declared("tags", "list", ("a", "é")),
        declared("phone", "phone"),
    )
    query = "SELECT plan, score, spent, birthday, seen, vip, tags, phone FROM contact"
    assert rows(database, query) == [("pro", 3.0, 1250, 2, 0, 0, '["a","é"]', None)]


def test_fields_no_longer_declared_keep_their_values(tmp_path: Path) -> None:
    run(installed(tmp_path, declared("plan", "text")), ADA, "UPDATE contact SET plan = 'pro'")
    run(installed(tmp_path), "INSERT INTO contact (contact_key, created_at, draw) VALUES ('bob', 0, 0)")
    database = installed(tmp_path, declared("plan", "text"))
    assert rows(database, "SELECT contact_key, plan FROM contact ORDER BY 1") == [("ada", "pro"), ("bob", None)]


def test_fields_of_events_are_added_too(tmp_path: Path) -> None:
    installed(tmp_path, events=(Event("purchase", (), None, NOWHERE),))
    database = installed(
        tmp_path, events=(Event("purchase", (declared("amount", "money", Money(5, "EUR")),), None, NOWHERE),)
    )
    run(
        database,
        ADA,
        "INSERT INTO event (contact_id, name, at, source, event_id, purchase$amount) "
        "VALUES (1, 'purchase', 0, 'import', '1', 990)",
    )
    assert rows(database, "SELECT purchase$amount, early FROM event") == [(990, 0)]


def test_an_integer_field_may_become_a_number_and_divides_like_one(tmp_path: Path) -> None:
    run(installed(tmp_path, declared("score", "integer")), ADA, "UPDATE contact SET score = 7")
    database = installed(tmp_path, declared("score", "number"))
    assert rows(database, "SELECT score / 2, typeof(score) FROM contact") == [(3.5, "real")]
    installed(tmp_path, declared("score", "number"))  # and it is remembered as one


def test_any_text_may_become_plain_text_and_choices_may_change(tmp_path: Path) -> None:
    first = installed(tmp_path, declared("email", "email"), declared("plan", "choice", None, "trial", "pro"))
    run(first, ADA, "UPDATE contact SET email = 'ada@acme.example', plan = 'trial'")
    second = installed(tmp_path, declared("email", "text"), declared("plan", "choice", None, "pro", "free"))
    # As a plain text the field no longer says who somebody is: two may have the same.
    run(second, "INSERT INTO contact (contact_key, created_at, draw, email) VALUES ('bob', 0, 0, 'ada@acme.example')")
    assert rows(second, "SELECT plan FROM contact ORDER BY 1") == [(None,), ("trial",)]


@pytest.mark.parametrize(
    ("old", "new"),
    [("number", "integer"), ("text", "email"), ("money", "integer"), ("integer", "money"), ("date", "time")],
)
def test_another_change_of_type_is_refused_and_nothing_changes(tmp_path: Path, old: Kind, new: Kind) -> None:
    installed(tmp_path, declared("worth", old))
    with pytest.raises(StoreError, match=f"`worth` of contact is stored as {old} and now declared as {new}: give"):
        installed(tmp_path, declared("plan", "text"), declared("worth", new))
    columns = {str(row[1]) for row in rows(installed(tmp_path, declared("worth", old)), "PRAGMA table_info(contact)")}
    assert "plan" not in columns


def test_a_field_of_an_event_is_named_with_its_event(tmp_path: Path) -> None:
    installed(tmp_path, events=(Event("purchase", (declared("amount", "money"),), None, NOWHERE),))
    with pytest.raises(StoreError, match=r"`purchase\.amount` of event is stored as money"):
        installed(tmp_path, events=(Event("purchase", (declared("amount", "text"),), None, NOWHERE),))


def test_two_contacts_never_share_an_email_even_where_the_field_came_later(tmp_path: Path) -> None:
    installed(tmp_path)
    database = installed(tmp_path, declared("email", "email"))
    insert = "INSERT INTO contact (contact_key, created_at, draw, email) VALUES ('{0}', 0, 0, 'ada@acme.example')"
    with pytest.raises(IntegrityError):
        run(database, insert.format("a"), insert.format("b"))


def test_the_calendar_knows_every_month(tmp_path: Path) -> None:
    database = installed(tmp_path)
    installed(tmp_path)
    assert rows(database, "SELECT count(*), min(month), max(month) FROM calendar_month") == [(3600, -840, 2759)]
    query = "SELECT month, first_day, length FROM calendar_month WHERE month IN (0, 649, 2759, -839) ORDER BY month"
    # 1900 was no leap year, 2024 was one; 2199-12-01 is day 83,975.
    assert rows(database, query) == [(-839, -25536, 28), (0, 0, 31), (649, 19754, 29), (2759, 83975, 31)]
