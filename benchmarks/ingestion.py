"""Events and people on their way in, beside the database's own bulk insert into the same tables with the same indexes.

    python benchmarks/ingestion.py 100000 [--people 1000000] [--database sqlite|postgresql]

    events   batches of 10,000 as plugins report them, each in one transaction; bare: the rows as the driver wants them,
             made beforehand, by `executemany` (SQLite) or `COPY` (PostgreSQL), a transaction for each 10,000
    people   a CSV file of so many new people through the import; bare: `csv.reader`, and the same bulk insert
    history  a CSV file of so many events through the import; bare: the same, with a dictionary of contacts at hand

The bare side reads a number with `float` and a time with `fromisoformat`, and takes the rest as it stands: it looks at
nothing, draws nothing for anybody, and knows by heart which contact has which id. It writes to the same tables, with
the same keys. Each side runs in a process of its own, whose peak memory is told, too.
"""

import argparse
import csv
import datetime as dt
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import figures
import stores

if TYPE_CHECKING:
    from campflow.model.people import Contact, Event
    from campflow.storage.database import Database

WORK = ("events", "people", "history")
BATCH = 10_000
NOW = 1_800_000_000_000
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
STRAIGHT = "bulk insert"


def declared() -> "tuple[Contact, tuple[Event, ...]]":
    from campflow.diagnostics.source import Span
    from campflow.model.people import Contact, Event, Field, ValueType

    here = Span("people.flow", 1, 1, 1, 2)

    def field(name: str, kind: Any) -> Field:
        return Field(name, ValueType(kind, ("trial", "pro") if kind == "choice" else ()), True, None, here)

    kinds = {"email": "email", "first_name": "text", "country": "country", "plan": "choice", "score": "number"}
    amount, article = field("amount", "money"), field("article", "text")
    return (
        Contact(tuple(field(name, kind) for name, kind in kinds.items()), None),
        (Event("purchase", (amount, article), None, here),),
    )


# --- the rows ----------------------------------------------------------------------------------------------------


def person(i: int) -> tuple[str, str, str, str, str, str]:
    return f"k{i}", f"user{i}@example.com", f"Name {i % 977}", "FR", "pro" if i % 3 else "trial", f"{i % 100}.5"


def happened(i: int, people: int) -> tuple[str, str, str, str, str]:
    at = (START + dt.timedelta(seconds=i)).isoformat()
    return f"k{i * 7 % people}", at, f"id{i}", f"{i % 500}.90", f"sku{i % 1000}"


def write_file(path: Path, header: str, rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header.split(","))
        writer.writerows(rows)


def batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    remaining = iter(rows)
    while batch := list(islice(remaining, BATCH)):
        yield batch


# --- bare --------------------------------------------------------------------------------------------------------

PERSON = ("contact_key", "email", "first_name", "country", "plan", "score", "created_at", "draw")
EVENT = ("contact_id", "name", "at", "source", "event_id", "purchase$amount", "purchase$article", "early")


