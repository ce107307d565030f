"""`kill -9` of the daemon, again and again: nobody is missed, and nobody is written to twice.

Six times with five hundred people; in a long run (`tests/shares.py`) two hundred times with ten thousand.
"""

import asyncio
import json
import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.smtp import SMTP, Envelope, Session
from tests import commands, databases
from tests.crash.place import Place
from tests.shares import MINUTES, goes_on, play, share, some

from campflow_email import campflow_channels

COMMAND = Path(sys.executable).with_name("campflow")
CONTACTS, KILLS = share(500, 2_000 if MINUTES else 10_000), share(6, 200)

#: Messages that the e-mail channel hands over between two commits: the most that one crash leaves uncertain.
(WINDOW,) = (each.window for each in campflow_channels())

TOML = """
[sender]
name = "Shop"
email = "shop@example.com"
[channels.email]
host = "127.0.0.1"
port = {port}
security = "none"
"""
FLOW = """
contact {{
  email  email
  kind   text?
}}
event signup

campaign welcome {{
  runs      from {today}
  audience  kind is set
  enter     on signup, once

  stage hello {{
    send email hello
    after 1 second -> again
  }}
  stage again {{
    send email again
    after 1 second -> done
  }}
  final done
}}
"""


UNFINISHED = """
SELECT 1 WHERE (SELECT count(*) FROM journey WHERE ended_at IS NOT NULL) < (SELECT count(*) FROM contact) UNION ALL
SELECT 1 FROM message WHERE state IN ('planned', 'ready') LIMIT 1
"""


class Recorder:
    """A real SMTP server that counts what it accepted; `pace` seconds a message leave time for accidents."""

    def __init__(self) -> None:
        self.pace = 0.006
        self.killed_at = 0
        self.turn = asyncio.Lock()
        self.accepted: Counter[tuple[str, str]] = Counter()
        self.news = threading.Condition()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        async with self.turn:
            await asyncio.sleep(self.pace)
        assert isinstance(envelope.content, bytes)
        mail = message_from_bytes(envelope.content, policy=policy.default)
        with self.news:
            self.accepted[(envelope.rcpt_tos[0], str(mail["Subject"]))] += 1
            self.news.notify_all()
        return "250 taken"

    def wait_for_more(self, messages: int, seconds: float) -> None:
        """Until so many more were accepted, or the time is over."""
        with self.news:
            goal = self.accepted.total() + messages
            self.news.wait_for(lambda: self.accepted.total() >= goal, seconds)


@pytest.fixture
def recorder() -> Iterator[tuple[Recorder, int]]:
    """The server in a thread of its own, and its port."""
    recorder, loop = Recorder(), asyncio.new_event_loop()
    listening = loop.run_until_complete(loop.create_server(lambda: SMTP(recorder), "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield recorder, listening.sockets[0].getsockname()[1]
    finally:
        loop.call_soon_threadsafe(listening.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


def start(place: Place) -> subprocess.Popen[bytes]:
    return subprocess.Popen([COMMAND, "run"], cwd=place.folder, env=variables(place), stderr=subprocess.PIPE)


def variables(place: Place) -> dict[str, str]:
    return {**os.environ, "CAMPFLOW_DATABASE": place.url, "CAMPFLOW_PLUGINS": "email"}


def wait_until_it_works(process: subprocess.Popen[bytes]) -> None:
    assert process.stderr is not None
    assert b"running" in process.stderr.readline()


def kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.communicate()


def make_project(place: Place, port: int) -> None:
    folder = place.folder
    (folder / "content").mkdir(parents=True)
    (folder / "campflow.toml").write_text(TOML.format(port=port))
    (folder / "welcome.flow").write_text(FLOW.format(today=time.strftime("%Y-%m-%d", time.gmtime())))
    for name in ("hello", "again"):
        (folder / "content" / f"{name}.email.md").write_text(
            f"---\nsubject: {name}\n---\nHello {{{{ contact.email }}}}\n"
        )
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    people = "email,kind\n" + "".join(f"person{n}@example.com,new\n" for n in range(CONTACTS))
    events = "id,contact,at\n" + "".join(f"{n},person{n}@example.com,{now}\n" for n in range(CONTACTS))
    for words, text in ((("people",), people), (("events", "--event", "signup"), events)):
        kind, *more = words
        command = [kind, "import", "-", "--format", "csv", *more]
        assert commands.run(command, folder, variables(place), text).returncode == 0


def rows(place: Place, query: str) -> list[tuple[Any, ...]]:
    engine = sa.create_engine(place.url, poolclass=sa.NullPool)
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        return list(cursor.fetchall())


@pytest.mark.long
@pytest.mark.timeout(3_000)
@pytest.mark.parametrize("kind", some(databases.kinds(), databases.kinds()))
def test_kills_lose_nobody_and_double_nobody(kind: str, tmp_path: Path, recorder: tuple[Recorder, int]) -> None:
    server, port = recorder
    with ExitStack() as stack:
        place = Place(kind, tmp_path, stack.callback)
        make_project(place, port)
        live_through_kills(place, server)
        check(place, server)


def live_through_kills(place: Place, server: Recorder) -> None:
    """Two daemons at a time: while one is killed the other works, or is just starting and finds what was left."""
    chance = random.Random(50)
    running = [start(place)]
    try:
        for _ in range(KILLS):
            if not goes_on():
                break
            play(1)
            running.append(start(place))
            if chance.random() < 0.8:
                wait_until_it_works(running[0])
            server.wait_for_more(chance.randrange(1, 120), chance.uniform(0.0, 3.0))
            kill(running.pop(0))
        server.killed_at, server.pace = server.accepted.total(), 0.0

        wait_until_it_works(running[0])
        deadline = time.monotonic() + 600
        while rows(place, UNFINISHED):
            assert time.monotonic() < deadline, rows(place, "SELECT state, count(*) FROM message GROUP BY 1")
            server.wait_for_more(100, 0.5)
        running[0].terminate()
        assert running[0].wait(60) == 0
    finally:
        for process in running:
            kill(process)


def check(place: Place, server: Recorder) -> None:
    fates = {
        (email, name): state
        for email, name, state in rows(
            place,
            "SELECT c.email, s.message, m.state FROM message m "
            "JOIN contact c ON c.contact_id = m.contact_id JOIN send s ON s.send_id = m.send_id",
        )
    }
    assert len(fates) == 2 * CONTACTS
    assert set(fates.values()) <= {"accepted", "uncertain"}
    uncertain = [who for who, state in fates.items() if state == "uncertain"]
    missing = [who for who, state in fates.items() if state == "accepted" and server.accepted[who] != 1]
    assert missing == []
    assert [who for who, times in server.accepted.items() if times > 1] == []
    assert len(uncertain) <= KILLS * WINDOW
    assert rows(place, "SELECT count(*), max(nth) FROM move") == [(3 * CONTACTS, 3)]
    told = commands.run(["doctor", "--format", "json"], place.folder, variables(place)).stdout
    assert [each for each in json.loads(told)["findings"] if each["kind"] == "broken"] == []
    # The kills did hit the work: it was not done before them, and some of them cut a window.
    assert 0 < server.killed_at < 2 * CONTACTS
    assert uncertain
    figures = {"database": place.kind, "kills": KILLS, "contacts": CONTACTS, "uncertain": len(uncertain),
               "accepted before the last start": server.killed_at}  # fmt: skip
    print(json.dumps(figures), file=sys.stderr)
