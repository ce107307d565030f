"""Telling observers of moves and of what became of messages, each at its own pace: a task for each that is behind."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from campflow.engine import observer_rows as rows
from campflow.engine.channels import Opened, makers
from campflow.engine.leases import kept
from campflow.engine.trouble import reason
from campflow.hooks.contracts import ChannelContext, Moved, Observer, ObserverPlugin, Sender, Settled
from campflow.storage.database import Database

#: Seconds of a turn.
LEASE = 60.0


@dataclass(frozen=True, slots=True)
class Watchers:
    """Who observes: plugins by name, with their checked settings. `named` are all that campflow.toml names."""

    plugins: Mapping[str, ObserverPlugin] = field(default_factory=dict)
    settings: Mapping[str, BaseModel] = field(default_factory=dict)
    named: frozenset[str] = frozenset()
    context: ChannelContext = field(default_factory=lambda: ChannelContext("", Sender()))


class Observing:
    """`look` begins to tell those who are behind; `drain` waits until they are told; `close` ends it.

    What an observer raises concerns no other one: it is told the same again, after a pause.
    """

    def __init__(self, database: Callable[[], Database], watchers: Watchers) -> None:
        self._database, self._watchers = database, watchers
        self._horizon = rows.Horizon()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self.failures: dict[str, str] = {}
        self.reached: set[str] = set()
        self._opened: Opened[Observer] = Opened(
            makers("observers", watchers.plugins, watchers.settings, watchers.context)
        )

    async def look(self) -> None:
        """Begin, and wait for nobody."""
        if not self._watchers.plugins:
            return
        for name in await asyncio.to_thread(self._waiting):
            if name in self._watchers.plugins and (name not in self._tasks or self._tasks[name].done()):
                self._tasks[name] = asyncio.create_task(self._tell(name))

    async def drain(self) -> dict[str, str]:
        """Tell all there is to tell now; why an observer was not, by name."""
        await self.look()
        for error in await asyncio.gather(*self._tasks.values(), return_exceptions=True):
            if isinstance(error, BaseException):
                raise error
        return dict(self.failures)

    async def close(self) -> None:
        while self._tasks:
            _, task = self._tasks.popitem()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await self._opened.close()

    def _waiting(self) -> set[str]:
        database = self._database()
        with database.reader() as connection:
            return rows.waiting(connection, database.tables, self._horizon.look(connection, database.tables))

    async def _tell(self, name: str) -> None:
        """As far as the horizon of this look, or to the next failure."""
        up_to = self._horizon.below
        while (turn := await asyncio.to_thread(rows.take, self._database(), name, LEASE)) is not None:
            try:
                moved, settled = await self._batch(turn, up_to)
            except asyncio.CancelledError:
                rows.give_back(self._database(), turn)
                raise
            # A plugin is not ours: whatever it raises means that it was not told.
            except Exception as error:
                why = reason(error)
                self.failures[name] = why
                await asyncio.to_thread(rows.failed, self._database(), turn, why)
                await self._opened.drop(name, why)
                return
            kept_up = await asyncio.to_thread(rows.told, self._database(), turn, moved, settled)
            self.failures.pop(name, None)
            self.reached.add(name)
            if not kept_up or (moved >= up_to[0] and settled >= up_to[1]):
                return

    async def _batch(self, turn: rows.Turn, up_to: tuple[int, int]) -> tuple[int, int]:
        """Tell one batch of each; the numbers up to which it knows all then. No transaction is open meanwhile."""
        database, most = self._database(), self._watchers.plugins[turn.name].batch
        observer = await self._opened.open(turn.name, anyway=True)

        def read() -> tuple[list[Moved], list[Settled]]:
            with database.reader() as connection:
                return (
                    rows.moves(connection, database.tables, turn.moved, up_to[0], most),
                    rows.fates(connection, database.tables, turn.settled, up_to[1], most),
                )

        moves, fates = await asyncio.to_thread(read)
        async with kept(lambda: rows.hold_on(database, turn, LEASE), LEASE):
            if moves:
                await observer.moved(moves)
            if fates:
                await observer.settled(fates)
        # A batch that is not full was the last: what is missing up to the horizon is no more.
        moved = moves[-1].number if len(moves) == most else max(up_to[0], turn.moved)
        settled = fates[-1].number if len(fates) == most else max(up_to[1], turn.settled)
        return moved, settled
