"""The outbox: which messages may go out, who is sending which, and what another process may take over.

A batch is a lease on a range of ready messages of one channel (`engine/leasing.py`). Its holder works through it in
windows, and commits which messages a window has (`handed_from`, `handed_to` and the gaps between) before it is given to
the provider, with the fates of the window before. So after a crash the ready messages of that window may have reached
the provider, and no other one can have: not even one that somebody planned with a number of the window, and committed
later.

A message belongs to a batch when it is ready, lies in its range, and was due when the lease was taken (`ready_at`).
That is exact: taking the lease first makes ready all that is due, so what becomes ready in the range later was due
later (`release_at`), and what waits for a retry has a `retry_at` later than `ready_at`.

"Now" is the campaign's clock (milliseconds); leases run on the database's, which all processes share.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from random import Random
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Delete,
    Row,
    Select,
    Text,
    Update,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    update,
)

from campflow.engine import owners
from campflow.engine.fates import RETRY, Outcome, Retry, report, write_down
from campflow.engine.gates import Gates
from campflow.people.costs import FREE, Prices
from campflow.people.reactions import believe
from campflow.sql.queue import READY, is_planned, ready_ids
from campflow.sql.rows import parameter
from campflow.storage.database import Database, database_now
from campflow.storage.dialects import dialect
from campflow.storage.tables import Tables
from campflow.storage.writers import HOLDER, handing_over, holder

_OF_CHANNEL: Any = bindparam("of_channel", None, type_=Text(), required=False)
_FIRST, _LAST, _READY_AT = (parameter(name) for name in ("first", "last", "ready_at"))


class LeaseLost(Exception):
    """Another process has taken the batch over: nothing that this one says about it is written."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A lease that this process holds; `seconds` from each commit on."""

    batch_id: int
    channel: str
    fence: int
    first_message_id: int
    last_message_id: int
    ready_at: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Calls:
    """How often a channel was given messages, or another plugin what it is for, and how long it took."""

    count: int = 0
    seconds: float = 0.0


NO_CALLS = Calls()


@dataclass(frozen=True, slots=True)
class Released:
    ready: int
    expired: int


@dataclass(frozen=True, slots=True)
class TakenOver:
    batches: int
    uncertain: int


# --- planned, ready, expired ------------------------------------------------------------------------------------


def release(
    connection: Connection, tables: Tables, now: int, listens: Collection[str] = (), gates: Gates | None = None
) -> Released:
    """Make ready what is due and may go, and let go of what is too late.

    What is being handed over just now is left alone. Without `gates` nothing stands between a message and its time.
    """
    m = tables.message
    late = and_(m.c.expires_at <= now, m.c.release_at <= now)
    ready = m.c.message_id.in_(ready_ids(tables, connection.dialect.name, late))
    # In two statements, so that each finds its rows by what they are queued as.
    expired = expire(connection, tables, and_(late, is_planned(m)), now, listens)
    expired += expire(connection, tables, and_(ready, m.c.state == READY, ~being_handed_over(tables)), now, listens)
    return Released((gates or Gates(tables)).open(connection, now), expired)


def being_handed_over(tables: Tables) -> ColumnElement[bool]:
    """Of a row of `message`: whether a provider may be getting it at this moment. Cancelling must spare these."""
    m, b = tables.message.c, tables.batch.c
    return exists().where(
        b.closed_at.is_(None),
        b.channel == m.channel,
        b.first_message_id <= m.message_id,
        _of_window(tables, b.batch_id, b.handed_from, b.handed_to),
        due(tables, b.ready_at),
    )


def _of_window(
    tables: Tables, batch_id: ColumnElement[int] | int, first: ColumnElement[int] | int, last: ColumnElement[int] | int
) -> ColumnElement[bool]:
    """Of a row of `message`: whether the window that a batch hands over has its id."""
    m, g = tables.message.c, tables.batch_gap.c
    gap = exists().where(
        g.batch_id == batch_id, g.handed_from == first, m.message_id.between(g.first_message_id, g.last_message_id)
    )
    return and_(m.message_id.between(first, last), ~gap.correlate_except(tables.batch_gap))


