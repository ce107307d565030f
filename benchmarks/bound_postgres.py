"""drip-3 in hand-written SQL on PostgreSQL: what the database itself can do with these rows. Nothing in it is general.

Every step is one statement: journeys change, and what they return feeds the inserts of moves and messages. Statistics
are made after each step that fills a table, as a careful hand would.
"""

import time

import psycopg
from bound_sqlite import DAY, SINK, clicked, plan_of


def run(n: int, url: str) -> dict[str, float]:
    """Seconds of the steps and of the sink; loading the contacts and clicks is left out."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as db:
        db.execute("SET synchronous_commit = on")
        _load(db, n)
        began = time.perf_counter()
        now = 0
        db.execute(
            "WITH j AS (INSERT INTO journey SELECT id, 1, %s, %s FROM contact RETURNING contact),"
            " l AS (INSERT INTO move (contact, old, new, at) SELECT contact, NULL, 1, %s FROM j)"
            " INSERT INTO message (contact, what, at) SELECT contact, 1, %s FROM j",
            (now + 2 * DAY, now, now, now),
        )
        _analyze(db)
        drained = time.perf_counter()
        sent = _drain(db)
        sink = time.perf_counter() - drained
        now += 2 * DAY
        db.execute(
            "WITH m AS (SELECT j.contact, CASE WHEN e.contact IS NULL THEN 2 ELSE 3 END AS new FROM journey j"
            " LEFT JOIN (SELECT DISTINCT contact FROM event WHERE name = 'clicked' AND at >= 0 AND at <= %s) e"
            " ON e.contact = j.contact WHERE j.stage = 1 AND j.due <= %s),"
            " u AS (UPDATE journey j SET stage = m.new, due = CASE WHEN m.new = 2 THEN %s::bigint END, since = %s"
            " FROM m WHERE m.contact = j.contact RETURNING j.contact, j.stage),"
            " l AS (INSERT INTO move (contact, old, new, at) SELECT contact, 1, stage, %s FROM u)"
            " INSERT INTO message (contact, what, at) SELECT contact, 2, %s FROM u WHERE stage = 2",
            (now, now, now + 4 * DAY, now, now, now),
        )
        _analyze(db)
        drained = time.perf_counter()
        sent += _drain(db)
        sink += time.perf_counter() - drained
        now += 4 * DAY
        db.execute(
            "WITH u AS (UPDATE journey j SET stage = CASE WHEN c.plan = 'trial' THEN 4 ELSE 5 END, due = NULL,"
            " since = %s FROM contact c WHERE c.id = j.contact AND j.stage = 2 AND j.due <= %s"
            " RETURNING j.contact, j.stage)"
            " INSERT INTO move (contact, old, new, at) SELECT contact, 2, stage, %s FROM u",
            (now, now, now),
        )
        seconds = time.perf_counter() - began
        planned = db.execute("SELECT count(*) FROM message").fetchone()
        moved = db.execute("SELECT count(*) FROM move").fetchone()
    first = n + sum(not clicked(i) for i in range(1, n + 1))
    if planned != (first,) or sent != first or moved != (n + first,):
        raise SystemExit(f"the bound sent {sent} of {planned} messages in {moved} moves")
    return {"ticks": seconds - sink, "sink": sink}


def _load(db: psycopg.Connection, n: int) -> None:
    for statement in (
        "CREATE TABLE contact (id bigint PRIMARY KEY, email text, country text, plan text, signup bigint)",
        "CREATE TABLE event (contact bigint, name text, at bigint, PRIMARY KEY (contact, name, at))",
        "CREATE TABLE journey (contact bigint PRIMARY KEY, stage int, due bigint, since bigint) WITH (fillfactor = 70)",
        "CREATE INDEX ON journey (stage, due) WHERE due IS NOT NULL",
        "CREATE TABLE move (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, contact bigint, old int, new int,"
        " at bigint)",
        "CREATE TABLE message (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, contact bigint, what int,"
        " at bigint, sent int DEFAULT 0) WITH (fillfactor = 80)",
        "CREATE UNIQUE INDEX ON message (contact, what)",
    ):
        db.execute(statement)
    with db.cursor() as cursor, cursor.copy("COPY contact FROM STDIN") as copy:
        for i in range(1, n + 1):
            copy.write_row((i, f"user{i}@example.com", "FR", plan_of(i), -(i % 1000) * DAY))
    with db.cursor() as cursor, cursor.copy("COPY event FROM STDIN") as copy:
        for i in range(1, n + 1):
            if clicked(i):
                copy.write_row((i, "clicked", DAY))
    db.execute("ANALYZE")


def _analyze(db: psycopg.Connection) -> None:
    for table in ("journey", "message"):
        db.execute(f"ANALYZE {table}")


def _drain(db: psycopg.Connection) -> int:
    sent = last = 0
    while True:
        found = db.execute(
            "SELECT id, contact, what FROM message WHERE id > %s AND sent = 0 ORDER BY id LIMIT %s", (last, SINK)
        ).fetchall()
        if not found:
            return sent
        first, last = found[0][0], found[-1][0]
        db.execute("UPDATE message SET sent = 1 WHERE id BETWEEN %s AND %s AND sent = 0", (first, last))
        sent += len(found)
