"""Databases broken by hand, and what `campflow doctor` says of each; a healthy one of which it says nothing."""

import time
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests import databases
from tests.databases import SQLITE, Store
from tests.engine.mailroom import Mailroom, campaign, mailroom
from tests.engine.workbench import instant

from campflow.engine.doctor import Case, Finding, Limits, examine
from campflow.engine.doctor_rows import ROW_CHECKS
from campflow.engine.doctor_store import STORE
from campflow.engine.doctor_work import WORK
from campflow.storage.database import database_now
from campflow.version_graphs import graph

TALE = campaign(
    """
    stage hello {
      send mail hello
      on never     -> buyer
      after 2 days -> later
    }
    stage later {
      send mail bye
      after 30 days -> done
    }
    final buyer { send mail news }
    final done
    """,
    'leave when plan == "pro"\n holdout 30%',
)
NOW = instant("2026-03-05 12:00")

on_postgresql = pytest.mark.skipif("postgresql" not in databases.kinds(), reason="there is no server")


def lived(url: str) -> Mailroom:
    """Eight people: some wait, some bought, some are held out; all of their mail has gone."""
    room = mailroom(TALE, url=url)
    room.join(*(f"p{n}" for n in range(8)))
    room.look("2026-03-02 11:00")
    room.happened(*((f"p{n}", "never", "2026-03-03 09:00") for n in range(3)))
    room.look("2026-03-03 12:00", "2026-03-04 12:00", "2026-03-05 12:00")
    assert {"hello", "bye", "news"} == {name for _, name, _ in room.taken}
    return room


@pytest.fixture(scope="module", params=databases.kinds())
def room(request: pytest.FixtureRequest) -> Iterator[Mailroom]:
    """One for all tests: what they break is taken back."""
    store = Store(request.param)
    before = databases.use(store)
    try:
        yield lived(store.url())
    finally:
        databases.use(before)
        store.close()


class _Undo(Exception):
    """Ends a transaction that is to leave nothing behind."""


@contextmanager
def broken(room: Mailroom, *statements: str) -> Iterator[Case]:
    """The case as it is after these statements, until the block ends."""
    case = case_of(room)
    with suppress(_Undo), room.database.transaction() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        yield replace(case, database=room.database.held(connection))
        raise _Undo


