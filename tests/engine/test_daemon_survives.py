"""The daemon outlives what goes wrong in one campaign, says it once, and serves the others."""

import asyncio
import re
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from pydantic import BaseModel
from sqlalchemy import select
from structlog.testing import CapturingLogger
from tests.engine.workbench import instant

from campflow.cli.starter import write_project
from campflow.engine.clock import ManualClock
from campflow.engine.daemon import Daemon
from campflow.engine.runtime import Runtime
from campflow.hooks.contracts import ChannelPlugin, Message, Prepared, Receipt
from campflow.hooks.manager import Plugins
from campflow.project import Project
from campflow.running import open_runtime
from campflow.settings import load_settings

SECOND = """
campaign other {
  audience  letters
  enter     when letters
  stage here { send email welcome, after 1 day -> there }
  final there
}
"""


def opened(folder: Path, lost: Collection[str] = ("welcome",)) -> Runtime:
    """Two campaigns, of which some have lost their way to enter anybody."""
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
        if each.plan.name in lost
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


def test_what_failed_for_all_is_tried_again_though_nothing_happens_and_no_time_goes_by(tmp_path: Path) -> None:
    with closing(opened(tmp_path, lost=("welcome", "other"))) as runtime:
        ManualClock(runtime.database).move(instant("2026-03-02 10:00"))
        runtime.clock = ManualClock(runtime.database)
        log = CapturingLogger()
        daemon = Daemon(runtime, structlog.wrap_logger(log, processors=[]), look=0.02)

        def told(event: str, **what: object) -> bool:
            return any(call.kwargs.items() >= {"event": event, **what}.items() for call in log.calls)

        async def until_recovered() -> None:
            running = asyncio.create_task(daemon.run())
            while not (told("failed", what="campaign welcome") and told("failed", what="campaign other")):
                await asyncio.sleep(0.01)
            # What it failed by is mended from outside, as a database that is there again.
            with runtime.database.transaction() as connection:
                connection.exec_driver_sql("CREATE TABLE nowhere (contact_id INTEGER)")
            while not told("recovered", what="campaigns"):
                await asyncio.sleep(0.01)
            daemon.stop()
            await running

        asyncio.run(asyncio.wait_for(until_recovered(), 20))


POISON = """
contact {
  email email
  name  text
  share integer = 1
}
event signup
campaign poison {
  audience email is set
  enter    on signup
  stage here { send mail hello, after 1 day -> there }
  final there
}
"""


class NoSettings(BaseModel):
    pass


class Brittle:
    """A channel that takes messages one by one, and ends itself over somebody's name."""

    async def open(self) -> None:
        """Always open."""

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        for message in messages:
            if "Cy" in message.parts["text"]:
                raise ZeroDivisionError("I cannot bear it")
            yield Receipt(message.message_id, "accepted")

    async def close(self) -> None:
        """Never closed."""


MAIL = ChannelPlugin(
    name="mail", address="email", settings=NoSettings, extensions=("txt",), options=frozenset({"subject"}),
    reports=frozenset(), idempotency="key", window=10, prepare=lambda body, _, matter: Prepared({"text": body}, matter),
    make=lambda settings, context: Brittle(),
)  # fmt: skip


def test_who_cannot_be_written_to_is_parked_and_everyone_else_is_served(tmp_path: Path) -> None:
    """A row that fits no header, one that breaks its template, and one over which the plugin breaks."""
    (tmp_path / "content").mkdir()
    (tmp_path / "campflow.toml").write_text('clock = "manual"\n')
    (tmp_path / "poison.flow").write_text(POISON)
    hello = "---\nsubject: For {{ name }}\n---\n{{ name }} has {{ 100 // share }}"
    (tmp_path / "content" / "hello.mail.txt").write_text(hello)
    now = instant("2026-03-02 10:00")
    project = Project(tmp_path, load_settings(tmp_path), Plugins(channels={"mail": MAIL}))
    with closing(open_runtime(project)) as runtime:
        t = runtime.database.tables
        names = {"Ada": 1, "Bo\r\nBcc: x": 1, "Cy": 1, "Di": 0, **{f"No{n}": 1 for n in range(20)}}
        ManualClock(runtime.database).move(now)
        with runtime.database.transaction() as connection:
            for number, (name, share) in enumerate(names.items(), 1):
                person = {"contact_key": name, "created_at": 0, "email": f"{number}@x.example", "draw": 0}
                connection.execute(t.contact.insert().values(person | {"name": name, "share": share}))
                signup = {"contact_id": number, "name": "signup", "at": now, "source": "x", "event_id": "1"}
                connection.execute(t.event.insert().values(signup))
        log = CapturingLogger()
        daemon = Daemon(runtime, structlog.wrap_logger(log, processors=[]), look=0.01)
        m = t.message.c

        def states() -> dict[str, tuple[str, str | None]]:
            asked = select(t.contact.c.contact_key, m.state, m.detail).join(
                t.contact, t.contact.c.contact_id == m.contact_id
            )
            with runtime.database.reader() as connection:
                return {row.contact_key: (row.state, row.detail) for row in connection.execute(asked)}

        async def until_nothing_waits() -> None:
            running = asyncio.create_task(daemon.run())
            hours = 0
            while not (found := states()) or any(state in ("planned", "ready") for state, _ in found.values()):
                hours += 1
                ManualClock(runtime.database).move(now + hours * 3_600_000)
                runtime.clock = ManualClock(runtime.database)
                await asyncio.sleep(0.05)
                assert hours < 200
            daemon.stop()
            await running

        asyncio.run(asyncio.wait_for(until_nothing_waits(), 60))
        found = states()
    bad = {name: found.pop(name) for name in ("Bo\r\nBcc: x", "Cy", "Di")}
    assert set(found.values()) == {("accepted", None)}
    assert [state for state, _ in bad.values()] == ["rejected", "uncertain", "rejected"]
    assert "must be one line" in (bad["Bo\r\nBcc: x"][1] or "")
    assert "given up after 8 attempts" in (bad["Cy"][1] or "")
    assert "division" in (bad["Di"][1] or "")


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
