"""drip-3: N contacts through three stages and two mails, beside the same work in bare SQL, in one run.

    python benchmarks/drip3.py 100000 [--rounds 3] [--database sqlite|postgresql]

All enter at once. Stage 1 sends mail A and waits 2 days; the 30 % who clicked go to `activated`, the others to stage 2,
which sends mail B and waits 4 days; then `plan == "trial"` goes to `lost`, the rest to `nurture`. Time is virtual.
Bound and campflow run in turn, each in a process of its own; the line that counts is the ratio of their medians:

    engine    ticks alone, against the bound without its sink
    all       ticks, leases, and a sink that does nothing with what it is handed, against the whole bound
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import bound_sqlite
import figures
import stores

DAY = bound_sqlite.DAY
START = 1_700_006_400_000  # 2023-11-15 00:00 UTC
# A lease, and what is handed over and settled at a time: as much as the bound's sink claims.
BATCH, WINDOW = 20_000, bound_sqlite.SINK
# People loaded at a time: so few that the memory that is measured is not that of loading them.
LOADED = 2_000
NAMES = {stores.SQLITE: "SQLite", stores.POSTGRES: "PostgreSQL"}

FLOW = """
contact {
  email    email
  country  text
  plan     one of trial, pro, free, team
  signup   time
}

