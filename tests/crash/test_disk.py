"""The disk fills up in the middle of the work, and the power goes while SQLite writes."""

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import event
from structlog.testing import CapturingLogger
from tests.engine.mailroom import Mailroom, campaign, mailroom
from tests.engine.workbench import instant
from tests.shares import FIRST, fixed

from campflow.cli.starter import write_project
from campflow.engine.daemon import Daemon
from campflow.engine.doctor import Case, examine
from campflow.engine.doctor_rows import ROW_CHECKS
from campflow.engine.doctor_store import shape
from campflow.errors import StoreError
from campflow.people.importing import import_people
from campflow.people.sources import CsvSource
from campflow.project import Project
from campflow.running import open_runtime
from campflow.storage.database import Database
from campflow.version_graphs import graph

#: How often the power goes.
CUTS = fixed(20, 300)

TALE = campaign("""
  stage hello {
    send mail hello
    after 1 day -> later
  }
  stage later {
    send mail bye
    after 1 day -> done
  }
  final done
""")


class Disk:
    """Room for so many pages, as SQLite sees it; None: as many as one likes."""

    def __init__(self, database: Database) -> None:
        self.pages: int | None = None
        event.listen(database.engine, "checkout", self._limit)

    def _limit(self, connection: sqlite3.Connection, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {self.pages or 2**30}")


def test_a_full_disk_stops_the_work_and_room_lets_it_go_on(tmp_path: Path) -> None:
    write_project(tmp_path)
    flow = (tmp_path / "welcome.flow").read_text("utf-8").replace("on signup, once", "when letters")
    (tmp_path / "welcome.flow").write_text(flow)
    project = Project.open(tmp_path)
    with closing(open_runtime(project)) as runtime:
        people = b"email,letters\n" + b"".join(b"p%d@example.com,yes\n" % n for n in range(1_500))
        import_people(
            runtime.database,
            project.flow.flow.contact,
            CsvSource(),
            people.splitlines(keepends=True),
            currency=None,
            zone="UTC",
            now=0,
        )
        disk = Disk(runtime.database)
        with runtime.database.reader() as connection:
            # Less than the moves and messages of so many people take.
            disk.pages = int(connection.exec_driver_sql("PRAGMA page_count").scalar_one()) + 20
        log = CapturingLogger()
        daemon = Daemon(runtime, structlog.wrap_logger(log, processors=[]), look=0.05)

        def told() -> list[dict[str, Any]]:
            return [call.kwargs for call in log.calls]

        async def live() -> None:
            running = asyncio.create_task(daemon.run())
            while not any(each["event"] == "failed" for each in told()):
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.5)
            with runtime.database.reader() as connection:
                assert connection.exec_driver_sql("SELECT count(*) FROM move").scalar() == 0, "half a chunk is there"
            disk.pages = None
            # Whatever failed first, a tick or another job, is well again at its next look.
            while not {"tick", "recovered"} <= {each["event"] for each in told()}:
                await asyncio.sleep(0.02)
            daemon.stop()
            await running

        asyncio.run(asyncio.wait_for(live(), 200))
        with runtime.database.reader() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM journey").scalar() == 1_500
    failed = [each for each in told() if each["event"] == "failed"]
    assert "full: make room" in failed[0]["error"]
    # The same is said once of each thing, however often it was tried.
    assert len(failed) == len({(each["what"], each["error"]) for each in failed})
    assert any(each["event"] == "recovered" for each in told())


def test_a_database_that_may_only_be_read_says_so(tmp_path: Path) -> None:
    room = mailroom(TALE, url=f"sqlite:///{tmp_path}/a.db")
    database = Database(f"sqlite:///file:{tmp_path}/a.db?mode=ro&uri=true", room.database.tables)
    with pytest.raises(StoreError, match="is read-only: allow writing"), database.transaction() as connection:
        connection.execute(room.database.tables.setting.insert().values(name="a", value="b"))


#: What tells the states of the database from one another.
COUNTS = """
SELECT (SELECT count(*) FROM contact), (SELECT count(*) FROM event), (SELECT count(*) FROM journey),
(SELECT count(*) FROM move), (SELECT count(*) FROM message), (SELECT count(*) FROM batch),
(SELECT coalesce(sum(handed_to), 0) FROM batch), (SELECT count(*) FROM message WHERE state = 'accepted')
"""

State = tuple[int, ...]


@pytest.mark.long
def test_a_power_cut_leaves_what_was_committed_before_it(tmp_path: Path) -> None:
    """The log is cut anywhere, in the middle of a page and of a commit: what is left is a state that once was."""
    room = mailroom(TALE, url=f"sqlite:///{tmp_path}/a.db")
    with closing(sqlite3.connect(tmp_path / "a.db")) as reader:
        # While somebody reads, nothing of the log is folded into the file.
        reader.execute("BEGIN")
        states = [tuple(reader.execute(COUNTS).fetchone())]
        live(room, states)
        (tmp_path / "copy").mkdir()
        for name in ("a.db", "a.db-wal"):
            shutil.copy(tmp_path / name, tmp_path / "copy" / name)
    log = (tmp_path / "copy" / "a.db-wal").read_bytes()
    chance = random.Random(FIRST + 1)
    seen = [_state_after_a_cut(room, tmp_path, log[:end]) for end in sorted(chance.sample(range(len(log)), CUTS))]
    assert {state for state in seen if state is not None} <= set(states), "a state that never was"
    places = [-1 if state is None else states.index(state) for state in seen]
    assert places == sorted(places), "a longer log holds less"
    assert len(set(places)) > 10, "the cuts all fell on one state"
    assert _state_after_a_cut(room, tmp_path, log) == states[-1]


def live(room: Mailroom, states: list[State]) -> None:
    """Three days in the life of the people; the state that each commit makes is noted."""

    def note(connection: Any) -> None:
        states.append(tuple(connection.exec_driver_sql(COUNTS).one()))

    event.listen(room.database.engine, "commit", note)
    room.join(*(f"p{n}" for n in range(40)))
    for moment in ("2026-03-02 11:00", "2026-03-03 11:00", "2026-03-04 11:00"):
        now = instant(moment)
        room.tick(now)
        room.send(now, 10)
    event.remove(room.database.engine, "commit", note)


def _state_after_a_cut(room: Mailroom, folder: Path, log: bytes) -> State | None:
    """Opens what is left, and looks whether it is whole; None where the tables had not been committed yet."""
    cut = folder / "cut.db"
    for suffix in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            Path(f"{cut}{suffix}").unlink()
    shutil.copy(folder / "copy" / "a.db", cut)
    Path(f"{cut}-wal").write_bytes(log)
    database = Database(f"sqlite:///{cut}", room.database.tables)
    try:
        with database.reader() as connection:
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
            made = connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'setting'").scalar()
            state = tuple(connection.exec_driver_sql(COUNTS).one()) if made else None
        if state is not None:
            graphs = {1: graph(room.program.campaigns[0].plan)}
            case = Case(database, instant("2026-03-04 11:00"), lambda: 0, graphs, frozenset({"mail"}))
            assert [each for each in examine(case, (shape,), ROW_CHECKS) if each.kind == "broken"] == []
        return state
    finally:
        database.close()
