"""Handing over: what one process sends a second, everything included.

    python benchmarks/handover.py [--messages 10000] [--rounds 3]

A campaign has planned a mail of some 4 kB (text and HTML, seven slots, three links) for each contact. Timed is what a
daemon does from there: release, lease, render, build, hand over to a server in a process of its own, settle. By the
clock, and by the processor time that the sender itself took: the figure a core. Once more with a pixel and with links
that lead through us, each with a token of its own.

HTTP is a fifth as many requests of 4 kB, five at a time, by campflow's one HTTP module, beside one long-lived httpx
client without its bounds, against the same server.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import figures
import stores

HERE = Path(__file__).parent
NOW = 1_767_225_600_000  # 2026-01-01 UTC
BATCH = 20_000

FLOW = """
contact {
  email       email
  first_name  text?
  city        text?
}
campaign launch {
  audience  email is set
  enter     at 2026-01-01 00:00
  stage told {
    send email launch
    after 7 days -> over
  }
  final over
}
"""

SETTINGS = """
clock = "manual"
database = "{database}"
[sender]
name = "Blue Heron"
email = "hello@heron.example"
unsubscribe = "https://heron.example/unsubscribe"
[channels.email]
host = "127.0.0.1"
port = {port}
security = "none"
"""

#: With an address of our own, links and openings are tracked.
OURS = '[web]\nbase_url = "https://go.heron.example"\n'

PARAGRAPH = (
    "Green tea is best with water at eighty degrees, ninety seconds, and a pot that somebody likes to look at. "
    "Pour it all out: what stays in the pot goes on brewing, and is bitter when you come back to it.\n\n"
)
CONTENT = (
    "---\nsubject: \"{{ contact.first_name | default('friend') }}, the first flush is here\"\npreheader: Twelve tins\n"
    "---\nHello {{ contact.first_name | default('friend') }},\n\n"
    + PARAGRAPH
    * 6
    + "We ship to {{ contact.city }}{% if contact.city == 'Lyon' %}, where our shop is{% endif %}, "
    "as long as {{ contact.email }} is yours: see [the shop](https://heron.example/shop) and "
    "[all our teas](https://heron.example/teas?season=spring).\n\n[No more letters]({{ unsubscribe_url }})\n"
)


class _Still:
    """A clock that stands where the campaign has planned its mails."""

    runs = False

    def now(self) -> int:
        return NOW


def make_project(folder: Path, port: int, database: str, tracked: bool) -> None:
    (folder / "content").mkdir(parents=True)
    settings = SETTINGS.format(port=port, database=database) + (OURS if tracked else "")
    (folder / "campflow.toml").write_text(settings, "utf-8")
    (folder / "launch.flow").write_text(FLOW, "utf-8")
    (folder / "content" / "launch.email.md").write_text(CONTENT, "utf-8")


@contextmanager
def server(name: str, *words: str) -> Iterator[tuple[int, list[str]]]:
    """A server of benchmarks/ in a process of its own: its port, and its last words once it has ended."""
    last: list[str] = []
    with subprocess.Popen(
        [sys.executable, HERE / name, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        yield int(running.stdout.readline()), last
        last += (running.communicate()[0] or "").split()


def send(folder: Path, n: int) -> dict[str, float]:
    """In this process: plan n mails, then time their way to the server."""
    from sqlalchemy import insert

    from campflow.engine.clock import ManualClock
    from campflow.people.cycles import settle_in
    from campflow.project import Project
    from campflow.running import open_runtime

    project = Project.open(folder)
    with closing(open_runtime(project)) as runtime:
        contact = runtime.database.tables.contact
        ManualClock(runtime.database).move(NOW)
        names = ("Ada", "Grace", "Zoë", "Lin", None)
        with runtime.database.transaction() as connection:
            for start in range(1, n + 1, BATCH):
                rows = [
                    {"contact_key": str(i), "email": f"user{i}@example.com", "first_name": names[i % 5], "draw": i,
                     "city": ("Lyon", "Genève", "Bern")[i % 3], "created_at": 0}
                    for i in range(start, min(start + BATCH, n + 1))
                ]  # fmt: skip
                connection.execute(insert(contact), rows)
        runtime.tick(NOW)
        settle_in()  # as a daemon does
        runtime.clock = _Still()  # the system's asks no database either

        async def deliver() -> int:
            async with runtime.channels() as channels:
                return (await runtime.deliver(channels)).accepted

        began, processor = time.perf_counter(), time.process_time()
        runtime.release(NOW)
        accepted = asyncio.run(deliver())
        if accepted != n:
            raise SystemExit(f"{accepted} of {n} were accepted")
        return {"wall": time.perf_counter() - began, "processor": time.process_time() - processor}


def smtp(n: int, database: str, tracked: bool = False) -> dict[str, float]:
    """Messages a second by the clock and by the sender's processor time."""
    with tempfile.TemporaryDirectory() as place, server("smtp_sink.py") as (port, last):
        folder = Path(place) / "project"
        make_project(folder, port, database, tracked)
        command = [sys.executable, __file__, "--messages", str(n), "--send", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    took = json.loads(done.stdout)
    if int(last[0]) != n:
        raise SystemExit(f"the server took {last[0]} of {n}")
    return {"clock": n / took["wall"], "processor": n / took["processor"]}


PAYLOAD = {"to": "ada@example.com", "subject": "Hello", "html": PARAGRAPH * 16}
AT_A_TIME = 5


def http(n: int, who: str) -> float:
    """Requests a second of processor time."""
    with server("http_sink.py") as (port, last):
        took = asyncio.run({"ours": _ours, "bare": _bare}[who](f"http://127.0.0.1:{port}", n))
    if int(last[0]) != n:
        raise SystemExit(f"the server took {last[0]} of {n}")
    return n / took


async def _ours(url: str, n: int) -> float:
    from campflow.http import HttpClient

    client = HttpClient(url, connections=AT_A_TIME)

    async def one() -> None:
        if (await client.send("POST", "/", json=PAYLOAD)).json_object()["id"] != "1":
            raise SystemExit("another answer")

    return await _timed(one, n)


async def _bare(url: str, n: int) -> float:
    import httpx

    async with httpx.AsyncClient(base_url=url, limits=httpx.Limits(max_connections=AT_A_TIME)) as client:

        async def one() -> None:
            if (await client.post("/", json=PAYLOAD)).json()["id"] != "1":
                raise SystemExit("another answer")

        return await _timed(one, n)


async def _timed(one: Callable[[], Awaitable[None]], n: int) -> float:
    async def some() -> None:
        for _ in range(n // AT_A_TIME):
            await one()

    await some()  # connections are made
    began = time.process_time()
    await asyncio.gather(*(some() for _ in range(AT_A_TIME - 1)))
    return (time.process_time() - began) * AT_A_TIME / (AT_A_TIME - 1)


def rows(n: int, rounds: int) -> Iterator[figures.Row]:
    mails = [(kind, False) for kind in filter(stores.is_there, stores.KINDS)]
    for kind, tracked in [*mails, (stores.SQLITE, True)]:
        runs = []
        for _ in range(rounds):
            with stores.scratch(kind) as url:
                runs.append(smtp(n, url, tracked))
        what = f"SMTP, {n:,} messages of 4 kB{', tracked' if tracked else ''}, {kind}"
        yield figures.of(f"{what}, a core", "messages/s", [run["processor"] for run in runs], [3_000], "wanted", ">= 1")
        yield figures.of(f"{what}, by the clock", "messages/s", [run["clock"] for run in runs])
    few = n // 5 // AT_A_TIME * AT_A_TIME
    sides: dict[str, list[float]] = {"ours": [], "bare": []}
    for _ in range(rounds):
        for who, figures_of in sides.items():
            figures_of.append(http(few, who))
    what = f"HTTP, {few:,} requests of 4 kB, a core"
    yield figures.of(what, "requests/s", sides["ours"], sides["bare"], "bare httpx", ">= 0.9")


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--send", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.send:
        print(json.dumps(send(arguments.send, arguments.messages)))
        return
    figures.show("Handing over", rows(arguments.messages, arguments.rounds), arguments.json)


if __name__ == "__main__":
    main()
