"""The rows of observers: how far each was told, who tells it now, and what there is to tell.

Moves are told from their own table. What became of messages is written to `fate` by a trigger, which is there while
somebody observes: nobody else pays for it. What all have been told is deleted from there.

Numbers come from sequences, and on PostgreSQL a later one may be committed before an earlier one. So only
those are told that lie below what a transaction still running may yet commit: see `Horizon`.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, func, insert, inspect, or_, select, update

from campflow.content.values import instant
from campflow.engine import owners
from campflow.errors import StoreError
from campflow.hooks.contracts import Moved, Settled
from campflow.storage import postgresql
from campflow.storage.database import Database, database_now
from campflow.storage.found_by import is_distributed
from campflow.storage.tables import Tables
from campflow.storage.writers import ALONE, HOLDER

#: Seconds until the next try after a failure: doubled each time, up to the second one.
PAUSE = (1.0, 300.0)

#: Characters kept of what went wrong.
_DETAIL = 500

_TRIGGER = "message_fate"
_FINAL = "('accepted', 'rejected', 'uncertain', 'skipped', 'expired', 'cancelled')"
_FATE = (
    "INSERT INTO fate (contact_id, message_id, state, at) VALUES (NEW.contact_id, NEW.message_id, NEW.state, "
    "COALESCE(NEW.settled_at, NEW.planned_at))"
)
_MAKE = {
    "sqlite": (
        f"CREATE TRIGGER {_TRIGGER} AFTER UPDATE OF state ON message "
        f"WHEN NEW.state <> OLD.state AND NEW.state IN {_FINAL} BEGIN {_FATE}; END",
        f"CREATE TRIGGER {_TRIGGER}_at_once AFTER INSERT ON message WHEN NEW.state IN {_FINAL} BEGIN {_FATE}; END",
    ),
    "postgresql": (
        f"CREATE OR REPLACE FUNCTION {_TRIGGER}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {_FATE}; RETURN NULL; END $$",
        f"CREATE TRIGGER {_TRIGGER} AFTER UPDATE OF state ON message FOR EACH ROW "
        f"WHEN (NEW.state <> OLD.state AND NEW.state IN {_FINAL}) EXECUTE FUNCTION {_TRIGGER}()",
        f"CREATE TRIGGER {_TRIGGER}_at_once AFTER INSERT ON message FOR EACH ROW "
        f"WHEN (NEW.state IN {_FINAL}) EXECUTE FUNCTION {_TRIGGER}()",
    ),
}
_UNMAKE = {
    "sqlite": (f"DROP TRIGGER IF EXISTS {_TRIGGER}", f"DROP TRIGGER IF EXISTS {_TRIGGER}_at_once"),
    "postgresql": (
        f"DROP TRIGGER IF EXISTS {_TRIGGER} ON message",
        f"DROP TRIGGER IF EXISTS {_TRIGGER}_at_once ON message",
    ),
}


@dataclass(frozen=True, slots=True)
class Turn:
    """That this process tells an observer now, from behind these numbers."""

    name: str
    fence: int
    moved: int
    settled: int


@dataclass(frozen=True, slots=True)
class Behind:
    """An observer that was not told of so many, or fails; `trouble` says why."""

    name: str
    moves: int
    fates: int
    failures: int
    trouble: str | None

    @property
    def said(self) -> str:
        return f"observer {self.name} fails and was not told of {self.moves + self.fates:,}: {self.trouble}"


def enrol(database: Database, wanted: Collection[str]) -> None:
    """A row for each observer that campflow.toml names, from now on, and none for others. Writes only what is new."""
    with database.reader() as connection:
        if set(connection.scalars(select(database.tables.observer.c.name))) == set(wanted):
            return
    with database.transaction(ALONE) as connection:
        if wanted and is_distributed(connection, database.tables):
            raise StoreError("a database that is shared out by contact has no observers: take [observers.…] out")
        t, kind = database.tables, connection.dialect.name
        known = set(connection.scalars(select(t.observer.c.name)))
        connection.execute(delete(t.observer).where(t.observer.c.name.not_in(list(wanted))))
        for statement in (*_UNMAKE[kind], *(_MAKE[kind] if wanted else ())):
            connection.exec_driver_sql(statement)
        if not wanted:
            connection.execute(delete(t.fate))
        last = {
            "moved": connection.scalar(select(func.max(t.move.c.move_id))) or 0,
            "settled": connection.scalar(select(func.max(t.fate.c.fate_id))) or 0,
        }
        for name in sorted(set(wanted) - known):
            connection.execute(insert(t.observer).values(name=name, **last))


class Horizon:
    """Up to which numbers everything is committed that ever will be."""

    def __init__(self) -> None:
        self._waits: tuple[frozenset[str], tuple[int, int]] | None = None
        self.below = (0, 0)

    def look(self, connection: Connection, tables: Tables) -> tuple[int, int]:
        """The last move and the last fate below which nothing is missing any more.

        On PostgreSQL a number below the last one may be taken by a transaction that still runs. When all have ended
        that ran after that number was seen, it is there or never will be.
        """
        last = select(func.max(tables.move.c.move_id)).scalar_subquery()
        fate = select(func.max(tables.fate.c.fate_id)).scalar_subquery()
        row = connection.execute(select(last, fate)).one()
        seen = row[0] or 0, row[1] or 0
        running = postgresql.writing(connection) if connection.dialect.name == "postgresql" else frozenset()
        if self._waits is not None and not self._waits[0] & running:
            self.below, self._waits = self._waits[1], None
        if not running:
            self.below, self._waits = seen, None
        elif self._waits is None:
            self._waits = running, seen
        return self.below


def waiting(connection: Connection, tables: Tables, below: tuple[int, int]) -> set[str]:
    """The observers that there is something to tell, and that may be tried now."""
    o, now = tables.observer.c, database_now(connection)
    new = or_(o.moved < below[0], o.settled < below[1])
    return set(connection.scalars(select(o.name).where(new, or_(o.retry_at.is_(None), o.retry_at <= now))))


def take(database: Database, name: str, seconds: float) -> Turn | None:
    """The turn to tell it; None while another process has it."""
    with database.transaction(HOLDER) as connection:
        t, now = database.tables.observer, database_now(connection)
        row = connection.execute(select(t).where(t.c.name == name).with_for_update()).one_or_none()
        if row is None or (row.retry_at is not None and row.retry_at > now):
            return None
        if row.leased_until is not None and row.leased_until > now and not owners.is_gone(row.owner):
            return None
        mine = {"owner": owners.this_process(), "fence": row.fence + 1, "leased_until": now + int(seconds * 1000)}
        connection.execute(update(t).where(t.c.name == name).values(**mine))
        return Turn(name, row.fence + 1, row.moved, row.settled)


def hold_on(database: Database, turn: Turn, seconds: float) -> None:
    """The turn for longer, while the other side takes its time."""
    with database.transaction(HOLDER) as connection:
        until = database_now(connection) + int(seconds * 1000)
        connection.execute(_mine(database.tables, turn).values(leased_until=until))


def told(database: Database, turn: Turn, moved: int, settled: int) -> bool:
    """Write down how far it was told, and give the turn back. False where another process has taken it meanwhile."""
    with database.transaction(HOLDER) as connection:
        t = database.tables
        free = {"leased_until": None, "failures": 0, "retry_at": None, "trouble": None}
        done = connection.execute(_mine(t, turn).values(moved=moved, settled=settled, **free)).rowcount
        if done and settled > turn.settled:
            least = select(func.min(t.observer.c.settled)).scalar_subquery()
            connection.execute(delete(t.fate).where(t.fate.c.fate_id <= least))
        return bool(done)


def failed(database: Database, turn: Turn, why: str) -> None:
    """Write down why, and when it is tried again; give the turn back."""
    with database.transaction(HOLDER) as connection:
        t = database.tables.observer
        count = connection.scalar(select(t.c.failures).where(t.c.name == turn.name)) or 0
        pause = min(PAUSE[1], PAUSE[0] * 2.0 ** min(count, 30))
        later = database_now(connection) + int(pause * 1000)
        connection.execute(
            _mine(database.tables, turn).values(
                leased_until=None, failures=count + 1, retry_at=later, trouble=why[:_DETAIL]
            )
        )


def give_back(database: Database, turn: Turn) -> None:
    """Without having told anything."""
    with database.transaction(HOLDER) as connection:
        connection.execute(_mine(database.tables, turn).values(leased_until=None))


def _mine(tables: Tables, turn: Turn) -> Any:
    o = tables.observer
    return update(o).where(o.c.name == turn.name, o.c.fence == turn.fence)


# --- what there is to tell ----------------------------------------------------------------------------------------


def moves(connection: Connection, tables: Tables, behind: int, up_to: int, most: int) -> list[Moved]:
    """The next moves, in the order of their numbers. Those of people who were erased are gone."""
    m, s, v, c = tables.move.c, tables.statement.c, tables.campaign_version.c, tables.campaign.c
    came, went = tables.stage.alias("came"), tables.stage.alias("went")
    query = (
        select(
            m.move_id, c.name, tables.contact.c.contact_key, m.journey_id, went.c.name, came.c.name, m.at,
            tables.event.c.name, s.text,
        )
        .join_from(tables.move, tables.contact, tables.contact.c.contact_id == m.contact_id)
        .join(tables.statement, s.statement_id == m.statement_id)
        .join(tables.campaign_version, v.version_id == s.version_id)
        .join(tables.campaign, c.campaign_id == v.campaign_id)
        .outerjoin(went, went.c.stage_id == m.from_stage_id)
        .outerjoin(came, came.c.stage_id == m.to_stage_id)
        .outerjoin(
            tables.event, (tables.event.c.contact_id == m.contact_id) & (tables.event.c.seq == m.cause_seq)
        )
        .where(m.move_id > behind, m.move_id <= up_to)
        .order_by(m.move_id)
        .limit(most)
    )  # fmt: skip
    return [Moved(*row[:6], instant(row[6]), *row[7:]) for row in connection.execute(query)]


def fates(connection: Connection, tables: Tables, behind: int, up_to: int, most: int) -> list[Settled]:
    """What became of messages next, in the order of its numbers."""
    f, m, s = tables.fate.c, tables.message.c, tables.send.c
    query = (
        select(
            f.fate_id, f.message_id, tables.campaign.c.name, m.channel, s.message,
            func.coalesce(tables.contact.c.contact_key, ""), f.state, f.at, m.provider_id, func.coalesce(m.detail, ""),
        )
        .join_from(tables.fate, tables.message, (m.contact_id == f.contact_id) & (m.message_id == f.message_id))
        .join(tables.send, s.send_id == m.send_id)
        .join(tables.campaign, tables.campaign.c.campaign_id == m.campaign_id)
        .outerjoin(tables.contact, tables.contact.c.contact_id == f.contact_id)
        .where(f.fate_id > behind, f.fate_id <= up_to)
        .order_by(f.fate_id)
        .limit(most)
    )  # fmt: skip
    return [
        Settled(*row[:7], at=instant(row[7]), provider_id=row[8], detail=row[9]) for row in connection.execute(query)
    ]


def behind(connection: Connection, tables: Tables) -> list[Behind]:
    """Every observer with what it was not told of yet."""
    if not inspect(connection).has_table(tables.observer.name):
        return []
    found = []
    for row in connection.execute(select(tables.observer).order_by(tables.observer.c.name)):
        many = select(func.count()).where(tables.move.c.move_id > row.moved)
        more = select(func.count()).where(tables.fate.c.fate_id > row.settled)
        counts = int(connection.scalar(many) or 0), int(connection.scalar(more) or 0)
        found.append(Behind(row.name, *counts, row.failures, row.trouble))
    return found
