"""Which letters have been printed: a small database in the folder of the batches.

It outlives the batches, which are fetched and deleted: a letter that is offered again, after a crash or a month, is
never set a second time. What a code leads to is looked up here when it is scanned.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

FILE = "letters.sqlite"

#: Seconds to wait for another process that sets a batch.
_PATIENCE = 60.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batch (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS letter (
    key TEXT PRIMARY KEY, batch TEXT NOT NULL, place INTEGER NOT NULL, target TEXT
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Printed:
    """Where a letter is: its batch and its place in it, from 1; `target` is where its code leads."""

    batch: str
    place: int
    target: str | None

    @property
    def provider_id(self) -> str:
        return f"{self.batch}/{self.place}"


class Ledger:
    """What is known while nobody else can write: see `ledger`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def printed(self, keys: Iterable[str]) -> dict[str, Printed]:
        found = {}
        for key in keys:
            row = self._connection.execute("SELECT batch, place, target FROM letter WHERE key = ?", (key,)).fetchone()
            if row is not None:
                found[key] = Printed(*row)
        return found

    def knows(self, batch: str) -> bool:
        return self._connection.execute("SELECT 1 FROM batch WHERE name = ?", (batch,)).fetchone() is not None

    def add(self, batch: str, letters: Mapping[str, Printed]) -> None:
        self._connection.execute("INSERT OR IGNORE INTO batch VALUES (?)", (batch,))
        rows = [(key, each.batch, each.place, each.target) for key, each in letters.items()]
        self._connection.executemany("INSERT OR IGNORE INTO letter VALUES (?, ?, ?, ?)", rows)


@contextmanager
def ledger(folder: Path) -> Iterator[Ledger]:
    """The ledger of a folder for one batch: one process at a time; kept when the block ends well."""
    with closing(_open(folder / FILE)) as connection:
        connection.executescript(_SCHEMA)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield Ledger(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def target_of(folder: Path, key: str) -> Printed | None:
    """The letter with this key; None where none was printed. Waits for nobody."""
    if not (folder / FILE).exists():
        return None
    with closing(_open(folder / FILE)) as connection:
        return Ledger(connection).printed([key]).get(key)


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
    # Who looks up a code does not wait for who prints.
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection
