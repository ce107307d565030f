"""What there is to do now, as work that an executor can be asked for: read from the rows at every look, never kept.

Only about ticks something is remembered: one that was asked for is not asked for again before it is done, or PATIENCE
is over. That saves work and nothing depends on it: a tick that is made twice moves nobody the second time.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from time import monotonic

from sqlalchemy import Connection, func, select

from campflow.engine import leasing, opt_ins, outbox
from campflow.engine.delivery import RULES
from campflow.engine.errand_rows import waiting
from campflow.engine.looks import is_behind
from campflow.engine.runtime import Runtime
from campflow.hooks.executors import Work
from campflow.storage.tables import Tables

#: Batches of one channel that are asked for at a time: enough for that many senders until the next look.
MOST = 64

#: Seconds after which a tick that nobody made is asked for again.
PATIENCE = 10.0


@dataclass(slots=True)
class Asking:
    """What one daemon asks for. `clock` counts seconds."""

    clock: Callable[[], float] = monotonic
    _asked: dict[Work, tuple[int, float]] = field(default_factory=dict)

    def wanted(self, runtime: Runtime, roles: Collection[str]) -> dict[Work, int]:
        """How many of each piece of work there is to do, those that others are at left out as far as it shows."""
        now, found = runtime.clock.now(), dict[Work, int]()
        if "tick" in roles:
            found |= dict.fromkeys(self._ticks(runtime, now), 1)
        if "send" in roles:
            for name in runtime.plugins:
                if count := batches(runtime, name, now):
                    found[Work("send", (name,))] = count
            if waiting(runtime.database, now):
                found[Work("errands")] = 1
        return found

    def _ticks(self, runtime: Runtime, now: int) -> list[Work]:
        """Those that were asked for longest ago come first."""
        tables, found = runtime.database.tables, []
        with runtime.database.reader() as connection:
            for names in runtime.circles():
                ids = [runtime.deployment.campaigns[name].ids["campaign"] for name in names]
                if any(is_behind(connection, tables, campaign_id, now) for campaign_id in ids):
                    work, looked = Work("tick", names), _looked(connection, tables, ids)
                    before = self._asked.get(work)
                    if before is None or before[0] != looked or self.clock() - before[1] > PATIENCE:
                        found.append((before[1] if before else 0.0, work, looked))
        for _, work, looked in found:
            self._asked[work] = looked, self.clock()
        return [work for _, work, _ in sorted(found)]


def _looked(connection: Connection, tables: Tables, campaigns: Collection[int]) -> int:
    """Changes with every tick that was made of these campaigns."""
    c = tables.campaign.c
    steps = func.sum(c.looked_at + c.looked_event + c.looked_change + c.looked_contact)
    return int(connection.scalar(select(steps).where(c.campaign_id.in_(campaigns))) or 0)


def batches(runtime: Runtime, channel: str, now: int) -> int:
    """How many batches of a channel could be leased now, up to MOST."""
    database = runtime.database
    size = RULES.batch
    tables = database.tables
    with database.reader() as connection:
        count = leasing.count(connection, tables, channel, now, size * MOST)
        asks = opt_ins.are_waiting(connection, tables, channel, now)
        if not count:
            return int(asks)
        held, lost = outbox.open_batches(connection, tables, channel)
    return min(max(-(-count // size) - held, 1 if lost else 0), MOST)
