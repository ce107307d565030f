"""drip-3 in hand-written SQL on SQLite: what the database itself can do with these rows. Nothing in it is general.

Every move and message is a durable row, no message twice (a unique key), each step one transaction; the sink claims
messages in thousands and does nothing with them.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DAY = 86_400_000
SINK = 5_000
PLANS = ("pro", "free", "team")


def plan_of(i: int) -> str:
    """40 % are on trial."""
    return "trial" if i % 10 < 4 else PLANS[i % 3]


def clicked(i: int) -> bool:
    """30 % click, spread evenly over the plans."""
    return (i * 7) % 10 < 3


def run(n: int, path: Path) -> dict[str, float]:
    """Seconds of the steps and of the sink; loading the contacts and clicks is left out."""
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in (
        "page_size=4096", "journal_mode=WAL", "synchronous=FULL", "cache_size=-262144", "temp_store=MEMORY",
        "wal_autocheckpoint=4000",
    ):  # fmt: skip
        db.execute(f"PRAGMA {pragma}")
    _load(db, n)
    began = time.perf_counter()
    now = 0
    with _step(db):
        db.execute("INSERT INTO journey SELECT id, 1, ?, ? FROM contact", (now + 2 * DAY, now))
        db.execute("INSERT INTO move (contact, old, new, at) SELECT id, NULL, 1, ? FROM contact", (now,))
        db.execute("INSERT INTO message (contact, what, at) SELECT id, 1, ? FROM contact", (now,))
    drained = time.perf_counter()
    sent = _drain(db)
    sink = time.perf_counter() - drained
    now += 2 * DAY
    with _step(db):
        mark = _last_move(db)
        db.execute(
            "INSERT INTO move (contact, old, new, at) SELECT j.contact, 1, CASE WHEN EXISTS (SELECT 1 FROM event e"
            " WHERE e.contact = j.contact AND e.name = 'clicked' AND e.at >= j.since) THEN 3 ELSE 2 END, ?"
            " FROM journey j WHERE j.stage = 1 AND j.due <= ?",
            (now, now),
        )
        db.execute(
            "INSERT INTO message (contact, what, at) SELECT contact, 2, at FROM move WHERE id > ? AND new = 2", (mark,)
        )
        db.execute(
            "UPDATE journey SET stage = m.new, since = m.at, due = CASE WHEN m.new = 2 THEN ? END"
            " FROM move m WHERE m.id > ? AND m.contact = journey.contact",
            (now + 4 * DAY, mark),
        )
    drained = time.perf_counter()
    sent += _drain(db)
    sink += time.perf_counter() - drained
    now += 4 * DAY
    with _step(db):
        mark = _last_move(db)
        db.execute(
            "INSERT INTO move (contact, old, new, at)"
            " SELECT j.contact, 2, CASE WHEN c.plan = 'trial' THEN 4 ELSE 5 END, ?"
            " FROM journey j JOIN contact c ON c.id = j.contact WHERE j.stage = 2 AND j.due <= ?",
            (now, now),
        )
        db.execute(
            "UPDATE journey SET stage = m.new, since = m.at, due = NULL"
            " FROM move m WHERE m.id > ? AND m.contact = journey.contact",
            (mark,),
        )
    seconds = time.perf_counter() - began
    planned = db.execute("SELECT count(*) FROM message").fetchone()[0]
    if sent != planned:
        raise SystemExit(f"the bound sent {sent} of {planned} messages")
    db.close()
    return {"ticks": seconds - sink, "sink": sink}


def _load(db: sqlite3.Connection, n: int) -> None:
    db.executescript("""
        CREATE TABLE contact (id INTEGER PRIMARY KEY, email TEXT, country TEXT, plan TEXT, signup INTEGER);
        CREATE TABLE event (contact INTEGER, name TEXT, at INTEGER, PRIMARY KEY (contact, name, at)) WITHOUT ROWID;
        CREATE TABLE journey (contact INTEGER PRIMARY KEY, stage INTEGER, due INTEGER, since INTEGER);
        CREATE INDEX journey_due ON journey (stage, due) WHERE due IS NOT NULL;
        CREATE TABLE move (id INTEGER PRIMARY KEY, contact INTEGER, old INTEGER, new INTEGER, at INTEGER);
        CREATE TABLE message (
            id INTEGER PRIMARY KEY, contact INTEGER, what INTEGER, at INTEGER, sent INTEGER DEFAULT 0
        );
        CREATE UNIQUE INDEX message_once ON message (contact, what);
    """)
    with _step(db):
        db.executemany(
            "INSERT INTO contact VALUES (?, ?, 'FR', ?, ?)",
            ((i, f"user{i}@example.com", plan_of(i), -(i % 1000) * DAY) for i in range(1, n + 1)),
        )
        db.executemany("INSERT INTO event VALUES (?, 'clicked', ?)", ((i, DAY) for i in range(1, n + 1) if clicked(i)))


@contextmanager
def _step(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    yield
    db.execute("COMMIT")


def _last_move(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT coalesce(max(id), 0) FROM move").fetchone()[0])


def _drain(db: sqlite3.Connection) -> int:
    sent = last = 0
    while True:
        found = db.execute(
            "SELECT id, contact, what FROM message WHERE id > ? AND sent = 0 ORDER BY id LIMIT ?", (last, SINK)
        ).fetchall()
        if not found:
            return sent
        with _step(db):
            last = found[-1][0]
            db.execute("UPDATE message SET sent = 1 WHERE id BETWEEN ? AND ? AND sent = 0", (found[0][0], last))
        sent += len(found)