def due(tables: Tables, at: ColumnElement[int] | int) -> ColumnElement[bool]:
    """Of a row of `message`: whether it may go at this moment, if it is ready."""
    m = tables.message.c
    return and_(m.release_at <= at, or_(m.retry_at.is_(None), m.retry_at <= at))


def expire(
    connection: Connection, tables: Tables, which: ColumnElement[bool], now: int, listens: Collection[str]
) -> int:
    """Let go of these messages, which are too late. Returns how many they were."""
    m = tables.message.c
    if "expired" in listens:
        report(connection, tables, "expired", now, and_(which, m.doubted_at.is_(None)))
    late = {"state": unless_in_doubt(tables, "expired"), "queue": None, "settled_at": now}
    return connection.execute(update(tables.message).where(which).values(late)).rowcount


# --- leases -----------------------------------------------------------------------------------------------------


def leased_until(database: str) -> ColumnElement[int]:
    """When a lease that is taken now, for the milliseconds given as `lease`, ends by the clock of this kind of
    database."""
    return _clock(database) + bindparam("lease", type_=BigInteger())


def _clock(database: str) -> ColumnElement[int]:
    return literal_column(dialect(database).clock, BigInteger())


def members(tables: Tables, batch: Batch) -> ColumnElement[bool]:
    """Of a row of `message`: whether it belongs to the batch and its fate is not written yet."""
    m = tables.message.c
    return and_(
        m.channel == batch.channel,
        m.state == READY,
        m.message_id.between(batch.first_message_id, batch.last_message_id),
        due(tables, batch.ready_at),
    )


# Built once: these are asked for every window.


@lru_cache(maxsize=8)
def _there(tables: Tables) -> Select[int, Any]:
    """How many messages of a part of a batch are still to be handed over, and when the first of them expires."""
    m = tables.message.c
    mine = (m.channel == _OF_CHANNEL, m.state == READY, m.message_id.between(_FIRST, _LAST), due(tables, _READY_AT))
    return select(func.count(), func.min(m.expires_at)).where(*mine)


@lru_cache(maxsize=8)
def _left(tables: Tables) -> Select[int, Any, Any]:
    """How many ready messages of a range are not marked; the first and the last of them."""
    m = tables.message.c
    mine = (m.channel == _OF_CHANNEL, m.state == READY, m.queue.is_(None), m.message_id.between(_FIRST, _LAST))
    return select(func.count(), func.min(m.message_id), func.max(m.message_id)).where(*mine)


@lru_cache(maxsize=64)
def _held(tables: Tables, database: str, names: tuple[str, ...]) -> Update:
    """Writes these columns of a batch that is still ours, and renews it."""
    b = tables.batch.c
    mine = (b.batch_id == bindparam("of_batch"), b.fence == bindparam("of_fence"), b.closed_at.is_(None))
    said: dict[str, Any] = {"leased_until": leased_until(database), **{name: bindparam(name) for name in names}}
    if "handed_to" in names:
        said["handed_at"] = _clock(database)
    return update(tables.batch).where(*mine).values(said)


# --- working through a batch ------------------------------------------------------------------------------------


