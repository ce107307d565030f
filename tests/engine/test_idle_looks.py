"""A daemon looks every second for months: while nothing is due, no look writes anything."""

import asyncio
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, event
from tests import databases

from campflow.cli.starter import write_project
from campflow.engine.runtime import Runtime
from campflow.project import Project
from campflow.running import open_runtime

LOOKS = 20


def look(runtime: Runtime) -> bool:
    """What a daemon does all the time: whether there is work, what is to be handed over, what is to be done."""

    async def hand_over() -> None:
        async with runtime.channels() as channels, runtime.doors() as doors:
            await runtime.deliver(channels)
            await runtime.do_errands(doors)

    now = runtime.clock.now()
    found = runtime.is_outdated() or runtime.has_work(now)
    if found:
        runtime.note(now)
        runtime.tick(now)
        runtime.release(now)
    asyncio.run(hand_over())
    return found


def written_to(runtime: Runtime, folder: Path) -> Callable[[], object]:
    """Something that is another one as soon as anything was written."""
    if runtime.database.url.get_backend_name() == databases.SQLITE:
        other, wal = sqlite3.connect(folder / "campflow.db"), folder / "campflow.db-wal"
        return lambda: (other.execute("PRAGMA data_version").fetchone(), wal.stat().st_size)
    ids: list[int] = []

    def ends(connection: Connection) -> None:
        # A transaction gets an id when it writes its first row.
        if (id := connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()").scalar()) is not None:
            ids.append(id)

    event.listen(runtime.database.engine, "commit", ends)
    event.listen(runtime.database.engine, "rollback", ends)
    return ids.copy


@pytest.mark.parametrize("kind", databases.kinds())
def test_while_nothing_is_due_nothing_is_written(kind: str, tmp_path: Path) -> None:
    with closing(databases.Store(kind)) as store:
        write_project(tmp_path)
        text = (tmp_path / "campflow.toml").read_text("utf-8")
        if kind != databases.SQLITE:
            text = re.sub(r"(?m)^database = .*$", f'database = "{store.url()}"', text)
        (tmp_path / "campflow.toml").write_text(f'clock = "manual"\n{text}')
        with closing(open_runtime(Project.open(tmp_path))) as runtime:
            with runtime.database.transaction() as connection:
                contact = runtime.database.tables.contact
                ada = {"contact_key": "a", "created_at": 0, "draw": 0, "email": "a@example.com", "letters": True}
                connection.execute(contact.insert().values(ada))
            written = written_to(runtime, tmp_path)
            before = written()
            assert look(runtime)  # somebody is new
            assert (after := written()) != before
            assert [look(runtime) for _ in range(LOOKS)] == [False] * LOOKS
            assert written() == after
