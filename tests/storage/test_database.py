"""Opening a database, writing and reading at the same time, and what an operator is told when it cannot be done."""

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from campflow.errors import StoreError
from campflow.model.people import Contact
from campflow.storage.database import Database, database_now
from campflow.storage.schema import install
from campflow.storage.tables import tables

TABLES = tables(Contact((), None), ())


def opened(url: str, busy_seconds: float = 0.05) -> Database:
    database = Database(url, TABLES, busy_seconds=busy_seconds)
    install(database)
    return database


def add_contact(database: Database, key: str) -> None:
    with database.transaction() as connection:
        connection.execute(insert(TABLES.contact).values(contact_key=key, created_at=0, draw=0))


def keys(database: Database) -> list[str]:
    with database.reader() as connection:
        return list(connection.scalars(select(TABLES.contact.c.contact_key)))


def test_every_connection_is_durable_and_checks_foreign_keys(tmp_path: Path) -> None:
    database = opened(f"sqlite:///{tmp_path}/a.db")
    with database.reader() as first, database.reader() as second:
        for connection in (first, second):
            found = {
                name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "foreign_keys", "temp_store", "cache_size")
            }
            assert found == {
                "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "temp_store": 2, "cache_size": -65536,
            }  # fmt: skip
    with pytest.raises(IntegrityError), database.transaction() as connection:
        connection.execute(insert(TABLES.change).values(contact_id=99, field="plan", at=0))


def fail_half_way(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute(insert(TABLES.contact).values(contact_key="ada", created_at=0, draw=0))
        connection.execute(text("CREATE TABLE extra (x)"))
        connection.execute(text("INSERT INTO nowhere VALUES (1)"))


def test_a_block_that_raises_leaves_nothing_not_even_a_table(tmp_path: Path) -> None:
    database = opened(f"sqlite:///{tmp_path}/a.db")
    with pytest.raises(OperationalError, match="no such table: nowhere"):
        fail_half_way(database)
    assert keys(database) == []
    with pytest.raises(OperationalError), database.reader() as connection:
        connection.execute(text("SELECT * FROM extra"))


def test_a_reader_sees_one_moment_while_a_writer_goes_on(tmp_path: Path) -> None:
    database = opened(f"sqlite:///{tmp_path}/a.db")
    add_contact(database, "ada")
    with database.reader() as reader:
        before = list(reader.scalars(select(TABLES.contact.c.contact_key)))
        add_contact(database, "bob")
        assert list(reader.scalars(select(TABLES.contact.c.contact_key))) == before == ["ada"]
    assert keys(database) == ["ada", "bob"]


def test_a_reader_cannot_write_and_a_writer_after_it_can(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path}/a.db", "sqlite://"):
        database = opened(url)
        with pytest.raises(StoreError, match="read-only"), database.reader() as connection:
            connection.execute(insert(TABLES.contact).values(contact_key="ada", created_at=0, draw=0))
        add_contact(database, "ada")
        assert keys(database) == ["ada"]


def test_a_second_writer_waits_and_then_says_who_is_in_the_way(tmp_path: Path) -> None:
    database = opened(f"sqlite:///{tmp_path}/a.db")
    with database.transaction() as first:
        first.execute(insert(TABLES.contact).values(contact_key="ada", created_at=0, draw=0))
        with pytest.raises(StoreError, match="in use by another process for too long: try again later"):
            add_contact(database, "bob")
    add_contact(database, "bob")
    assert keys(database) == ["ada", "bob"]


def test_a_writer_that_reads_first_is_never_thrown_out(tmp_path: Path) -> None:
    """The trap of deferred transactions: read, another writes, then the upgrade fails at once."""
    database = opened(f"sqlite:///{tmp_path}/a.db")
    other = opened(f"sqlite:///{tmp_path}/a.db")
    with database.transaction() as connection:
        assert connection.scalar(select(TABLES.contact.c.contact_key)) is None
        with pytest.raises(StoreError):
            add_contact(other, "bob")
        connection.execute(insert(TABLES.contact).values(contact_key="ada", created_at=0, draw=0))
    assert keys(other) == ["ada"]


def test_what_was_committed_survives_a_process_that_dies(tmp_path: Path) -> None:
    script = (
        "import os\nfrom sqlalchemy import insert\nfrom campflow.model.people import Contact\n"
        "from campflow.storage.database import Database\nfrom campflow.storage.schema import install\n"
        "from campflow.storage.tables import tables\n"
        f"t = tables(Contact((), None), ()); d = Database('sqlite:///{tmp_path}/a.db', t); install(d)\n"
        "with d.transaction() as c: c.execute(insert(t.contact).values(contact_key='ada', created_at=0, draw=0))\n"
        "with d.transaction() as c:\n"
        "    c.execute(insert(t.contact).values(contact_key='bob', created_at=0, draw=0)); os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    assert keys(opened(f"sqlite:///{tmp_path}/a.db")) == ["ada"]


def test_the_database_tells_the_time_in_milliseconds() -> None:
    database = opened("sqlite://")
    with database.reader() as connection:
        before, now, after = time.time() * 1000, database_now(connection), time.time() * 1000
    assert before - 2 <= now <= after + 2


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="its folder does not exist: create the folder"):
        opened(f"sqlite:///{tmp_path}/nowhere/a.db")


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    folder = Path("/proc") if os.geteuid() == 0 else tmp_path  # root may write everywhere but there
    with pytest.raises(StoreError, match="its folder cannot be written"):
        opened(f"sqlite:///{folder}/a.db")


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("key,email\n" * 200)
    with pytest.raises(StoreError, match=r"a\.db is not an SQLite database: move it away"):
        opened(f"sqlite:///{tmp_path}/a.db")


def test_a_database_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.db").mkdir()
    with pytest.raises(StoreError, match="cannot be opened"):
        opened(f"sqlite:///{tmp_path}/a.db")


def test_a_damaged_database(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    opened(f"sqlite:///{path}").close()
    content = bytearray(path.read_bytes())
    content[100:4096] = b"\xff" * 3996
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged: restore it from a backup"):
        opened(f"sqlite:///{path}")


def test_a_new_file_has_large_pages_and_an_older_one_keeps_its_own(tmp_path: Path) -> None:
    def size_of_pages(database: Database) -> object:
        with database.reader() as connection:
            return connection.exec_driver_sql("PRAGMA page_size").scalar()

    assert size_of_pages(opened(f"sqlite:///{tmp_path}/new.db")) == 8192
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.execute("PRAGMA page_size=4096")
        connection.execute("CREATE TABLE other (id INTEGER)")
    connection.close()
    older = opened(f"sqlite:///{tmp_path}/old.db")
    assert size_of_pages(older) == 4096
    add_contact(older, "ann")
    assert keys(older) == ["ann"]


def test_a_database_of_a_newer_campflow(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a.db"
    opened(url).close()
    with sqlite3.connect(tmp_path / "a.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(StoreError, match="a newer campflow has changed the database"):
        opened(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("campflow.db", "is not a database URL: write for example sqlite:///campflow.db"),
        ("mysql://host/db", "does not run on mysql yet"),
    ],
)
def test_a_url_that_names_no_database(url: str, said: str) -> None:
    with pytest.raises(StoreError, match=said):
        Database(url, TABLES)