@dataclass(slots=True)
class Clerk:
    """Writes what happens to a batch. Every write first asks whether the lease is still ours, or raises LeaseLost.

    `accepted` is of how many messages it has committed that they were; `gaps`, whether some window had any.
    """

    database: Database
    batch: Batch
    retry: Retry
    rng: Random
    listens: Collection[str] = ()
    gates: Gates | None = None
    prices: Prices = FREE
    addresses: Mapping[str, str | None] = field(default_factory=dict)
    accepted: int = 0
    gaps: bool = False

    def hand_over(self, window: Sequence[int], before: Outcome, now: int) -> frozenset[int]:
        """Commit that these messages are about to be given to the provider, with the outcome of the window before.

        Returns those that may be: not one that was cancelled or expired since the lease was taken, or whose contact
        no longer consents.
        """
        tables, m = self.database.tables, self.database.tables.message.c
        with self.database.transaction(handing_over(bool(self.listens), before.reacts)) as connection:
            self._hold(connection, handed_from=window[0], handed_to=window[-1])
            self._say_gaps(connection, window)
            accepted = self._write_down(connection, before, now)
            there, first_to_expire = connection.execute(_there(tables), self._between(window[0], window[-1])).one()
            late = first_to_expire is not None and first_to_expire <= now
            if late:
                expire(connection, tables, and_(self._mine(window), m.expires_at <= now), now, self.listens)
            refused = self.gates is not None and self.gates.refuse(
                connection, self.batch.channel, window[0], window[-1], now
            )
            # Without gaps: as many as there are ids are all of them.
            if not late and not refused and there == len(window) == window[-1] - window[0] + 1:
                ready = frozenset(window)
            else:
                found = connection.scalars(select(m.message_id).where(self._mine(window)))
                ready = frozenset(found).intersection(window)
        self.accepted += accepted
        return ready

    def _mine(self, window: Sequence[int]) -> ColumnElement[bool]:
        """Of a row of `message`: whether it lies in the window, and is still to be handed over."""
        between = self.database.tables.message.c.message_id.between(window[0], window[-1])
        return and_(members(self.database.tables, self.batch), between)

    def _say_gaps(self, connection: Connection, window: Sequence[int]) -> None:
        if len(window) == window[-1] - window[0] + 1:
            return
        gaps = [
            {
                "batch_id": self.batch.batch_id, "handed_from": window[0],
                "first_message_id": one + 1, "last_message_id": other - 1,
            }
            for one, other in pairwise(window) if other > one + 1
        ]  # fmt: skip
        if gaps:
            connection.execute(insert(self.database.tables.batch_gap), gaps)
            self.gaps = True

    def _between(self, first: int, last: int) -> dict[str, object]:
        """What `_there` asks for."""
        first, last = max(first, self.batch.first_message_id), min(last, self.batch.last_message_id)
        return {"of_channel": self.batch.channel, "first": first, "last": last, "ready_at": self.batch.ready_at}

    def renew(self) -> None:
        """Hold the batch for longer."""
        with self.database.transaction(HOLDER) as connection:
            self._hold(connection)

    def close(self, last: Outcome, now: int, calls: Calls = NO_CALLS) -> None:
        """Write the outcome of the last window and let the rest of the batch go."""
        with self.database.transaction(holder(bool(self.listens), last.reacts)) as connection:
            self._hold(connection, closed_at=now, calls=calls.count, called_for=round(calls.seconds * 1000))
            accepted = self.accepted + self._write_down(connection, last, now)
            # As many as there are ids are all of them, and none is left.
            if accepted < self.batch.last_message_id - self.batch.first_message_id + 1:
                _give_back(connection, self.database.tables, self.batch)
            if self.gaps:
                _fill_gaps(connection, self.database.tables, self.batch.batch_id)

    def _hold(self, connection: Connection, **values: int) -> None:
        batch = self.batch
        mine = {"of_batch": batch.batch_id, "of_fence": batch.fence, "lease": round(batch.seconds * 1000)}
        held = _held(self.database.tables, connection.dialect.name, tuple(values))
        if connection.execute(held, values | mine).rowcount != 1:
            raise LeaseLost(f"batch {batch.batch_id} of {batch.channel} was taken over by another process")

    def _write_down(self, connection: Connection, outcome: Outcome, now: int) -> int:
        # Not before `ready_at`, however the clock is set: a retry must fall out of this batch.
        at = max(now, self.batch.ready_at)
        return write_down(
            connection,
            self.database.tables,
            self.batch.batch_id,
            outcome,
            at,
            self.retry,
            self.rng,
            self.listens,
            self.prices,
            self.addresses,
        )


# --- after a crash ----------------------------------------------------------------------------------------------


