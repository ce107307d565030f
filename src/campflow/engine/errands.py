"""Doing errands: hold some of a target, give them to its courier, write down the answers."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from random import SystemRandom
from time import monotonic
from typing import Any

from sqlalchemy import RowMapping, Select, select

from campflow.engine.couriers import Courier, Stopwatch, courier_of
from campflow.engine.doors import Doors
from campflow.engine.errand_rows import Held, Target, hold, is_held, put_back, renew, take_over, waiting, write_down
from campflow.engine.fates import RETRY, Retry
from campflow.engine.leases import kept
from campflow.engine.letters import Stationery, entry_columns
from campflow.engine.owners import this_process
from campflow.errors import PluginError
from campflow.hooks.contracts import Answer
from campflow.storage.database import Database
from campflow.storage.tables import Tables, contact_column

#: Seconds of a lease.
LEASE = 60.0


@dataclass(slots=True)
class ErrandReport:
    """What one pass did, in errands; `failures` says of a target why it could not be reached, `reached` which were."""

    done: int = 0
    failed: int = 0
    retried: int = 0
    uncertain: int = 0
    failures: dict[str, str] = field(default_factory=dict)
    reached: set[str] = field(default_factory=set)

    def counts(self) -> dict[str, int]:
        """How many there are of each outcome."""
        return {"done": self.done, "failed": self.failed, "retried": self.retried, "uncertain": self.uncertain}

    def add(self, target: Target, answers: Sequence[Answer]) -> None:
        """Count what became of a target's errands."""
        for answer in answers:
            match answer.outcome:
                case "done":
                    self.done += 1
                    self.reached.add(str(target))
                case "failed":
                    self.failed += 1
                case "retry":
                    self.retried += 1
                case "uncertain":
                    self.uncertain += 1


async def do_errands(
    database: Database,
    stationery: Stationery,
    doors: Doors,
    now: Callable[[], int],
    stop: Callable[[], bool] = lambda: False,
    retry: Retry = RETRY,
    watch: Callable[[], float] = monotonic,
) -> ErrandReport:
    """Do all that is due, all targets side by side, and take over what dead processes left.

    `now` is the campaign's clock. When `stop` says so, the batch at hand is finished and the rest left for others. One
    target that cannot be reached keeps no other one waiting. `watch` counts the seconds of a call.
    """
    report = ErrandReport(uncertain=take_over(database, doors.outside.without_keys, now()))
    targets: dict[Target, list[int]] = {}
    for target, statement in waiting(database, now()):
        targets.setdefault(target, []).append(statement)
    passes = [
        _Pass(database, stationery, doors, target, statements, now, stop, retry, report, Stopwatch(watch))
        for target, statements in targets.items()
    ]
    # Each target writes down what it knows before an error of another one is raised.
    for error in await asyncio.gather(*(each.run() for each in passes), return_exceptions=True):
        if error is not None:
            raise error
    return report


@dataclass(frozen=True, slots=True)
class _Pass:
    """One target's part of a pass."""

    database: Database
    stationery: Stationery
    doors: Doors
    target: Target
    statements: Sequence[int]
    now: Callable[[], int]
    stop: Callable[[], bool]
    retry: Retry
    report: ErrandReport
    watch: Stopwatch

    async def run(self) -> None:
        try:
            courier = courier_of(self.target, self.stationery, self.doors)
            await courier.open()
            while not self.stop() and (held := self._hold(courier.batch)):
                await self._do(courier, held)
        except PluginError as error:
            self.report.failures[str(self.target)] = str(error)

    def _hold(self, batch: int) -> Held | None:
        return hold(self.database, self.statements, this_process(), batch, LEASE, self.now())

    async def _do(self, courier: Courier, held: Held) -> None:
        """All that is held, or as far as it goes; the rest is put back. Raises PluginError where nobody answers."""
        later: int | None = None
        try:
            for window in _windows(self._read(held)):
                if self.stop():
                    break
                async with kept(partial(renew, self.database, held, LEASE), LEASE):
                    answers, trouble = await courier.give(window, self.watch)
                calls = self.watch.read()
                write_down(self.database, held, answers, self.now(), self.retry, SystemRandom(), calls)
                self.report.add(self.target, answers)
                if trouble is not None:
                    later = self.now() + round(self.retry.first * 1000)
                    raise trouble
        finally:
            put_back(self.database, held, later)

    def _read(self, held: Held) -> list[RowMapping]:
        tables = self.database.tables
        query = _everything(tables, self.stationery).where(is_held(tables, held)).order_by(tables.errand.c.errand_id)
        with self.database.reader() as connection:
            return list(connection.execute(query).mappings())


def _windows(rows: Sequence[RowMapping]) -> Iterator[Sequence[RowMapping]]:
    """Those that failed before go alone: one that is bad spoils itself, and no others."""
    if fresh := [row for row in rows if not row["attempts"]]:
        yield fresh
    yield from ([row] for row in rows if row["attempts"])


def _everything(tables: Tables, stationery: Stationery) -> Select[Any]:
    """Of each errand what is filled in: its text or options, the person, the event of their entry."""
    e, s, j, c = tables.errand, tables.errand_statement, tables.journey, tables.contact
    entry = tables.event.alias("entry")
    return (
        select(
            e.c.errand_id, e.c.attempts, e.c.given, e.c.at, s.c.content, tables.stage.c.name.label("stage"),
            tables.campaign.c.name.label("campaign"), c.c.contact_key, entry.c.name.label("entry_name"),
            *(c.c[contact_column(each.name)].label(f"contact.{each.name}") for each in stationery.contact.fields),
            *entry_columns(entry, stationery),
        )
        .select_from(e)
        .join(s, s.c.errand_statement_id == e.c.errand_statement_id)
        .join(tables.stage, tables.stage.c.stage_id == s.c.stage_id)
        .join(tables.campaign, tables.campaign.c.campaign_id == e.c.campaign_id)
        # Outer joins: what belongs to somebody who is gone fails. Left out here, it would be held again for ever.
        .outerjoin(c, c.c.contact_id == e.c.contact_id)
        .outerjoin(j, j.c.journey_id == e.c.journey_id)
        .outerjoin(entry, entry.c.seq == j.c.entry_seq)
    )  # fmt: skip
