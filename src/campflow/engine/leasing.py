"""Taking a batch: the next messages of a channel that are ready and that nobody holds.

They lie in runs (`ready_run`), or are marked one by one (`message.queue`); `sql/queue.py` tells the two apart. A batch
is a range of ids, so it is taken either from the front of runs that lie close together, or from the marked messages
between runs and open batches: whatever is ready within its ends is its own. Nearly every id of a run is a message that
is ready, so its ids are taken without a look at each: who hands a window over looks at each of it anyway.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    Connection,
    Delete,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.sql.dml import ReturningInsert

from campflow.engine.gates import Gates
from campflow.engine.outbox import Batch, due, expire, leased_until
from campflow.sql.dialects import leading
from campflow.sql.queue import READY, is_marked, is_planned
from campflow.sql.rows import NOW, parameter
from campflow.storage.database import Database
from campflow.storage.tables import Tables
from campflow.storage.writers import releaser

#: Larger than every message id.
_END = 2**63 - 1

#: Ids that may lie between two runs of one batch: reading over them costs less than another batch.
_CLOSE = 1_000

#: Runs that are looked at for one batch.
_MANY = 1_000

#: How many ids a batch of marked messages may span, for each message that it may have.
_SPARSE = 20

_OF_CHANNEL: Any = bindparam("of_channel", None, type_=Text(), required=False)
_FIRST, _LAST, _LIMIT = (parameter(name) for name in ("first", "last", "limit"))


def has_ready(database: Database, channel: str, now: int) -> bool:
    """Whether it is worth opening this channel."""
    tables, m = database.tables, database.tables.message.c
    marked = select(m.message_id).where(m.channel == channel, is_marked(tables.message), due(tables, now))
    with database.reader() as connection:
        if connection.execute(_runs(tables), {"of_channel": channel, "now": now}).first():
            return True
        return any(connection.execute(query.limit(1)).first() for query in (marked, planned(tables, channel, now)))


def planned(tables: Tables, channel: str, now: int) -> Select[int]:
    """The messages of a channel whose time has come, and that are not released yet."""
    m = tables.message.c
    return select(m.message_id).where(m.channel == channel, is_planned(tables.message), m.release_at <= now)


def count(connection: Connection, tables: Tables, channel: str, now: int, most: int) -> int:
    """How many messages of a channel a lease would look at, about: up to `most` are counted of each kind."""
    m = tables.message.c
    marked = select(m.message_id).where(m.channel == channel, is_marked(tables.message), due(tables, now))
    found = 0
    for one in (marked, planned(tables, channel, now)):
        found += connection.scalar(select(func.count()).select_from(one.limit(most).subquery())) or 0
    for run in connection.execute(_runs(tables), {"of_channel": channel, "now": now}):
        if found >= most:
            break
        found += run.last_message_id - run.first_message_id + 1
    return found


def lease(
    database: Database,
    channel: str,
    owner: str,
    limit: int,
    seconds: float,
    now: int,
    listens: Collection[str] = (),
    gates: Gates | None = None,
    most: int | None = None,
) -> Batch | None:
    """Take the next ready messages of a channel that nobody holds, `limit` at most; None where there are none.

    What may not go any more is marked and not taken, nor is what has expired, where it is the first. Nor is anything
    where `most` batches of the channel are held already.
    """
    tables = database.tables
    gates = gates or Gates(tables)
    with database.transaction(releaser(tells="expired" in listens)) as connection:
        held = [(first, last) for first, last in connection.execute(_held(tables), {"of_channel": channel})]
        if most is not None and len(held) >= most:
            return None
        gates.open(connection, now)
        search = _Search(connection, tables, channel, limit, now, listens, gates)
        ends = search.next(held, connection.execute(_runs(tables), {"of_channel": channel, "now": now}).all())
        return None if ends is None else _insert(connection, tables, channel, owner, ends, seconds, now)


def unroll(connection: Connection, tables: Tables) -> None:
    """Mark the ready messages of all runs one by one: for who takes no leases and wants to read which they are."""
    m, r = tables.message, tables.ready_run
    inside = and_(m.c.channel == r.c.channel, m.c.message_id.between(r.c.first_message_id, r.c.last_message_id))
    ids = select(m.c.message_id).select_from(leading(r, m, inside)).where(m.c.state == READY).correlate(None)
    connection.execute(update(m).where(m.c.message_id.in_(ids)).values(queue=READY))
    connection.execute(delete(r))


@dataclass(frozen=True, slots=True)
class _Piece:
    """Ids that a batch may be taken from: of these runs, up to the next open batch."""

    first: int
    last: int
    runs: Sequence[tuple[int, int, int]]


@dataclass(frozen=True, slots=True)
class _Search:
    """For the next batch of a channel, from the lowest id on."""

    connection: Connection
    tables: Tables
    channel: str
    limit: int
    now: int
    listens: Collection[str]
    gates: Gates

    def next(self, held: Sequence[tuple[int, int]], runs: Sequence[Any]) -> tuple[int, int] | None:
        """The first and the last id of the next batch."""
        pieces = _pieces(held, runs, self.limit)
        taken = sorted([*((first, last, None) for first, last in held), *((p.first, p.last, p) for p in pieces)],
                       key=lambda each: each[0])  # fmt: skip
        after, mark = 0, self._marked(1)
        for first, last, piece in (*taken, (_END, _END, None)):
            while mark is not None and after < mark < first:
                ends = self._free(self._next_marked, mark, min(first, mark + _SPARSE * self.limit))
                if ends is not None:
                    return ends
                mark = self._marked(mark + 1)
            if piece is not None and (ends := self._from_runs(piece)) is not None:
                return ends
            after = max(after, last)
            if mark is not None and mark <= after:
                mark = self._marked(after + 1)
        return None

    def _marked(self, first: int) -> int | None:
        """The first marked message that is due, from an id on."""
        asked = {"of_channel": self.channel, "now": self.now, "first": first, "last": _END, "limit": 1}
        found: int | None = self.connection.execute(_next_marked(self.tables), asked).one()[0]
        return found

    def _from_runs(self, piece: _Piece) -> tuple[int, int] | None:
        """A batch from the front of these runs, which begin after it from now on."""
        ends = self._free(self._front_of_run, piece.first, piece.last + 1)
        done = piece.last if ends is None else ends[1]
        for run_id, first, last in piece.runs:
            if last <= done:
                self.connection.execute(_used_up(self.tables), {"of_run": run_id})
            elif first <= done:
                self.connection.execute(_cut(self.tables), {"of_run": run_id, "begins": done + 1})
        return ends

    def _free(self, find: "Find", first: int, end: int) -> tuple[int, int] | None:
        """The first and the last id of a batch before `end`; what may not go is marked on the way."""
        while (found := find(first, end)) is not None:
            first, last, expires_at = found
            if expires_at > self.now and not self.gates.ask_again(self.connection, self.channel, first, last, self.now):
                return first, last
            m = self.tables.message.c
            late = and_(
                m.channel == self.channel, m.state == READY, due(self.tables, self.now), m.expires_at <= self.now
            )
            expire(self.connection, self.tables, and_(late, m.message_id.between(first, last)), self.now, self.listens)
        return None

    def _front_of_run(self, first: int, end: int) -> tuple[int, int, int] | None:
        """From the first due message on as many ids as a batch may have, and when that message expires."""
        asked = {"of_channel": self.channel, "now": self.now, "first": first, "last": end}
        row = self.connection.execute(_first_of_run(self.tables), asked).first()
        return None if row is None else (row[0], min(row[0] + self.limit, end) - 1, row[1])

    def _next_marked(self, first: int, end: int) -> tuple[int, int, int] | None:
        """The first and the last of as many due messages as a batch may have, and when the first of them expires."""
        asked = {"of_channel": self.channel, "now": self.now, "first": first, "last": end, "limit": self.limit}
        first_id, last_id, expires_at = self.connection.execute(_next_marked(self.tables), asked).one()
        return None if first_id is None else (first_id, last_id, expires_at)


#: Finds a batch from an id on and before another: its first and its last id, and when what is in it expires.
Find = Callable[[int, int], tuple[int, int, int] | None]


def _pieces(held: Sequence[tuple[int, int]], runs: Sequence[Any], limit: int) -> list[_Piece]:
    """Runs that lie close together are one, until they have ids enough. What an open batch has is left out: a run that
    begins there waits for its end."""
    found: list[_Piece] = []
    for run_id, first, end_of_run in runs:
        if any(begin <= first <= end for begin, end in held):
            continue
        run = (run_id, first, end_of_run)
        last = min([end_of_run, *(begin - 1 for begin, _ in held if begin > first)])
        before = found[-1] if found else None
        if (
            before is not None
            and first - before.last <= _CLOSE
            and before.last - before.first < limit
            and not any(before.first <= begin <= last for begin, _ in held)
        ):
            found[-1] = _Piece(before.first, max(before.last, last), (*before.runs, run))
        else:
            found.append(_Piece(first, last, (run,)))
    return found


def _insert(
    connection: Connection, tables: Tables, channel: str, owner: str, ends: tuple[int, int], seconds: float, now: int
) -> Batch:
    first, last = ends
    row = {
        "channel": channel,
        "owner": owner,
        "lease": round(seconds * 1000),
        "ready_at": now,
        "first_message_id": first,
        "last_message_id": last,
        "handed_from": first,
        "handed_to": first - 1,
    }
    batch_id, fence = connection.execute(_new_batch(tables, connection.dialect.name), row).one()
    return Batch(batch_id, channel, fence, first, last, now, seconds)


# Built once: these are asked for every batch.


@lru_cache(maxsize=8)
def _held(tables: Tables) -> Select[int, int]:
    """The ends of a channel's open batches."""
    b = tables.batch.c
    held = select(b.first_message_id, b.last_message_id).where(b.channel == _OF_CHANNEL, b.closed_at.is_(None))
    return held.order_by(b.first_message_id)