def case_of(room: Mailroom, now: int = NOW) -> Case:
    t = room.database.tables
    with room.database.reader() as connection:
        version = connection.scalar(select(t.campaign.c.version_id))
    assert version is not None
    graphs = {version: graph(room.program.campaigns[0].plan)}
    return Case(room.database, now, lambda: time.time_ns() // 1_000_000, graphs, frozenset({"mail"}))


def found(case: Case, size: int = 3) -> list[Finding]:
    return list(examine(case, (*STORE, *WORK), ROW_CHECKS, size))


def one(room: Mailroom, query: str) -> Any:
    with room.database.reader() as connection:
        return connection.exec_driver_sql(query).scalar()


@pytest.mark.parametrize("size", [1, 3, 1_000])
def test_a_healthy_database_gets_no_word(room: Mailroom, size: int) -> None:
    assert found(case_of(room), size) == []
    # What will be due tomorrow is not late.
    assert found(case_of(room, NOW + 60_000), size) == []


#: A journey that waits in `later`, and the statement by which people come there.
WAITING = "(SELECT max(journey_id) FROM journey WHERE stage_id = (SELECT stage_id FROM stage WHERE name = 'later'))"

#: Check, how it is broken, and what the finding counts.
BROKEN: dict[str, tuple[str, ...]] = {
    "stage": (f"UPDATE journey SET stage_id = 999 WHERE journey_id = {WAITING}",),
    "moves": (f"DELETE FROM move WHERE nth = 1 AND journey_id = {WAITING}",),
    "position": (
        f"UPDATE journey SET stage_id = (SELECT stage_id FROM stage WHERE name = 'done') WHERE journey_id = {WAITING}",
    ),
    "path": (
        "UPDATE move SET from_stage_id = (SELECT stage_id FROM stage WHERE name = 'later') "
        f"WHERE nth = 2 AND journey_id = {WAITING}",
    ),
    "edge": (
        "UPDATE move SET statement_id = (SELECT statement_id FROM statement WHERE text = 'on never -> buyer') "
        f"WHERE nth = 2 AND journey_id = {WAITING}",
    ),
    "journey": (f"DELETE FROM journey WHERE journey_id = {WAITING}",),
    "message unasked": (
        "UPDATE message SET nth = 7 WHERE message_id = (SELECT min(message_id) FROM message)",
    ),
    "message missing": ("DELETE FROM message WHERE message_id = (SELECT max(message_id) FROM message)",),
    "consent": (
        "INSERT INTO consent (contact_id, channel, purpose, given, source, at) "
        f"SELECT contact_id, 'mail', '', 1 = 0, 'desk', {instant('2026-03-02 09:00')} FROM message "
        "WHERE message_id = (SELECT max(message_id) FROM message)",
    ),
    "consent told late": (
        "INSERT INTO event (contact_id, name, at, source, event_id) SELECT contact_id, 'unsubscribed', "
        f"{instant('2026-03-02 09:00')}, 'web', 'u1' FROM message "
        "WHERE message_id = (SELECT max(message_id) FROM message)",
        "INSERT INTO consent (contact_id, channel, purpose, given, source, proof, at) "
        f"SELECT contact_id, 'mail', '', 1 = 0, 'web', 'u1', {instant('2026-03-02 09:00')} FROM message "
        "WHERE message_id = (SELECT max(message_id) FROM message)",
    ),
    "due journeys": (
        f"UPDATE journey SET due_at = {NOW - 3_600_000}, alarm_at = {NOW - 3_600_000} WHERE journey_id = {WAITING}",
    ),
    "waiting": (f"UPDATE journey SET alarm_at = NULL WHERE journey_id = {WAITING}",),
    "clock set back": (f"UPDATE campaign SET looked_at = {NOW + 365 * 86_400_000}",),
    "planned messages": (
        f"UPDATE message SET state = 'planned', queue = 'planned', settled_at = NULL, release_at = {NOW - 3_600_000}",
    ),
    "ready messages": ("UPDATE message SET state = 'ready', queue = 'ready', settled_at = NULL",),
    "message lost": ("UPDATE message SET state = 'ready', settled_at = NULL",),
    "leases": ("UPDATE batch SET closed_at = NULL, leased_until = 0",),
    "uncertain": ("UPDATE message SET state = 'uncertain' WHERE message_id = (SELECT max(message_id) FROM message)",),
    "parked": (
        "UPDATE message SET state = 'rejected', detail = 'given up after 8 attempts: no' "
        "WHERE message_id = (SELECT max(message_id) FROM message)",
    ),
    "waiting errands": (
        "INSERT INTO errand_statement (errand_statement_id, campaign_id, stage_id, kind, target, content, nth) "
        "SELECT 1, campaign_id, stage_id, 'do', 'coupon', '{}', 0 FROM stage WHERE name = 'later'",
        "INSERT INTO errand (contact_id, campaign_id, journey_id, nth, errand_statement_id, at, state) "
        "SELECT m.contact_id, 1, m.journey_id, m.nth, 1, m.at, 'ready' FROM move m "
        "WHERE m.move_id = (SELECT min(move_id) FROM move)",
    ),
    "shape": ("DROP INDEX journey_due",),
}  # fmt: skip


@pytest.mark.parametrize("check", BROKEN)
def test_what_is_broken_is_named_with_what_to_do(room: Mailroom, check: str) -> None:
    with broken(room, *BROKEN[check]) as case:
        told = {each.check: each for each in found(case)}
    assert check in told, sorted(told)
    assert told[check].count >= 1
    assert len(told[check].todo) > 20
    # Nothing is said of what has nothing to do with it.
    about = {each.split()[0] for each in told}
    assert about <= {check.split()[0], *ALSO.get(check, ())}, sorted(told)


#: What is wrong as well when this is broken.
ALSO = {
    "stage": ("position",),
    "moves": ("message", "path", "position"),
    "path": ("edge",),
    "journey": ("message",),
    "message unasked": ("message",),
    "edge": (),
    "planned messages": (),
    "leases": (),
}


def _without_key(room: Mailroom, table: str) -> tuple[str, ...]:
    if room.database.engine.dialect.name != SQLITE:
        return (f"ALTER TABLE {table} DROP CONSTRAINT {table}_once CASCADE",)
    return (
        f"CREATE TABLE copied AS SELECT * FROM {table}", f"DROP TABLE {table}", f"ALTER TABLE copied RENAME TO {table}"
    )  # fmt: skip


@pytest.mark.parametrize(("table", "check"), [("message", "message twice"), ("move", "moves"), ("journey", "entry")])
def test_a_row_that_is_there_twice_is_found_and_so_is_the_lost_key(room: Mailroom, table: str, check: str) -> None:
    columns = ", ".join(
        column.name for column in room.database.tables.metadata.tables[table].columns if column.name != f"{table}_id"
    )
    # A journey that is there twice has the same key in the campaign, and another id.
    again = f"INSERT INTO {table} ({table}_id, {columns}) SELECT {table}_id + 1000, {columns} FROM {table} LIMIT 1"
    with broken(room, *_without_key(room, table), again) as case:
        told = {each.check: each for each in found(case)}
    assert {check, "shape"} <= told.keys()
    assert told[check].count == 1
    assert any(table in each for each in told["shape"].examples)


def test_a_contact_who_is_gone_but_for_a_journey(room: Mailroom) -> None:
    journey = (
        "INSERT INTO journey (campaign_id, contact_id, journey_key, entry, version_id, entered_at, entry_seq, "
        "entered_seq, since, since_seq, asked_seq, nth, ended_at) VALUES (1, 5000, '', 1, 1, 1, 0, 0, 1, 0, 0, 0, 1)"
    )
    move = "INSERT INTO move (contact_id, journey_id, nth, statement_id, at) VALUES (5000, 5000, 1, 1, 1)"
    with broken(room, journey, move) as case:
        told = {each.check: each.count for each in found(case, 1_000)}
    assert told["contact"] == 1


def test_a_batch_that_does_not_end_is_named_with_who_holds_it(room: Mailroom) -> None:
    with room.database.reader() as connection:
        until = database_now(connection) + 30_000
    held = f"UPDATE batch SET closed_at = NULL, leased_until = {until}, ready_at = {NOW - 7_200_000}, owner = 'host/7'"
    with broken(room, held) as case:
        (told,) = found(case)
    assert told.check == "open batches"
    assert "host/7" in told.examples[0]


def test_a_channel_that_nobody_offers_is_named(room: Mailroom) -> None:
    with broken(room, *BROKEN["ready messages"]) as case:
        (told,) = found(replace(case, channels=frozenset()))
    assert "no plugin offers the channel `mail`" in told.todo


def test_clocks_that_differ(room: Mailroom) -> None:
    ahead = replace(case_of(room), wall=lambda: time.time_ns() // 1_000_000 + 90_000)
    assert [each.said for each in found(ahead)] == ["the database's clock and this machine's differ by 90 seconds"]


@on_postgresql
def test_large_tables_without_statistics() -> None:
    store = Store("postgresql")
    try:
        room = lived(store.url())
        case = replace(case_of(room), limits=Limits(rows=5))
        deadline = time.monotonic() + 30
        # The server's own counts come a moment later.
        while not (told := found(case)):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert {each.check for each in told} == {"statistics"}
        with room.database.transaction() as connection:
            connection.exec_driver_sql("ANALYZE")
        assert found(case) == []
        room.database.close()
    finally:
        store.close()


def test_a_log_that_a_reader_keeps_from_being_folded(tmp_path: Path) -> None:
    room = lived(f"sqlite:///{tmp_path}/a.db")
    case = replace(case_of(room), limits=Limits(log=1_000_000))
    with room.database.reader() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM contact")
        for _ in range(12):
            with room.database.transaction() as writer:
                writer.exec_driver_sql("UPDATE contact SET plan = hex(randomblob(10000))")
        assert [each.check for each in found(case)] == ["log size"]


@on_postgresql
def test_a_transaction_that_does_not_end(room: Mailroom) -> None:
    if room.database.engine.dialect.name == SQLITE:
        return
    with room.database.reader() as connection:
        mine = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar()
        told = [each for each in found(replace(case_of(room), limits=Limits(transaction=0))) if "long" in each.check]
    assert any(f"process {mine} " in example for each in told for example in each.examples)


def test_however_much_is_wrong_it_holds_a_few_of_it(room: Mailroom) -> None:
    """Megabytes of what providers said, each another text: counted where they are, five of them read."""
    told = "INSERT INTO opt_in (address, network, page, language, visit, submission, channel, message, state, asked_at,"
    told += " expires_at, attempts, detail) VALUES ('', '', '', 'en', '', '', 'mail', 'join', 'failed', 0, 0, 1, "
    many = "||".join([f"substr('{'x' * 5_000}', 1)", "CAST(random() AS TEXT)"])
    rows = f"{told.replace('VALUES (', 'SELECT ')}{many} FROM message, (SELECT 1 AS one FROM move) AS m"
    with broken(room, *[rows] * 10) as case:
        tracemalloc.start()
        try:
            findings = found(case)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    (finding,) = (each for each in findings if each.check == "confirmations failed")
    assert finding.count > 1_000
    assert len(finding.examples) == 5
    assert peak < 3_000_000


def test_it_reads_people_a_slice_at_a_time(room: Mailroom) -> None:
    """Each statement about people names the contacts it looks at, and no more than a slice of them."""
    seen: list[tuple[str, Any]] = []

    @contextmanager
    def watched() -> Iterator[None]:
        from sqlalchemy import event

        def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
            seen.append((statement, parameters))

        event.listen(room.database.engine, "before_cursor_execute", note)
        try:
            yield
        finally:
            event.remove(room.database.engine, "before_cursor_execute", note)

    with watched():
        assert found(case_of(room), 3) == []
    slices = [parameters for statement, parameters in seen if "move" in statement and "BETWEEN" in statement]
    last = one(room, "SELECT max(contact_id) FROM contact")
    assert len(slices) >= 8 * (last // 3)