def bulk(database: "Database", table: str, columns: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> None:
    """What the database takes when it is only asked to store: the driver alone, nothing looked up or checked."""
    names = ", ".join(f'"{name}"' for name in columns)
    places = ", ".join("?" * len(columns))
    for batch in batches(rows):
        with database.transaction() as connection:
            driver: Any = connection.connection.driver_connection
            if database.url.get_backend_name() == stores.SQLITE:
                driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", batch)
            else:
                with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in batch:
                        copy.write_row(row)


def stored_person(row: list[str]) -> tuple[object, ...]:
    return row[0], row[1], row[2], row[3], row[4], float(row[5]), NOW, int(row[0][1:])


def stored_event(row: tuple[str, ...] | list[str], contact_id: int) -> tuple[object, ...]:
    at = int(dt.datetime.fromisoformat(row[1]).timestamp() * 1000)
    return contact_id, "purchase", at, "import", row[2], round(float(row[3]) * 100), row[4], False


# --- both sides --------------------------------------------------------------------------------------------------


class Watch:
    """Counts the time inside it, and nothing of what is made in between."""

    seconds = cpu = 0.0

    def __enter__(self) -> None:
        self._began = time.perf_counter(), time.process_time()

    def __exit__(self, *failed: object) -> None:
        self.seconds += time.perf_counter() - self._began[0]
        self.cpu += time.process_time() - self._began[1]


def one_side(what: str, side: str, n: int, url: str, folder: Path) -> dict[str, float]:
    from sqlalchemy import func, select

    from campflow.storage.database import Database
    from campflow.storage.schema import install
    from campflow.storage.tables import tables

    contact, events = declared()
    people = max(1, n // 10)
    with closing(Database(url, tables(contact, events))) as database:
        install(database)
        if what != "people":
            rows = ((*stored_person(list(person(i)))[:7], i) for i in range(people))
            bulk(database, "contact", PERSON, rows)
        watch = Watch()
        run(what, side, n, people, database, folder, watch)
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        table = database.tables.contact if what == "people" else database.tables.event
        with database.reader() as connection:
            found = connection.scalar(select(func.count()).select_from(table))
    if found != n:
        raise SystemExit(f"{side} wrote {found} of {n} {what}")
    return {"seconds": watch.seconds, "cpu": watch.cpu, "memory": memory}


def run(what: str, side: str, n: int, people: int, database: "Database", folder: Path, watch: Watch) -> None:
    from campflow.people.sources import CsvSource, bounded_lines

    contact, events = declared()
    common: dict[str, Any] = {"currency": "EUR", "zone": "UTC", "now": NOW}
    path = folder / f"{what}.csv"
    if what == "people":
        write_file(path, "key,email,first_name,country,plan,score", map(person, range(n)))
    elif what == "history":
        write_file(path, "contact,at,id,amount,article", (happened(i, people) for i in range(n)))
    ids = {f"k{i}": i + 1 for i in range(people)}
    if what == "events":
        batches_of = _bare_events if side == "bare" else _reported
        batches_of(n, people, database, ids, watch)
    elif side == "bare":
        with watch:
            _bare_file(what, database, path, ids)
    else:
        from campflow.people.importing import import_events, import_people

        with watch, path.open("rb") as file:
            lines = bounded_lines(file)
            if what == "people":
                import_people(database, contact, CsvSource(), lines, **common)
            else:
                import_events(database, contact, events, CsvSource(), lines, **common, addresses={}, event="purchase")


def _bare_file(what: str, database: "Database", path: Path, ids: dict[str, int]) -> None:
    with path.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        next(rows)
        if what == "people":
            bulk(database, "contact", PERSON, map(stored_person, rows))
        else:
            bulk(database, "event", EVENT, (stored_event(row, ids[row[0]]) for row in rows))


def _bare_events(n: int, people: int, database: "Database", ids: dict[str, int], watch: Watch) -> None:
    made = (
        (ids[f"k{i * 7 % people}"], "purchase", 1_770_000_000_000 + i, "shop", f"id{i}", i % 500 * 100 + 90,
         f"sku{i % 1000}", False)
        for i in range(n)
    )  # fmt: skip
    for batch in batches(made):
        with watch:
            bulk(database, "event", EVENT, batch)


def _reported(n: int, people: int, database: "Database", ids: dict[str, int], watch: Watch) -> None:
    from campflow.hooks.contracts import ContactEvent
    from campflow.people.recording import record_events

    contact, events = declared()
    made = (
        ContactEvent(
            f"k{i * 7 % people}", "purchase", START, "shop", f"id{i}",
            fields={"amount": i % 500 + 0.9, "article": f"sku{i % 1000}"},
        )
        for i in range(n)
    )  # fmt: skip
    for batch in batches(made):
        with watch:
            recorded = record_events(
                database, contact, events, batch, currency="EUR", zone="UTC", now=NOW, addresses={}
            )
        if recorded.refused:
            raise SystemExit(recorded.refused[0].reason)


# --- rows of figures ---------------------------------------------------------------------------------------------


def _alone(what: str, side: str, n: int, kind: str) -> dict[str, float]:
    with stores.scratch(kind) as url, tempfile.TemporaryDirectory() as folder:
        words = [sys.executable, __file__, str(n), "--only", what, side, url, folder]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return dict(json.loads(done.stdout))


def rows(events: int, people: int, rounds: int, kinds: Iterable[str]) -> Iterator[figures.Row]:
    for kind in kinds:
        for what in WORK:
            n = people if what == "people" else events
            sides: dict[str, list[dict[str, float]]] = {"bare": [], "campflow": []}
            for _ in range(rounds):
                for side, runs in sides.items():
                    runs.append(_alone(what, side, n, kind))
            speed = {side: [n / run["seconds"] for run in runs] for side, runs in sides.items()}
            label = f"{what}, {n:,}, {kind}"
            yield figures.of(label, "rows/s", speed["campflow"], speed["bare"], STRAIGHT, "at least 0.5")
            memory = [[run["memory"] for run in sides[side]] for side in ("campflow", "bare")]
            yield figures.of(f"peak memory, {label}", "MB", memory[0], memory[1], STRAIGHT)


def main() -> None:
    parser = figures.parser(__doc__)
    parser.add_argument("n", type=int, help="events")
    parser.add_argument("--people", type=int, help="people; else as many as events")
    parser.add_argument("--database", choices=stores.KINDS, help="only this one")
    parser.add_argument("--only", nargs=4, metavar=("WORK", "SIDE", "URL", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        what, side, url, folder = arguments.only
        print(json.dumps(one_side(what, side, arguments.n, url, Path(folder))))
        return
    kinds = [kind for kind in stores.KINDS if arguments.database in (None, kind) and stores.is_there(kind)]
    figures.show(
        "Ingestion", rows(arguments.n, arguments.people or arguments.n, arguments.rounds, kinds), arguments.json
    )


if __name__ == "__main__":
    main()