@lru_cache(maxsize=8)
def _runs(tables: Tables) -> Select[Any]:
    """A channel's runs, first ids first. One of a tick whose clock is ahead is left for then."""
    r = tables.ready_run.c
    found = select(r.run_id, r.first_message_id, r.last_message_id)
    return found.where(r.channel == _OF_CHANNEL, r.ready_at <= NOW).order_by(r.first_message_id).limit(_MANY)


@lru_cache(maxsize=8)
def _used_up(tables: Tables) -> Delete:
    r = tables.ready_run
    return delete(r).where(r.c.run_id == bindparam("of_run"))


@lru_cache(maxsize=8)
def _cut(tables: Tables) -> Update:
    r = tables.ready_run
    return update(r).where(r.c.run_id == bindparam("of_run")).values(first_message_id=bindparam("begins"))


@lru_cache(maxsize=8)
def _new_batch(tables: Tables, database: str) -> ReturningInsert[int, int]:
    b = tables.batch
    last = select(b.c.fence).order_by(b.c.batch_id.desc()).limit(literal_column("1")).scalar_subquery()
    given = ("channel", "owner", "ready_at", "first_message_id", "last_message_id", "handed_from", "handed_to")
    values: dict[str, Any] = {name: bindparam(name) for name in given}
    values |= {"fence": func.coalesce(last, 0) + 1, "leased_until": leased_until(database)}
    return insert(b).values(values).returning(b.c.batch_id, b.c.fence)


@lru_cache(maxsize=8)
def _first_of_run(tables: Tables) -> Select[int, int]:
    """The first due message in a range of ids, and when it expires."""
    m = tables.message.c
    return select(m.message_id, m.expires_at).where(*_mine(tables, m.state == READY)).order_by(m.message_id).limit(1)


@lru_cache(maxsize=8)
def _next_marked(tables: Tables) -> Select[Any]:
    """The first and the last of the next due messages that are marked, in a range of ids; when the first expires."""
    m = tables.message
    mine = _mine(tables, is_marked(m))
    chosen = select(m.c.message_id, m.c.expires_at).where(*mine).order_by(m.c.message_id).limit(_LIMIT).subquery().c
    return select(func.min(chosen.message_id), func.max(chosen.message_id), func.min(chosen.expires_at))


def _mine(tables: Tables, ready: Any) -> Sequence[Any]:
    m = tables.message.c
    return m.channel == _OF_CHANNEL, ready, due(tables, NOW), m.message_id >= _FIRST, m.message_id < _LAST
