"""PostgreSQL: opening it, and what to tell an operator when that fails."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy import URL, Connection, Engine, event, text

from campflow.errors import StoreError
from campflow.storage.writers import Hold, Writer

#: `GENERATED`, ON CONFLICT and multi-column statistics are older; nothing before it is looked after by its makers.
OLDEST = 13


def engine(url: URL, busy_seconds: float) -> Engine:
    """Connections to the server of `url`. Nothing is opened before the first use.

    Raises StoreError where the driver is missing, or is not the one that campflow speaks with.
    """
    if url.drivername not in ("postgresql", "postgresql+psycopg"):
        raise StoreError(
            f"campflow reaches PostgreSQL by psycopg: begin the URL with postgresql+psycopg://, not {url.drivername}://"
        )
    try:
        # A connection that the server closed meanwhile is noticed before it is used.
        # SQLAlchemy would forget how many rows an INSERT wrote; the release goes on until there are none.
        made = sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_pre_ping=True,
            execution_options={"preserve_rowcount": True},
        )
    except ModuleNotFoundError as error:
        raise StoreError('for PostgreSQL the driver is missing: pip install "campflow[postgres]"') from error

    @event.listens_for(made, "connect")
    def prepare(connection: Any, _record: object) -> None:
        if connection.info.server_version < OLDEST * 10_000:
            found = connection.info.server_version // 10_000
            raise StoreError(f"the server runs PostgreSQL {found}: campflow needs {OLDEST} or newer")
        for setting in _settings(busy_seconds):
            connection.execute(setting)
        connection.commit()
        connection.autocommit = True  # `begin` opens transactions; the driver would ask for each once more

    return made


def _settings(busy_seconds: float) -> tuple[str, ...]:
    return (
        f"SET lock_timeout = {max(1, round(busy_seconds * 1000))}",
        "SET synchronous_commit = on",  # a committed row survives a power cut
        "SET default_transaction_isolation = 'read committed'",
        # A plan that is kept was made for the rows of another tick: of three, or of a million.
        "SET plan_cache_mode = force_custom_plan",
        "SET jit = off",  # it would compile each of a tick's long statements for longer than they run
        "SET work_mem = '32MB'",  # a chunk's moves stay in memory while the rows that follow from them are written
        "SET client_min_messages = warning",
    )


#: The locks of `storage/writers.py`: numbers of our own, each beside that of the schema.
_PROJECT, _OUTBOX, _TOLD = 1667329136, 1667329138, 1667329139

#: Errors of two transactions that cannot both be: one is taken back and may be tried again.
COLLISIONS = frozenset({"40001", "40P01"})


def begin(writer: Writer, still_seconds: float) -> str:
    """What opens the transaction of a writer, as one request.

    A process that stops in the middle holds others up no longer than `still_seconds`: then the server ends its session.
    """
    patience = f"set_config('idle_in_transaction_session_timeout', '{max(1, round(still_seconds * 1000))}', true)"
    held = ((_PROJECT, writer.project), (_OUTBOX, writer.outbox), (_TOLD, writer.told))
    if not writer.snapshot:
        return f"BEGIN; SELECT {', '.join([patience, *_calls('pg_advisory_xact_lock', held)])}"
    # The snapshot must be younger than the locks, and a statement that waits for one has its own before. So they are
    # first the session's and then the transaction's; the client is not asked in between, it might have stopped.
    first: tuple[tuple[int, Hold], ...] = (*held[:2], (_TOLD, "alone"))
    waits, goes = _calls("pg_advisory_lock", first), _calls("pg_advisory_unlock", first)
    return (
        f"BEGIN; SELECT {', '.join([patience, *waits])}; COMMIT; BEGIN ISOLATION LEVEL REPEATABLE READ; "
        f"SELECT {', '.join([patience, *_calls('pg_advisory_xact_lock', held)])}; SELECT {', '.join(goes)}"
    )


def _calls(function: str, held: Iterable[tuple[int, Hold]]) -> list[str]:
    """Of `pg_advisory_…`: a call for each lock that is held."""
    suffixes = {"alone": "", "shared": "_shared"}
    return [
        f"{function}{suffixes[hold]}({number}, hashtext(current_schema()))" for number, hold in held if hold in suffixes
    ]


def writing(connection: Connection) -> frozenset[str]:
    """The transactions of all who write to this database now: each holds the lock `project` from its beginning on."""
    query = text(
        "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2 "
        "AND classid = CAST(:lock AS oid) AND objid = CAST(hashtext(current_schema()) AS oid) "
        "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    return frozenset(connection.execute(query, {"lock": _PROJECT}).scalars())


def advice(error: object, url: URL) -> str | None:
    """A sentence and the next step, for errors that come from the server, the way to it, or who else uses it."""
    state, words = getattr(error, "sqlstate", None), " ".join(str(error).split())
    name, place = url.database or url.username or "", f"{url.host or 'this machine'}:{url.port or 5432}"
    user = url.username or "the user of this process"
    known = {
        "28P01": f"PostgreSQL at {place} refuses the password of {user}: correct it in the database's URL",
        "28000": f"PostgreSQL at {place} does not let {user} in: allow it in pg_hba.conf, or name another user",
        "3D000": f"PostgreSQL at {place} has no database {name}: create it (createdb {name}) or name another one",
        "3F000": f"the database {name} has no schema to put tables in: create the one that search_path names",
        "42501": f"{user} may not do that in the database {name} ({words}): grant it the right, or name another user",
        "25006": f"the database {name} at {place} is read-only: name the server that may be written to",
        "53100": f"the disk of the database {name} at {place} is full: make room and start again",
        "53300": f"PostgreSQL at {place} has no connection left: end others, or raise max_connections",
        "55P03": f"the database {name} at {place} is in use by another process for too long: try again later",
        "40001": f"two processes changed the same rows of the database {name}: try again",
        "40P01": f"two processes waited for each other in the database {name}: try again",
        "25P03": f"the database {name} at {place} ended a transaction that stood still too long: try again",
        "57P01": f"PostgreSQL at {place} is shutting down: start it, and start again",
        "57P03": f"PostgreSQL at {place} is starting or stopping: try again in a moment",
    }
    if state is not None:
        return known.get(state)
    # Before there is a session there is no code, only the server's or the system's words.
    for words_of, code in (
        ("password authentication failed", "28P01"),
        ("no password supplied", "28P01"),
        ("pg_hba.conf", "28000"),
        ('role "', "28000"),
        ("too many clients", "53300"),
        ("remaining connection slots", "53300"),
        ("the database system is", "57P03"),
    ):
        if words_of in words:
            return known[code]
    if 'database "' in words and "does not exist" in words:
        return known["3D000"]
    if (
        type(error).__name__ == "ConnectionTimeout"
        or "connection failed" in words
        or "could not translate" in words
        or "failed to resolve" in words
    ):
        return f"PostgreSQL cannot be reached at {place} ({words}): start it, or correct the database's URL"
    if "server closed the connection" in words or "connection is lost" in words or "consuming input failed" in words:
        return f"PostgreSQL at {place} cut the connection: look whether it is up, and start again"
    return None
