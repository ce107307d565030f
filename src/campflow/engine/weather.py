"""What all daemons know of a channel's provider: how much may go now, whether it is left alone, whether it is paused.

It is one row of `channel`, by the database's clock. A channel about which there is nothing to know has none, and costs
nothing.

    rate      a bucket of tokens: one a message, refilled all the time, never more than for one second
    breaker   closed; after a failure open for a while, longer each time (full jitter); then one message goes to try, by
              whichever daemon asks first, and closes it or opens it again
    pause     set by a rate of bounces or complaints, or by hand; ends by hand
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from random import Random, SystemRandom
from typing import Any

from sqlalchemy import Connection, Row, select, update

from campflow.storage.database import Database, database_now
from campflow.storage.words import storable
from campflow.storage.writers import HOLDER

#: Seconds that a provider is left alone: at least, at most, and how long one who tries is waited for.
LEAST, MOST, TRIAL = 1.0, 60.0, 60.0

#: Messages that were not taken, one after the other, until the provider is left alone.
STORM = 20

#: The same of messages of which nobody knows whether they were taken: each of these is dear.
DOUBTS = 5

#: Characters kept of what went wrong.
_SAID = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """How a channel may be used.

    `rate` messages a second; at most `concurrency` processes at a time; paused above these shares of what was accepted
    within a day. None: no bound.
    """

    rate: float | None = None
    concurrency: int | None = None
    max_bounces: float | None = None
    max_complaints: float | None = None


UNLIMITED = Limits()


@dataclass(frozen=True, slots=True)
class Sky:
    """How it looks now. `reason` says why nothing may go; `trying`: one message may, to try; `waits`: for its rate."""

    reason: str | None = None
    trying: bool = False
    waits: bool = False


@dataclass(frozen=True, slots=True)
class Weather:
    """One channel's. `clock` is in milliseconds, the same for all processes."""

    database: Database
    name: str
    limits: Limits = UNLIMITED
    clock: Callable[[Connection], int] = database_now
    rng: Random = SystemRandom()  # noqa: RUF009 -- it has no state

    def look(self) -> Sky:
        """Whether anything may go. Takes the trial for this process where it is time for one."""
        with self.database.reader() as connection:
            row = self._row(connection)
            now = self.clock(connection)
        if row is None:
            return Sky()
        if row.paused_at is not None:
            return Sky(f"paused: {row.paused_for}: `campflow channel resume {self.name}` when that is settled")
        if not row.failures:
            return Sky(waits=self.limits.rate is not None and self._tokens(row, now, self.limits.rate) < 1)
        if row.open_until is not None and row.open_until > now:
            return Sky(row.trouble)
        return Sky(trying=True) if self._try() else Sky(row.trouble)

    def _try(self) -> bool:
        """Only one process tries; should it die, another one does after a while."""
        with self._changing() as (connection, row):
            now = self.clock(connection)
            mine = bool(row.failures) and (row.open_until is None or row.open_until <= now)
            if mine:
                self._set(connection, {"open_until": now + round(TRIAL * 1000)})
        return mine

    def worked(self) -> None:
        """The provider answered: the next failure is the first again."""
        with self._changing() as (connection, _):
            self._set(connection, _CLEAR)

    def untried(self) -> None:
        """The trial found nothing to try with: it is anybody's again."""
        with self._changing() as (connection, _):
            self._set(connection, {"open_until": None})

    def failed(self, trouble: str, retry_after: float | None = None) -> None:
        """The provider cannot be used: it is left alone, not for less than it asked for."""
        with self._changing() as (connection, row):
            longest = min(MOST, LEAST * 2.0 ** min(row.failures, 30))
            pause = max(LEAST, self.rng.uniform(0, longest), retry_after or 0.0)
            said = {
                "failures": row.failures + 1,
                "open_until": self.clock(connection) + round(pause * 1000),
                "trouble": storable(trouble[:_SAID]),
            }
            self._set(connection, said)

    def take(self, wanted: int) -> tuple[int, float]:
        """How many of so many messages may go now, and, where none may, after how many seconds one may."""
        rate = self.limits.rate
        if rate is None:
            return wanted, 0.0
        with self._changing() as (connection, row):
            now = self.clock(connection)
            tokens = self._tokens(row, now, rate)
            granted = min(wanted, int(tokens))
            self._set(connection, {"tokens": tokens - granted, "counted_at": now})
        return granted, 0.0 if granted else (1 - tokens) / rate

    @staticmethod
    def _tokens(row: Row[Any], now: int, rate: float) -> float:
        """How many there are by now; a clock that was set back adds none."""
        full = max(1.0, rate)
        if row.tokens is None or row.counted_at is None:
            return full
        return float(min(full, row.tokens + max(0, now - row.counted_at) / 1000 * rate))

    # --- pausing ------------------------------------------------------------------------------------------------

    def pause(self, reason: str) -> None:
        with self._changing() as (connection, _):
            self._set(connection, {"paused_at": self.clock(connection), "paused_for": storable(reason[:_SAID])})

    def resume(self, now: int) -> bool:
        """Go on, with everything forgiven: bounces count from `now`, the campaign's clock. False: it was not paused."""
        with self._changing() as (connection, row):
            self._set(connection, _CLEAR | {"paused_at": None, "paused_for": None, "resumed_at": now})
        return row.paused_at is not None

    # --- the row ------------------------------------------------------------------------------------------------

    def _row(self, connection: Connection) -> Row[Any] | None:
        channel = self.database.tables.channel
        return connection.execute(select(channel).where(channel.c.name == self.name)).first()

    @contextmanager
    def _changing(self) -> Iterator[tuple[Connection, Row[Any]]]:
        """The row, made where it is not there, and nobody else's until the transaction ends."""
        channel = self.database.tables.channel
        new = self.database.dialect.insert(channel).values(name=self.name, failures=0)
        mine = select(channel).where(channel.c.name == self.name).with_for_update()
        with self.database.transaction(HOLDER) as connection:
            connection.execute(new.on_conflict_do_nothing())
            yield connection, connection.execute(mine).one()

    def _set(self, connection: Connection, values: Mapping[str, Any]) -> None:
        channel = self.database.tables.channel
        connection.execute(update(channel).where(channel.c.name == self.name).values(dict(values)))


#: A breaker that is closed.
_CLEAR: dict[str, Any] = {"failures": 0, "open_until": None, "trouble": None}
