"""A project that is open for work: its database with the campaigns in force, its clock, its channels."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from pydantic import BaseModel
from sqlalchemy import func, select

from campflow.engine.advance import Advance, advance
from campflow.engine.channels import Channels
from campflow.engine.clock import Clock
from campflow.engine.delivery import DeliveryReport, Rules, deliver_ready
from campflow.engine.deployed import Deployment
from campflow.engine.doors import Doors, Outside
from campflow.engine.engagement import Engaging
from campflow.engine.errands import ErrandReport, do_errands
from campflow.engine.gates import Gates
from campflow.engine.inbox import Inbox
from campflow.engine.letters import Stationery
from campflow.engine.observing import Observing, Watchers
from campflow.engine.opt_ins import ask
from campflow.engine.outbox import Released, release
from campflow.engine.pulse import Pulse, is_due, pulse
from campflow.engine.weather import Limits
from campflow.errors import FunctionError
from campflow.hooks.contracts import ChannelContext, ChannelPlugin
from campflow.people.costs import Prices
from campflow.planning.planner import circles
from campflow.sql.program import Program
from campflow.storage.database import Database
from campflow.storage.writers import releaser


@dataclass(slots=True)
class Runtime:
    """Everything that a tick and a delivery need. `plugins` and `settings` are the channels', by name.

    `costs` are what a message costs by channel, in minor units of the project's currency, `limits` how each channel may
    be used; `outside` is what errands are done with, `watchers` are told of what happens. `waiting` are campaigns that
    do not run the text of their file, with the reason; `renew` opens the project again, when another process has put
    other texts into force.
    """

    database: Database
    program: Program
    deployment: Deployment
    clock: Clock
    stationery: Stationery
    plugins: Mapping[str, ChannelPlugin]
    settings: Mapping[str, BaseModel]
    context: ChannelContext
    costs: Mapping[str, int] = field(default_factory=dict)
    limits: Mapping[str, Limits] = field(default_factory=dict)
    outside: Outside = field(default_factory=Outside)
    watchers: Watchers = field(default_factory=Watchers)
    waiting: Mapping[str, str] = field(default_factory=dict)
    renew: "Callable[[], Runtime] | None" = None
    _left: list[Database] = field(default_factory=list, init=False)
    _seen: tuple[Pulse, int] | None = field(default=None, init=False)
    _gates: Gates = field(init=False)

    def __post_init__(self) -> None:
        addresses = {name: plugin.address for name, plugin in self.plugins.items()}
        self._gates = Gates(self.database.tables, self.program, self.deployment, addresses, self.prices)

    @property
    def prices(self) -> Prices:
        return Prices(self.costs, self.stationery.currency)

    @property
    def inbox(self) -> Inbox:
        """Where reactions go; of the texts that are in force now."""
        return Inbox(self.database, self.stationery, self.plugins, self.prices)

    def is_outdated(self) -> bool:
        """Whether another process has put other texts into force since these were read."""
        v = self.database.tables.campaign_version.c
        with self.database.reader() as connection:
            return (connection.scalar(select(func.max(v.version_id))) or 0) > self.deployment.newest

    def read_again(self) -> None:
        """Go on with the texts that are in force now. What is being handed over meanwhile is finished with the old."""
        if self.renew is None:
            return
        new = self.renew()
        # The one before may still be in use; whoever was at the one before that has long finished.
        while self._left:
            self._left.pop().close()
        self._left.append(self.database)
        self.database, self.program, self.deployment = new.database, new.program, new.deployment
        self.clock, self.stationery, self.waiting, self._seen = new.clock, new.stationery, new.waiting, None
        self._gates = new._gates

    def circles(self) -> list[tuple[str, ...]]:
        """The campaigns, together with those whose order in a tick may matter to them: each circle can be ticked by
        itself, wherever the others are."""
        kept = (each.program.plan for one in self.deployment.campaigns.values() for each in one.kept)
        found = circles([*(each.plan for each in self.program.campaigns), *kept])
        order = [each.plan.name for each in self.program.campaigns]
        return sorted(tuple(name for name in order if name in circle) for circle in found)

    def tick(self, now: int, only: Collection[str] | None = None) -> Advance:
        """Move everybody who is due at `now`; with `only`, in the campaigns of a circle."""
        program = self.program
        if only is not None:
            program = replace(program, campaigns=tuple(each for each in program.campaigns if each.plan.name in only))
        with self._else_again():
            done = advance(self.database, program, self.deployment, now)
        if done.busy or done.lost:  # whoever has them may die over it
            self._seen = None
        return done

    def tick_apart(self, now: int, only: Collection[str] | None = None) -> tuple[Advance, dict[str, Exception]]:
        """The same, campaign by campaign: one that fails keeps nobody else waiting. Errors by campaign."""
        done, failed = Advance(), dict[str, Exception]()
        for name in (each.plan.name for each in self.program.campaigns):
            if only is not None and name not in only:
                continue
            try:
                done.add(self.tick(now, {name}))
            except Exception as error:
                failed[name] = error
        return done, failed

    def tick_all(self, now: int, only: Collection[str] | None = None) -> tuple[Advance, dict[str, Exception]]:
        """All together, as `tick` has it; where that fails, campaign by campaign. Errors by campaign."""
        try:
            return self.tick(now, only), {}
        except Exception:
            return self.tick_apart(now, only)

    def release(self, now: int) -> Released:
        """Make the messages ready whose time has come and that may go, and let go of those that are too late."""
        tells = "expired" in self.program.plan.reads
        with self._else_again(), self.database.transaction(releaser(tells=tells)) as connection:
            return release(connection, self.database.tables, now, self.program.plan.reads, self._gates)

    @contextmanager
    def _else_again(self) -> Iterator[None]:
        """What fails is work for the next look, though nothing new comes in. Not a function that the database refuses:
        it does so until something changes."""
        try:
            yield
        except FunctionError:
            raise
        except Exception:
            self._seen = None
            raise

    def has_work(self, now: int) -> bool:
        """Whether a tick could do anything since the last one that was noted. Cheap, and writes nothing."""
        with self.database.reader() as connection:
            seen = pulse(connection, self.database.tables, now)
            if self._seen is None or self._seen[0] != seen:
                return True
            campaigns = [each.ids["campaign"] for each in self.deployment.campaigns.values()]
            return is_due(connection, self.database.tables, campaigns, self._seen[1], now)

    def note(self, now: int) -> None:
        """A tick at `now` begins: what comes in from here on is work for the next one."""
        with self.database.reader() as connection:
            self._seen = pulse(connection, self.database.tables, now), now

    def channels(self) -> Channels:
        """The channels, none of them open yet."""
        return Channels(self.plugins, self.settings, self.context)

    async def deliver(
        self, channels: Channels, stop: Callable[[], bool] = lambda: False, batch_of: str | None = None
    ) -> DeliveryReport:
        """Hand over what is ready; with `batch_of`, one batch of that channel. When `stop` says so, only the windows at
        hand are finished."""
        rules = Rules(
            listens=self.program.plan.reads, prices=self.prices, gates=self._gates, one_of=batch_of, limits=self.limits
        )
        report = await deliver_ready(self.database, self.stationery, channels, self.clock.now, rules, stop)
        asked = await ask(self.database, self.stationery, channels, self.clock.now, self.limits, batch_of)
        report.accepted += asked
        return report

    def doors(self) -> Doors:
        """The sinks, destinations and actions, none of them open yet."""
        return Doors(self.outside)

    def engaging(self) -> Engaging:
        """Who asks how posts were received."""
        return Engaging(lambda: self.database, lambda: self.clock.now())

    def observing(self) -> Observing:
        """The observers, none of them open yet."""
        return Observing(lambda: self.database, self.watchers)

    async def do_errands(self, doors: Doors, stop: Callable[[], bool] = lambda: False) -> ErrandReport:
        """Do what `notify`, `sync` and `do` ask for. When `stop` says so, only the batches at hand are finished."""
        return await do_errands(self.database, self.stationery, doors, self.clock.now, stop)

    def close(self) -> None:
        for database in (*self._left, self.database):
            database.close()
