"""One, two and four senders on one PostgreSQL: processes that share nothing but the database.

    python benchmarks/senders.py 40000 [--rounds 3]

Each leases a batch, hands it over window by window to a channel that does nothing, and writes down what became of it,
as `campflow run --role send` does, without writing any letter. The figure is the messages a second of all of them from
the first lease to the last fate; beside it stands one sender alone. On a machine with fewer cores than senders and
PostgreSQL need, more senders cannot be faster.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from random import Random
from typing import TYPE_CHECKING

import figures
import stores

if TYPE_CHECKING:
    from campflow.storage.database import Database

BATCH, WINDOW, NOW = 500, 100, 1_700_006_400_000


def _database(url: str) -> "Database":
    from campflow.model.people import Contact
    from campflow.storage.database import Database
    from campflow.storage.tables import tables

    return Database(url, tables(Contact((), None), ()))


def fill(url: str, n: int) -> None:
    from sqlalchemy import insert

    from campflow.storage.schema import install

    with closing(_database(url)) as database:
        install(database)
        m = database.tables.message
        row = {"campaign_id": 1, "nth": 1, "send_id": 1, "channel": "null", "planned_at": NOW, "release_at": NOW,
               "expires_at": NOW + 86_400_000, "state": "ready"}  # fmt: skip
        with database.transaction() as connection:
            for start in range(1, n + 1, 10_000):
                ids = range(start, min(start + 10_000, n + 1))
                connection.execute(insert(m), [row | {"contact_id": i, "journey_id": i} for i in ids])
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")


def send(url: str) -> int:
    """What one sender does until nothing is ready. Begins when standard input says so."""
    from campflow.engine.fates import RETRY, Outcome
    from campflow.engine.leasing import lease
    from campflow.engine.outbox import Clerk
    from campflow.engine.owners import this_process
    from campflow.hooks.contracts import Receipt

    sent = 0
    with closing(_database(url)) as database:
        with database.reader():
            print("there", flush=True)
        sys.stdin.readline()
        while (batch := lease(database, "null", this_process(), BATCH, 30.0, NOW)) is not None:
            clerk, outcome = Clerk(database, batch, RETRY, Random(1)), Outcome()
            for first in range(batch.first_message_id, batch.last_message_id + 1, WINDOW):
                window = range(first, min(first + WINDOW, batch.last_message_id + 1))
                ready = clerk.hand_over(window, outcome, NOW)
                outcome = Outcome(
                    [Receipt(id, "accepted", provider_id=f"p{id}") for id in ready], dict.fromkeys(ready, "hash")
                )
                sent += len(ready)
            clerk.close(outcome, NOW)
    return sent


def speed(n: int, senders: int) -> float:
    with stores.scratch(stores.POSTGRES) as url:
        fill(url, n)
        command = [sys.executable, __file__, str(n), "--sender", url]
        running = [subprocess.Popen(command, stdin=-1, stdout=-1, text=True) for _ in range(senders)]
        for each in running:
            assert each.stdout is not None
            each.stdout.readline()
        began = time.perf_counter()
        for each in running:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        sent = sum(json.loads(each.communicate()[0]) for each in running)
        took = time.perf_counter() - began
    if sent != n:
        raise SystemExit(f"{senders} senders sent {sent} of {n}")
    return n / took


def rows(n: int, rounds: int) -> Iterator[figures.Row]:
    if not stores.is_there(stores.POSTGRES):
        return
    runs: dict[int, list[float]] = {1: [], 2: [], 4: []}
    for _ in range(rounds):
        for senders, speeds in runs.items():
            speeds.append(speed(n, senders))
    yield figures.of("one sender, PostgreSQL", "messages/s", runs[1])
    for senders, word in ((2, "two"), (4, "four")):
        yield figures.of(f"{word} senders, PostgreSQL", "messages/s", runs[senders], runs[1], "one")


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("n", type=int, help="messages")
    parser.add_argument("--sender", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.sender:
        print(json.dumps(send(arguments.sender)))
        return
    figures.show("Senders", rows(arguments.n, arguments.rounds), arguments.json)


if __name__ == "__main__":
    main()
