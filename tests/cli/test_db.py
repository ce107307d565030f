"""`db upgrade`, `db check`, `db copy`, in a project as `init` makes it."""

import json
import sqlite3

import pytest
from tests import databases
from tests.cli.terminal import Terminal
from tests.cli.test_people import ADA, signed_up
from tests.databases import Store


def test_a_new_project_is_told_to_make_its_tables_and_check_makes_nothing(project: Terminal) -> None:
    assert "to do: make the tables" in project("db", "check", code=1).stdout
    assert not (project.folder / "campflow.db").exists()
    assert "make the tables …" in project("db", "upgrade").stdout
    assert "campflow.db is up to date." in project("db", "check").stdout
    assert "nothing was to be done" in project("db", "upgrade").stdout


def test_a_new_field_is_named_before_its_column_is_added(still: Terminal) -> None:
    signed_up(still)
    still.change("people.flow", "contact {", "contact {\n  shoe_size number = 42")
    said = json.loads(still("db", "check", "--format", "json", code=1).stdout)
    added = "add `shoe_size` (number) to contact, with its default for everyone there is"
    assert (said["upgrade"], said["differs"]) == ([added], [])
    assert f"{added} …" in still("db", "upgrade").stdout
    assert still.json("people", "show", "a1")["fields"]["shoe_size"] == 42


def test_a_missing_index_is_found(still: Terminal) -> None:
    signed_up(still)
    with sqlite3.connect(still.folder / "campflow.db") as connection:
        connection.execute("DROP INDEX message_ready")
    connection.close()
    said = still("db", "check", code=1).stdout
    assert "differs: the index message_ready is missing" in said
    assert "changed by somebody else (1 difference)" in said


@pytest.mark.usefixtures("store")
def test_a_project_moves_and_goes_on_where_it_was(still: Terminal, store: Store) -> None:
    signed_up(still)
    still("tick", "--now", "2026-03-02 10:30")
    url = store.shared_url(still.folder)
    said = still("db", "copy", "--to", url).stdout
    assert "contact" in said
    assert "every row compared" in said
    before = still.json("explain", ADA)
    assert still.json("explain", ADA, "--database", url) == before
    assert "up to date" in still("db", "check", "--database", url).stdout
    still("tick", "--now", "2026-05-01", "--database", url)
    assert [move["to"] for move in still.json("explain", ADA, "--database", url)["journeys"][0]["moves"]] == [
        "hello",
        "reminder",
        "reader",
    ]
    assert still.json("explain", ADA) == before


def test_a_project_without_a_database_has_nothing_to_copy(project: Terminal) -> None:
    assert "no database yet" in project("db", "copy", "--to", "sqlite:///b.db", code=2).words
    assert not (project.folder / "b.db").exists()


@pytest.mark.skipif(len(databases.kinds()) == 1, reason="there is no server")
def test_no_password_is_printed(still: Terminal) -> None:
    signed_up(still)
    store = Store(databases.POSTGRES)
    try:
        url = store.url().replace("postgres@", "postgres:s3cret@")
        said = still("db", "copy", "--to", url)
        assert "s3cret" not in said.stdout + said.stderr
        assert "s3cret" not in still("db", "copy", "--to", url, code=1).stderr
    finally:
        store.close()
