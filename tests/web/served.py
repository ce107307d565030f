"""A small project that is really served on loopback: two people, a channel whose provider calls back, messages sent."""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx
from sqlalchemy import select
from tests.databases import Store

from campflow.cli.operating import one_pass
from campflow.content.unsubscribe import Unsubscribe, sign
from campflow.engine.clock import ManualClock
from campflow.engine.runtime import Runtime
from campflow.model.times import parse_time
from campflow.people.importing import import_events, import_people
from campflow.people.sources import CSV
from campflow.project import Project
from campflow.running import open_runtime
from campflow.web.opening import open_web

FLOW = """
contact {
  email  email
  phone  phone?
}

event signup
event purchase { amount  money }

campaign spring {
  runs      from 2026-03-01
  audience  email is set
  enter     on signup
  stage hello {
    send pigeon hello
    on clicked hello -> engaged
    on replied hello where text contains "yes" -> engaged
    after 300 days   -> silent
  }
  final engaged
  final silent
}
"""

PLUGIN = Path(__file__).with_name("pigeon.py")
SECRET = "the provider's secret"
NOW = "2026-03-02 10:00"

#: Loopback needs none, and each client would read the authorities of the world, which takes 20 ms.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@dataclass
class Log:
    """What is logged, in order."""

    lines: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def info(self, event: str, **told: object) -> None:
        self.lines.append((event, told))

    warning = error = info

    def said(self, event: str) -> list[dict[str, object]]:
        return [told for each, told in self.lines if each == event]


@dataclass
class Served:
    """`url` is where it is called; `runtime` is what answers."""

    url: str
    runtime: Runtime
    log: Log
    client: httpx.Client

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.client.get(self.url + path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.client.post(self.url + path, **more)

    def report(self, *reports: Mapping[str, object], **headers: str) -> httpx.Response:
        """The provider's call, signed as it signs."""
        body = json.dumps({"reports": list(reports)}).encode()
        return self.post("/hooks/pigeon", content=body, headers={"x-signature": signature(body), **headers})

    def message(self, who: str = "ada") -> Any:
        """The message that went to somebody, as it is now."""
        t = self.runtime.database.tables
        query = select(t.message).join(t.contact, t.contact.c.contact_id == t.message.c.contact_id)
        with self.runtime.database.reader() as connection:
            return connection.execute(query.where(t.contact.c.contact_key == who)).one()

    def events(self, name: str) -> list[tuple[str, str | None]]:
        """Whose events of this name there are, and about what."""
        t = self.runtime.database.tables
        query = select(t.contact.c.contact_key, t.event.c.about).join_from(
            t.event, t.contact, t.contact.c.contact_id == t.event.c.contact_id
        )
        with self.runtime.database.reader() as connection:
            return [tuple(row) for row in connection.execute(query.where(t.event.c.name == name))]

    def withdrawn(self) -> list[tuple[str, str]]:
        """Channel and purpose of each line by which consent was withdrawn."""
        c = self.runtime.database.tables.consent.c
        with self.runtime.database.reader() as connection:
            return [tuple(row) for row in connection.execute(select(c.channel, c.purpose).where(c.given.is_(False)))]

    def token(self, who: str = "ada") -> str:
        row = self.message(who)
        return sign(self.runtime.stationery.keys, Unsubscribe(row.contact_id, "pigeon", row.message_id))


def signature(body: bytes) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()


def write_project(folder: Path, database: str, web: str = "") -> None:
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "content").mkdir(exist_ok=True)
    (folder / "plugins" / "pigeon.py").write_text(PLUGIN.read_text("utf-8"), "utf-8")
    (folder / "spring.flow").write_text(FLOW)
    (folder / "content" / "hello.pigeon.txt").write_text("---\npurpose: newsletter\n---\nHello {{ contact.email }}")
    (folder / "campflow.toml").write_text(
        f'database = "{database}"\nclock = "manual"\nplugins = ["pigeon"]\ncurrency = "EUR"\n'
        f'[sender]\nname = "Acme & <Sons>"\n[channels.pigeon]\nsecret = "{SECRET}"\n[web]\nport = 0\n{web}\n'
    )


@contextmanager
def served(folder: Path, store: Store, web: str = "") -> Iterator[Served]:
    """Ada and Bob have signed up, and their messages are with the provider."""
    write_project(folder, store.shared_url(folder), web)
    with served_project(folder) as found:
        yield found


@contextmanager
def served_project(folder: Path) -> Iterator[Served]:
    """The same, of a project that is written already."""
    project = Project.open(folder)
    with sent(project) as runtime:
        log = Log()
        with running(project, runtime, log) as port, httpx.Client(timeout=20, verify=NO_TLS) as client:
            yield Served(f"http://127.0.0.1:{port}", runtime, log, client)


@contextmanager
def sent(project: Project) -> Iterator[Runtime]:
    """The same, served by nobody."""
    with closing(project.database()) as database:
        ManualClock(database).move(parse_time(NOW, "UTC"))
    with closing(open_runtime(project)) as runtime:
        signed_up(runtime)
        asyncio.run(one_pass(runtime))
        yield runtime


def signed_up(runtime: Runtime) -> None:
    people = [b"key,email,phone\n", b"ada,ada@x.example,+33612345678\n", b"bob,bob@x.example,\n"]
    events = [b"key,at\n", b"ada,2026-03-02 09:00\n", b"bob,2026-03-02 09:00\n"]
    contact, known = runtime.stationery.contact, tuple(runtime.stationery.events)
    common: dict[str, Any] = {"source": CSV.source, "currency": "EUR", "zone": "UTC", "now": runtime.clock.now()}
    import_people(runtime.database, contact, lines=people, **common)
    import_events(runtime.database, contact, known, lines=events, event="signup", addresses={}, **common)


@contextmanager
def running(project: Project, runtime: Runtime, log: Log, **more: Any) -> Iterator[int]:
    """The server in a thread with a loop of its own."""
    ready, stop, ports = Event(), Event(), list[int]()

    async def serve() -> None:
        async with open_web(project, runtime, log, **more) as server:
            ports.append(server.port)
            ready.set()
            await asyncio.to_thread(stop.wait)

    thread = Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    try:
        yield ports[0]
    finally:
        stop.set()
        thread.join(20)
        assert not thread.is_alive()
