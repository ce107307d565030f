"""A project whose work is done by Celery workers over a real RabbitMQ, with the real commands."""

import asyncio
import json
import signal
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from amqp.exceptions import NotFound
from tests import brokers
from tests.brokers import Cable
from tests.journeys.command import PATIENCE, Campflow

from campflow.cli.starter import write_project
from campflow.engine.asking import Asking
from campflow.hooks.contracts import Work
from campflow.project import Project
from campflow.running import open_runtime
from campflow_celery.executor import CeleryExecutor
from campflow_celery.settings import CelerySettings

pytestmark = [brokers.needed, pytest.mark.timeout(120)]

MORE = """
campaign calls {
  runs      from 2026-01-01
  audience  letters
  enter     on signup, once
  stage call {
    notify echo "Call {{ contact.email }}"
    send echo hello
    after 1 day -> done
  }
  final done
}
"""


@pytest.fixture
def project(tmp_path: Path) -> Campflow:
    """Two campaigns that have nothing to do with each other, two channels, and a sink."""
    write_project(tmp_path)
    made = Campflow(tmp_path)
    made.write("calls.flow", MORE)
    made.write("content/hello.echo.txt", "Hello {{ contact.first_name }}")
    return made


@pytest.fixture
def prefix(project: Campflow) -> Iterator[str]:
    """The project asks Celery, in queues of its own."""
    with brokers.prefix() as name:
        use(project, name, brokers.BROKER)
        yield name


def use(project: Campflow, prefix: str, broker: str) -> None:
    toml = (project.folder / "campflow.toml").read_text("utf-8")
    table = f'\n[executors.celery]\nbroker = "{broker}"\nprefix = "{prefix}"\ntimeout = 2\n'
    project.write("campflow.toml", f'executor = "celery"\n{toml}{table}')


def states(project: Campflow) -> Counter[str]:
    """How many messages there are in each state."""
    with closing(sqlite3.connect(project.folder / "campflow.db", timeout=PATIENCE)) as database:
        return Counter(row[0] for row in database.execute("SELECT state FROM message"))


def rows(folder: Path) -> dict[str, list[tuple[object, ...]]]:
    """What came of it, but for the numbers of rows and the moments at which they were written."""
    asked = {
        "journeys": "SELECT c.contact_key, p.name, s.name, j.nth FROM journey j JOIN contact c USING (contact_id)"
        " JOIN campaign p ON p.campaign_id = j.campaign_id JOIN stage s ON s.stage_id = j.stage_id",
        "messages": "SELECT c.contact_key, m.channel, s.message, m.nth, m.state, m.attempts"
        " FROM message m JOIN contact c USING (contact_id) JOIN send s ON s.send_id = m.send_id",
        "errands": "SELECT c.contact_key, e.state FROM errand e JOIN contact c USING (contact_id)",
        "moves": "SELECT c.contact_key, s.line, m.nth, m.at FROM move m JOIN contact c USING (contact_id)"
        " JOIN statement s ON s.statement_id = m.statement_id",
    }
    with closing(sqlite3.connect(folder / "campflow.db", timeout=PATIENCE)) as database:
        return {name: sorted(database.execute(query)) for name, query in asked.items()}


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 2 * PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def settled(project: Campflow, count: int, errands: int = 0) -> bool:
    """Whether all messages have their fate, and all errands are done."""
    with closing(sqlite3.connect(project.folder / "campflow.db", timeout=PATIENCE)) as database:
        done = database.execute("SELECT count(*) FROM errand WHERE state = 'done'").fetchone()[0]
    found = states(project)
    return bool(sum(found.values()) == count and not found["planned"] + found["ready"] and done == errands)


def is_asked_for(queue: str) -> bool:
    try:
        return brokers.waiting(queue) > 0
    except NotFound:  # nobody has asked for anything of this kind yet
        return False


async def looks(folder: Path, prefix: str, count: int) -> None:
    """So many looks at what is to be sent, as another daemon has them, a minute apart."""
    executor = CeleryExecutor(CelerySettings(broker=brokers.BROKER, prefix=prefix))
    with closing(open_runtime(Project.open(folder))) as runtime:
        for minute in range(count):
            wanted = Asking(partial(float, minute * 60)).wanted(runtime, ("send",))
            sends = {work: pieces for work, pieces in wanted.items() if work.kind == "send"}
            assert sends == {Work("send", ("email",)): 1, Work("send", ("echo",)): 1}
            assert await executor.ask(sends) == 0
    await executor.close()


PEOPLE = [f"person{number}" for number in range(60)]


