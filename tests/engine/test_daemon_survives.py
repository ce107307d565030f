"""The daemon outlives what goes wrong in one campaign, says it once, and serves the others."""

import asyncio
import re
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from structlog.testing import CapturingLogger

from campflow.cli.starter import write_project
from campflow.engine.daemon import Daemon
from campflow.engine.runtime import Runtime
from campflow.project import Project
from campflow.running import open_runtime

SECOND = """
campaign other {
  audience  letters
  enter     when letters
  stage here { send email welcome, after 1 day -> there }
  final there
}
"""


def opened(folder: Path) -> Runtime:
    """Two campaigns, of which the first has lost its way to enter anybody."""
    write_project(folder)
    flow = (folder / "welcome.flow").read_text("utf-8")
    (folder / "welcome.flow").write_text(re.sub(r"on signup, once", "when letters", flow))
    (folder / "other.flow").write_text(SECOND)
    project = Project.open(folder)
    runtime = open_runtime(project)
    with runtime.database.transaction() as connection:
        contact = runtime.database.tables.contact
        ada = {"contact_key": "a", "created_at": 0, "draw": 0, "email": "a@example.com", "letters": True}
        connection.execute(contact.insert().values(ada))
    broken = tuple(
        replace(each, arrive=tuple(replace(arrive, sql="SELECT 1 FROM nowhere") for arrive in each.arrive))
        if each.plan.name == "welcome"
        else each
        for each in runtime.program.campaigns
    )
    runtime.program = replace(runtime.program, campaigns=broken)
    return runtime


def test_a_campaign_that_fails_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    with closing(opened(tmp_path)) as runtime:
        log = CapturingLogger()
        daemon = Daemon(runtime, structlog.wrap_logger(log, processors=[]), look=0.02)

        async def until_sent() -> None:
            running = asyncio.create_task(daemon.run())
            while not any(call.kwargs.get("event") == "handed over" for call in log.calls):
                await asyncio.sleep(0.01)
            # It looks again and again, and says the same thing only once.
            runtime.note(0)
            await asyncio.sleep(0.1)
            daemon.stop()
            await running

        asyncio.run(asyncio.wait_for(until_sent(), 20))
        told: list[dict[str, Any]] = [call.kwargs for call in log.calls]
    failed = [each for each in told if each["event"] == "failed"]
    assert [each["what"] for each in failed] == ["campaigns", "campaign welcome"]
    assert "no such table: nowhere" in failed[1]["error"]
    assert [each["accepted"] for each in told if each["event"] == "handed over"] == [1]
    assert told[-1]["event"] == "stopped"


def test_texts_may_change_for_years(tmp_path: Path) -> None:
    """Each new text opens the database anew; the connections of those before are let go."""

    def connections() -> int:
        links = (each.readlink() for each in Path("/proc/self/fd").iterdir() if each.is_symlink())
        return sum(link.name == "campflow.db" and link.parent == tmp_path for link in links)

    write_project(tmp_path)
    with closing(open_runtime(Project.open(tmp_path))) as runtime:
        counts = []
        for _ in range(6):
            runtime.read_again()
            runtime.has_work(0)
            counts.append(connections())
    assert counts[1:] == counts[1:2] * 5
