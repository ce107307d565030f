"""What ails the database itself: its clock, its shape, its statistics, what grows without end."""

from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Connection

from campflow.engine.doctor import Case, Finding
from campflow.storage.database import database_now
from campflow.storage.drift import drift


def clocks(case: Case, connection: Connection) -> Iterator[Finding]:
    """Leases run on the database's clock, campaigns on this machine's."""
    before = case.wall()
    there = database_now(connection)
    after = case.wall()
    apart = max(before - there, there - after, 0)
    if apart > case.limits.skew:
        said = f"the database's clock and this machine's differ by {apart / 1000:,.0f} seconds"
        yield Finding(
            "clocks", "stuck", 1, said, "run an NTP client on both machines: times of messages are this one's"
        )


def shape(case: Case, connection: Connection) -> Iterator[Finding]:
    """Without its keys the database keeps nobody from doubling, without its indexes everything is slow."""
    if found := list(drift(connection, case.tables)):
        todo = (
            "`campflow db upgrade`, where an older campflow made the database; else somebody changed it: restore that"
        )
        yield Finding(
            "shape", "broken", len(found), "parts of the tables are not as they should be", todo, (*found[:5],)
        )


def statistics(case: Case, connection: Connection) -> Iterator[Finding]:
    """PostgreSQL plans badly over a table that it knows nothing of: a claim took four times as long."""
    if connection.dialect.name != "postgresql":
        return
    never = connection.exec_driver_sql(
        "SELECT relname FROM pg_stat_user_tables WHERE schemaname = current_schema() AND n_live_tup > %s "
        "AND last_analyze IS NULL AND last_autoanalyze IS NULL ORDER BY n_live_tup DESC",
        (case.limits.rows,),
    )
    if names := [str(row[0]) for row in never]:
        todo = f"ANALYZE {', '.join(names)}; and look whether autovacuum is on"
        yield Finding("statistics", "advice", len(names), "large tables were never analysed", todo, tuple(names[:5]))


def log_size(case: Case, connection: Connection) -> Iterator[Finding]:
    """SQLite's write-ahead log grows while some reader does not end."""
    if connection.dialect.name != "sqlite" or case.database.in_memory:
        return
    wal = Path(f"{case.database.url.database}-wal")
    if (size := wal.stat().st_size if wal.exists() else 0) > case.limits.log:
        said = f"the write-ahead log {wal.name} has {size / 2**20:,.0f} MB"
        todo = "some process reads without end, a backup or a shell: end it; a restart of the daemons folds the log"
        yield Finding("log size", "advice", 1, said, todo)


def long_transactions(case: Case, connection: Connection) -> Iterator[Finding]:
    """PostgreSQL cannot tidy up what an open transaction might still see, and others wait for its locks."""
    if connection.dialect.name != "postgresql":
        return
    rows = connection.exec_driver_sql(
        "SELECT pid, application_name, state, extract(epoch FROM clock_timestamp() - xact_start) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() "
        "AND xact_start < clock_timestamp() - make_interval(secs => %s) ORDER BY xact_start",
        (case.limits.transaction,),
    ).all()
    if rows:
        told = tuple(
            f"process {pid} {name}, {state}, for {seconds / 60:,.0f} minutes" for pid, name, state, seconds in rows
        )
        todo = "end what holds it open (SELECT pg_terminate_backend(PROCESS)); campflow itself holds none so long"
        yield Finding("long transactions", "advice", len(rows), "transactions have been open for long", todo, told[:5])


STORE = (clocks, shape, statistics, log_size, long_transactions)