def test_workers_leave_the_same_rows_as_the_daemon_alone(
    project: Campflow, tmp_path_factory: pytest.TempPathFactory
) -> None:
    project.signed_up(*PEOPLE)
    twin = Campflow(tmp_path_factory.mktemp("twin") / "project")
    twin.folder.mkdir()
    for file in project.folder.rglob("*"):
        if file.is_file() and ".campflow" not in file.parts:
            (twin.folder / file.relative_to(project.folder)).parent.mkdir(parents=True, exist_ok=True)
            (twin.folder / file.relative_to(project.folder)).write_bytes(file.read_bytes())
    with twin.daemon():
        until(lambda: settled(twin, 120, 60))
    with brokers.prefix() as name:
        use(project, name, brokers.BROKER)
        with (
            project.started("worker", "--queues", "tick,send.email", event="working") as one,
            project.started("worker", "--queues", "send.echo,errands", event="working") as other,
            project.daemon() as daemon,
        ):
            until(lambda: settled(project, 120, 60))
            for each in (daemon, one, other):
                each.process.send_signal(signal.SIGTERM)
            said = {each: each.process.communicate(timeout=PATIENCE)[1] for each in (daemon, one, other)}
            assert [each.process.returncode for each in (daemon, one, other)] == [0, 0, 0]
    assert rows(project.folder) == rows(twin.folder)
    assert len(project.mails()) == 60
    for name in ("echo.txt", "notes.txt"):
        lines = [sorted((each.folder / name).read_text("utf-8").splitlines()) for each in (project, twin)]
        assert lines[0] == lines[1]
    # Each did its own: what the daemon did was to ask.
    events = {each: {json.loads(line)["event"] for line in text.splitlines()} for each, text in said.items()}
    assert "handed over" not in events[daemon]
    assert "tick" not in events[daemon] | events[other]


def test_what_is_purged_arrives_all_the_same_and_nothing_piles_up(project: Campflow, prefix: str) -> None:
    project.signed_up(*PEOPLE)
    with project.daemon() as daemon:
        daemon.wait_for("asked")
        with project.started("worker", "--queues", "tick", event="working") as mover:
            assert mover.wait_for("tick")["planned"] == 60
            assert mover.wait_for("tick")["planned"] == 60
        # Nobody sends: whoever looks later sees the same, and asks for no more than there is.
        until(lambda: all(is_asked_for(f"{prefix}.send.{channel}") for channel in ("email", "echo")))
        asyncio.run(looks(project.folder, prefix, 3))
        assert [brokers.waiting(f"{prefix}.send.{channel}") for channel in ("email", "echo")] == [1, 1]
        assert brokers.purge(f"{prefix}.send.email") == 1
        assert brokers.purge(f"{prefix}.send.echo") == 1
        brokers.purge(f"{prefix}.tick")
        brokers.purge(f"{prefix}.errands")
        with project.started("worker", event="working"):
            until(lambda: settled(project, 120, 60))
    assert states(project) == {"accepted": 120}
    assert len(project.mails()) == 60


def test_a_lost_tick_is_asked_for_again(project: Campflow, prefix: str) -> None:
    project.signed_up("ada")
    with project.daemon() as daemon:
        daemon.wait_for("asked")
        assert brokers.purge(f"{prefix}.tick") == 2
        with project.started("worker", event="working"):
            until(lambda: settled(project, 2, 1))
    assert len(project.mails()) == 1


def test_the_broker_may_go_and_come_back(project: Campflow) -> None:
    with closing(Cable()) as cable, brokers.prefix() as name:
        use(project, name, cable.url)
        project.signed_up(*PEOPLE[:30])
        with project.started("worker", event="working"), project.daemon() as daemon:
            until(lambda: settled(project, 60, 30))
            cable.cut()
            project.signed_up(*PEOPLE[30:])
            trouble = daemon.wait_for("failed")
            assert "the broker at amqp://guest:**@127.0.0.1" in trouble["error"]
            assert "start it, or correct the URL" in trouble["error"]
            cable.mend()
            assert daemon.wait_for("recovered")
            until(lambda: settled(project, 120, 60))
    assert states(project) == {"accepted": 120}
    assert len(project.mails()) == 60


def test_a_worker_that_is_killed_loses_nothing(project: Campflow, prefix: str) -> None:
    project.signed_up(*(f"person{number}" for number in range(900)))
    with project.daemon():
        with project.started("worker", event="working") as worker:
            worker.wait_for("handed over")
            worker.process.kill()
        with project.started("worker", event="working"):
            until(lambda: settled(project, 1800, 900))
    found = states(project)
    assert found["accepted"] + found["uncertain"] == 1800
    # At most a window of each channel is in doubt, and nothing went twice.
    assert found["uncertain"] <= 120
    with closing(sqlite3.connect(project.folder / "campflow.db")) as database:
        (mailed,) = database.execute(
            "SELECT count(*) FROM message WHERE channel = 'email' AND state = 'accepted'"
        ).fetchone()
    assert mailed <= len(project.mails()) <= 900


def test_what_strangers_put_into_a_queue_does_no_harm(project: Campflow, prefix: str) -> None:
    from kombu import Connection, Exchange, Producer

    project.signed_up("ada")
    with project.started("worker", event="working") as worker, project.daemon():
        until(lambda: settled(project, 2, 1))
        queue = f"{prefix}.tick"
        head = {"task": "campflow.work", "id": "1", "lang": "py", "argsrepr": "", "kwargsrepr": ""}
        with Connection(brokers.BROKER) as connection, connection.channel() as channel:
            producer = Producer(channel, exchange=Exchange(queue, durable=True), routing_key=queue)
            producer.publish(b"\x80\x04garbage", content_type="application/x-python-serialize", headers=head)
            producer.publish("{", content_type="application/json", headers=head)
            for arguments in (
                ["send", ["no such channel"]],
                ["send", []],
                ["rm -rf", ["/"]],
                ["tick", ["nobody"]],
                [7],
            ):
                producer.publish([arguments, {}, {}], serializer="json", headers=head)
        assert worker.wait_for("not understood")["kind"] == "rm -rf"
        project.signed_up("bob")
        until(lambda: settled(project, 4, 2))
    assert len(project.mails()) == 2