def take_over(
    database: Database, second_look: Mapping[str, bool], now: int, retry: Retry = RETRY, prices: Prices = FREE
) -> TakenOver:
    """Close the batches of processes that are gone, or whose lease has run out.

    What they had handed over and not settled is `uncertain`. For a channel whose provider takes keys or can be asked
    (`second_look[channel]`) it stays ready, in doubt: it is asked about or offered again, alone, as one of them may be
    what ended the process; after as many such ends as there are attempts, it is `uncertain`. The rest of the batch is
    free. What came back of a message meanwhile settles it, at `prices`.
    """
    tables, b = database.tables, database.tables.batch.c
    held = select(tables.batch).where(b.closed_at.is_(None))
    with database.reader() as connection:
        if not _abandoned(connection.execute(held).all(), database_now(connection)):
            return TakenOver(0, 0)
    uncertain = 0
    with database.transaction(HOLDER) as connection:
        # Whoever is just writing about a batch, its holder or one that takes it over as well, keeps it.
        mine = held.with_for_update(skip_locked=True)
        clock = database_now(connection)
        lost = _abandoned(connection.execute(mine).all(), clock)
        for row in lost:
            uncertain += _doubt(connection, tables, row, second_look.get(row.channel, False), now, clock, retry, prices)
            connection.execute(update(tables.batch).where(b.batch_id == row.batch_id).values(closed_at=now))
            _give_back(connection, tables, row)
            _fill_gaps(connection, tables, row.batch_id)
    return TakenOver(len(lost), uncertain)


def _give_back(connection: Connection, tables: Tables, batch: Any) -> None:
    """What a closed batch has left is a run once more: the one it came from begins after it."""
    inside = {"of_channel": batch.channel, "first": batch.first_message_id, "last": batch.last_message_id}
    count, first, last = connection.execute(_left(tables), inside).one()
    if count:
        run = {"channel": batch.channel, "ready_at": batch.ready_at, "first_message_id": first, "last_message_id": last}
        connection.execute(insert(tables.ready_run).values(run))


def _fill_gaps(connection: Connection, tables: Tables, batch_id: int) -> None:
    """Of a closed batch nobody asks."""
    connection.execute(_gaps(tables), {"of_batch": batch_id})


@lru_cache(maxsize=8)
def _gaps(tables: Tables) -> Delete:
    gap = tables.batch_gap
    return delete(gap).where(gap.c.batch_id == bindparam("of_batch"))


_ENDED = "the process that handed it over ended before the answer"


def _doubt(
    connection: Connection,
    tables: Tables,
    batch: Any,
    second_look: bool,
    now: int,
    clock: int,
    retry: Retry,
    prices: Prices,
) -> int:
    """What was handed over from a batch that was left; returns how many are uncertain."""
    m = tables.message.c
    mine = and_(
        m.channel == batch.channel,
        m.state == READY,
        _of_window(tables, batch.batch_id, batch.handed_from, batch.handed_to),
        due(tables, batch.ready_at),
    )
    ids = connection.scalars(select(m.message_id).where(mine)).all()
    handed = and_(m.message_id.in_(ids), m.state == READY)
    if not ids:
        return 0
    if second_look:
        since = func.coalesce(m.doubted_at, batch.handed_at or clock)
        tried = {"attempts": m.attempts + 1, "doubted_at": since, "detail": _ENDED}
        connection.execute(update(tables.message).where(handed).values(tried))
        handed = and_(handed, m.attempts >= retry.attempts)
    fate = {"state": "uncertain", "queue": None, "settled_at": now, "detail": _ENDED}
    uncertain = connection.execute(update(tables.message).where(handed).values(fate)).rowcount
    return uncertain - min(uncertain, believe(connection, tables, ids, now, prices))


def unless_in_doubt(tables: Tables, state: str) -> ColumnElement[str]:
    """A state for messages that go no further; but one that may have been taken is `uncertain`."""
    return case((tables.message.c.doubted_at.is_(None), state), else_="uncertain")


def open_batches(connection: Connection, tables: Tables, channel: str) -> tuple[int, int]:
    """Open batches of a channel: how many are held, and how many belong to processes that are gone."""
    b = tables.batch.c
    rows = connection.execute(select(tables.batch).where(b.channel == channel, b.closed_at.is_(None))).all()
    lost = len(_abandoned(rows, database_now(connection))) if rows else 0
    return len(rows) - lost, lost


def _abandoned(rows: Sequence[Row[tuple[object, ...]]], clock: int) -> list[Row[tuple[object, ...]]]:
    return [row for row in rows if row.leased_until <= clock or owners.is_gone(row.owner)]
