"""A daemon that is never late, on a clock that somebody moves: whoever is due moves at the moment, and every message
is handed over when its time has come. Nothing leaves the process: each channel says yes.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from random import SystemRandom
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, bindparam, exists, func, or_, select

from campflow.engine.advance import advance
from campflow.engine.deployed import Deployment
from campflow.engine.fates import RETRY, Outcome, write_down
from campflow.engine.gates import Gates
from campflow.engine.leasing import unroll
from campflow.engine.outbox import release
from campflow.engine.schedule import occurrences
from campflow.hooks.contracts import Receipt
from campflow.model.calendar import DAY, to_instant, to_local
from campflow.model.flow import Flow
from campflow.model.people import Contact
from campflow.planning.planner import FATES
from campflow.sql.program import Program
from campflow.sql.queue import is_marked, is_planned
from campflow.storage.database import Database
from campflow.storage.tables import Tables, contact_column

#: Larger than every message id.
_LAST_ID = 2**63 - 1


@dataclass(slots=True)
class Punctual:
    """`now` is its clock. `addresses` are the contact fields that channels write to; None where one needs none."""

    database: Database
    flow: Flow
    program: Program
    deployment: Deployment
    addresses: Mapping[str, str | None]
    now: int

    def settle(self) -> None:
        """Move everyone who is due, and hand over what may go, until nothing is left to do at this moment."""
        while True:
            advance(self.database, self.program, self.deployment, self.now)
            if not (self._hand_over() and self._tells_fates):
                return

    def move_to(self, target: int) -> None:
        """Let time pass, with a stop at each moment at which something is due."""
        calendar = sorted(self._calendar(target))
        while (due := self._next_due(target, calendar)) is not None:
            self.now = due
            self.settle()
        self.now = target

    @property
    def _tells_fates(self) -> bool:
        return bool(self.program.plan.reads & FATES)

    # --- what is due --------------------------------------------------------------------------------------------

    def _next_due(self, target: int, calendar: Iterable[int]) -> int | None:
        """The first moment after now, up to `target`."""
        with self.database.reader() as connection:
            found = connection.execute(_due_after(self.database.tables), {"now": self.now}).one()
        moments = [at for at in found if at is not None and at <= target]
        return min((*moments, *(at for at in calendar if at > self.now)), default=None)

    def _calendar(self, target: int) -> Iterator[int]:
        """What is due by the calendar alone: schedules, and the midnights at which scores are made anew."""
        with self.database.reader() as connection:
            for campaign in self.program.campaigns:
                if campaign.by_schedule:
                    tables = self.database.tables
                    yield from (row["at"] for row in occurrences(connection, tables, campaign.plan, self.now, target))
        if self.program.scores:
            zone = self.program.plan.zone
            days = range(to_local(zone, self.now) // DAY + 1, to_local(zone, target) // DAY + 1)
            yield from (to_instant(zone, day * DAY) for day in days)

    # --- messages -----------------------------------------------------------------------------------------------

    def _hand_over(self) -> bool:
        """Give each message that is due its fate. Returns whether there were any."""
        tables, listens = self.database.tables, self.program.plan.reads
        with self.database.reader() as connection:
            if not connection.scalar(_any_may_go(tables), {"now": self.now}):
                return False
        with self.database.transaction() as connection:
            # Nobody can say yes in a test: consent is asked only of who has said no.
            gates = Gates(tables, self.program, self.deployment, self.addresses, opt_in=())
            unroll(connection, tables)
            released = release(connection, tables, self.now, listens, gates)
            without_consent(connection, gates, self.addresses, self.now)
            refused = without_address(connection, tables, self.flow.contact, self.addresses)
            ready = connection.scalars(select(tables.message.c.message_id).where(is_marked(tables.message))).all()
            outcome = Outcome([Receipt(each, "accepted") for each in ready if each not in refused], refused=refused)
            # No call fails, so no attempt is written that would name a batch.
            write_down(connection, tables, 0, outcome, self.now, RETRY, SystemRandom(), listens)
        return bool(ready or released.expired)


def without_consent(connection: Connection, gates: Gates, addresses: Mapping[str, str | None], now: int) -> None:
    """Skip ready messages to contacts who said no: who takes a lease is asked there, who takes none is asked here."""
    for channel in addresses:
        gates.refuse(connection, channel, 0, _LAST_ID, now)


def without_address(
    connection: Connection, tables: Tables, contact: Contact, addresses: Mapping[str, str | None]
) -> dict[int, str]:
    """Ready messages to contacts who lack the address. Where nobody may lack it, whoever says none has one."""
    found: dict[int, str] = {}
    m, who = tables.message, tables.contact
    for channel, name in addresses.items():
        field = contact.field(name) if name else None
        if field is not None and field.optional:
            address = who.c[contact_column(field.name)]
            lacking = select(m.c.message_id).join(who, who.c.contact_id == m.c.contact_id)
            lacking = lacking.where(is_marked(m), m.c.channel == channel, func.coalesce(address, "") == "")
            found |= dict.fromkeys(connection.scalars(lacking), f"the contact has no {field.name} address")
    return found


# Built once: a test asks them at each of its moments.


@lru_cache(maxsize=8)
def _due_after(tables: Tables) -> Select[Any]:
    """The next moment after now at which time moves a journey, lets somebody in, makes a message due."""
    message = tables.message.c
    now: Any = bindparam("now")
    planned = select(func.min(message.release_at)).where(is_planned(tables.message), message.release_at > now)
    timers = [tables.journey.c.due_at, tables.prospect.c.due_at]
    queries = [*(select(func.min(at)).where(at > now) for at in timers), planned]
    return select(*(query.scalar_subquery() for query in queries))


@lru_cache(maxsize=8)
def _any_may_go(tables: Tables) -> Select[Any]:
    m, now = tables.message, bindparam("now", type_=BigInteger())
    single = exists().where(or_(is_marked(m), is_planned(m)), m.c.release_at <= now)
    return select(or_(single, exists().where(tables.ready_run.c.ready_at <= now)))
