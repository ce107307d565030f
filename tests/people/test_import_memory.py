"""Memory does not grow with the file: the second, ten times longer part of an import needs no more than the first."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
import resource, sys
from sqlalchemy import event
from campflow.diagnostics.source import Span
from campflow.model.people import Contact, Event, Field, ValueType
from campflow.people.importing import import_events, import_people
from campflow.people.sources import CsvSource
from campflow.storage.database import Database
from campflow.storage.schema import install
from campflow.storage.tables import tables

at = Span("people.flow", 1, 1, 1, 1)
contact = Contact((Field("email", ValueType("email"), True, None, at),), at)
events = (Event("purchase", (Field("amount", ValueType("money"), True, None, at),), None, at),)
database = Database("sqlite:///" + sys.argv[1], tables(contact, events))
# SQLite's page cache fills up to its 64 MB; here it is not what is measured.
event.listen(database.engine, "connect", lambda connection, _: connection.execute("PRAGMA cache_size=-2000"))
install(database)

def people(first, end):
    yield b"key,email\\n"
    for n in range(first, end):
        yield b"%d,u%d@acme.example\\n" % (n, n)

def purchases(first, end):
    yield b"key,at,amount\\n"
    for n in range(first, end):
        yield b"%d,2024-01-01T00:00:00,%d\\n" % (n % 10_000, n)
        if n % 5 == 0:
            yield b"%d,never,1\\n" % n

def grown():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // (1024 if sys.platform == "linux" else 1024 * 1024)

common = dict(currency="EUR", zone="UTC", now=0)
import_people(database, contact, CsvSource(), people(0, 15_000), **common)
import_events(database, contact, events, CsvSource(), purchases(0, 15_000), event="purchase", addresses={}, **common)
before = grown()
added = import_people(database, contact, CsvSource(), people(15_000, 75_000), **common).added
report = import_events(
    database, contact, events, CsvSource(), purchases(15_000, 95_000), event="purchase", addresses={}, **common
)
print(added, report.added, report.refused, grown() - before)
"""


def test_memory_stays_flat(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "shop.db")]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    people, purchases, refused, megabytes = map(int, run.stdout.split())
    assert (people, purchases, refused) == (60_000, 80_000, 16_000)
    # 156,000 rows kept with as little as 100 bytes each would show as 15 MB.
    assert megabytes <= 10