campaign drip {
  runs      from 2023-11-14
  audience  country == "FR"
  enter     at 2023-11-15 00:00

  stage one {
    send null a
    after 2 days if did clicked a -> activated
    after 2 days                  -> two
  }
  stage two {
    send null b
    after 4 days if plan == "trial" -> lost
    after 4 days                    -> nurture
  }
  final activated
  final lost
  final nurture
}
"""


def opened(url: str, contacts: int = 0) -> tuple[Any, Any, Any]:
    """The database with its contacts, the program and its deployment."""
    from campflow.checking.vocabulary import ChannelWords, ContentFile, ContentIndex, Vocabulary
    from campflow.compiler import check_sources, compile_flow
    from campflow.diagnostics.source import Source
    from campflow.engine.deploy import deploy
    from campflow.model.people import Duration
    from campflow.storage.database import Database
    from campflow.storage.schema import install
    from campflow.storage.tables import tables

    content = ContentIndex(tuple(ContentFile(f"content/{name}.null.txt", name, "null") for name in "ab"))
    words = Vocabulary(
        channels={"null": ChannelWords("null", None)}, sinks=frozenset(), content=content, currency=None,
        rfm_event=None, timezone="UTC",
    )  # fmt: skip
    checked = check_sources([Source("drip.flow", FLOW)], words)
    if checked.flow is None:
        raise SystemExit(str(checked.diagnostics))
    drawn = tables(checked.flow.flow.contact, checked.flow.flow.events)
    database = Database(url, drawn)
    install(database)
    program = compile_flow(
        checked.flow, zone="UTC", expires=Duration(days=1), tables=drawn, dialect=database.engine.dialect
    )
    _load(database, contacts)
    return database, program, deploy(database, program, sources={"drip.flow": FLOW}, author="", now=START - 1)


def campflow(n: int, url: str) -> dict[str, float]:
    """Seconds of the ticks and of the sink, contacts and modules loaded before."""
    from campflow.engine import fates, leasing  # noqa: F401  (the sink's; a daemon has long loaded them)
    from campflow.engine.advance import advance
    from campflow.people.cycles import settle_in

    database, program, deployment = opened(url, n)
    settle_in()  # as a daemon does
    took = {"ticks": 0.0, "sink": 0.0}
    moved = planned = sent = 0
    for day in (0, 2, 6):
        began = time.perf_counter()
        done = advance(database, program, deployment, START + day * DAY)
        ticked = time.perf_counter()
        moved, planned, sent = moved + done.moved, planned + done.planned, sent + _sink(database, START + day * DAY)
        took["ticks"] += ticked - began
        took["sink"] += time.perf_counter() - ticked
    expected = sum(not bound_sqlite.clicked(i) for i in range(1, n + 1))
    if (moved, planned, sent) != (2 * n + expected, n + expected, n + expected):
        raise SystemExit(f"campflow made {moved} moves and {planned} messages and sent {sent}")
    return took


def _load(database: object, n: int) -> None:
    from sqlalchemy import insert

    from campflow.storage.database import Database

    assert isinstance(database, Database)
    contact, event = database.tables.contact, database.tables.event
    with database.transaction() as connection:
        for start in range(1, n + 1, LOADED):
            ids = range(start, min(start + LOADED, n + 1))
            people = [
                {"contact_id": i, "contact_key": str(i), "email": f"user{i}@example.com", "country": "FR",
                 "created_at": 0, "draw": i, "plan": bound_sqlite.plan_of(i), "signup": START - i % 1000 * DAY}
                for i in ids
            ]  # fmt: skip
            clicks = [
                {"contact_id": i, "name": "clicked", "about": "a", "at": START + DAY, "source": "x", "event_id": str(i),
                 "early": True}
                for i in ids if bound_sqlite.clicked(i)
            ]  # fmt: skip
            connection.execute(insert(contact), people)
            connection.execute(insert(event), clicks)


def _sink(database: object, now: int) -> int:
    """Lease batch by batch, hand over and settle window by window, as delivery does, without writing any letter."""
    from campflow.engine.fates import RETRY, Outcome
    from campflow.engine.leasing import lease
    from campflow.engine.outbox import Clerk
    from campflow.engine.owners import this_process
    from campflow.hooks.contracts import Receipt
    from campflow.storage.database import Database

    assert isinstance(database, Database)
    sent = 0
    while (batch := lease(database, "null", this_process(), BATCH, 30.0, now)) is not None:
        clerk, outcome = Clerk(database, batch, RETRY, Random(1)), Outcome()
        for first in range(batch.first_message_id, batch.last_message_id + 1, WINDOW):
            window = range(first, min(first + WINDOW, batch.last_message_id + 1))
            ready = clerk.hand_over(window, outcome, now)
            # In the order in which they were handed over, as channels answer.
            outcome = Outcome([Receipt(id, "accepted") for id in window if id in ready])
            sent += len(ready)
        clerk.close(outcome, now)
    return sent


def _alone(who: str, n: int, database: str) -> dict[str, float]:
    """One side in a process of its own, so that memory is its own too."""
    command = [sys.executable, __file__, str(n), "--only", who, "--database", database]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout))


def rows(n: int, rounds: int, database: str) -> Iterator[figures.Row]:
    sides: dict[str, list[dict[str, float]]] = {"bound": [], "campflow": []}
    for _ in range(rounds):
        for who, runs in sides.items():
            runs.append(_alone(who, n, database))
    bare, ours = sides["bound"], sides["campflow"]

    def speed(runs: list[dict[str, float]], *parts: str) -> list[float]:
        return [n / sum(run[part] for part in parts) for run in runs]

    for label, parts in (("engine", ("ticks",)), ("all", ("ticks", "sink"))):
        what = f"{label}, {n:,} contacts, {NAMES[database]}"
        yield figures.of(what, "contacts/s", speed(ours, *parts), speed(bare, *parts), "bound", "at least 0.5")
    memory = [[run["memory"] for run in runs] for runs in (ours, bare)]
    yield figures.of(f"peak memory, {n:,} contacts, {NAMES[database]}", "MB", memory[0], memory[1], "bound")


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("n", type=int, help="contacts")
    parser.add_argument("--database", choices=stores.KINDS, help="one of the two; else both")
    parser.add_argument("--only", choices=["bound", "campflow"], help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    kinds = [kind for kind in (arguments.database and [arguments.database]) or stores.KINDS if stores.is_there(kind)]
    if arguments.only:
        with stores.scratch(kinds[0]) as url:
            took = (_bound if arguments.only == "bound" else campflow)(arguments.n, url)
        took["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(took))
        return
    made = (row for kind in kinds for row in rows(arguments.n, arguments.rounds, kind))
    figures.show("drip-3", made, arguments.json)


def _bound(n: int, url: str) -> dict[str, float]:
    if url.startswith("sqlite"):
        return bound_sqlite.run(n, Path(url.removeprefix("sqlite:///")))
    import bound_postgres

    return bound_postgres.run(n, url)


if __name__ == "__main__":
    main()
