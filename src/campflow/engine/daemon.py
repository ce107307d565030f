"""The daemon: looks at the clock and the rows, moves who is due, hands over what is ready, until it is told to stop.

Any number of daemons may run on one database; nothing here is needed for correctness, only for promptness. What each of
them does may differ: see ROLES. What one writes, another finds in the rows.
"""

import asyncio
import datetime as dt
import signal
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import asdict

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from campflow.engine.asking import Asking
from campflow.engine.channels import Channels
from campflow.engine.doors import Doors
from campflow.engine.figures import Meter, publish
from campflow.engine.listening import Listening
from campflow.engine.observing import Observing
from campflow.engine.runtime import Runtime
from campflow.engine.trouble import Trouble
from campflow.hooks.contracts import Executor, Log, Sink, Work
from campflow.people.cycles import settle_in

#: Seconds between two looks at the database. An idle look reads a few index entries and writes nothing.
LOOK = 1.0

#: What a daemon can do; without `--role` it does all of it.
ROLES = {
    "tick": "move people on, and release the messages whose time has come",
    "send": "hand messages to channels, and do what notify, sync and do ask for",
    "web": "serve what the outside calls, where `[web] port` says at which address",
}

#: The jobs of a daemon, each with the role that it belongs to; a tick that did something wakes those after it.
_JOBS = {
    "tick": "tick",
    "deliver": "send",
    "errands": "send",
    "listen": "send",
    "observe": "send",
    "engage": "send",
    "figures": "tick",
    "texts": "web",
}


class Daemon:
    """One running process, which does what its `roles` say, or has it done by an `executor`.

    `run` returns after SIGTERM or SIGINT, or after `stop`, when what was begun is finished.
    """

    def __init__(
        self,
        runtime: Runtime,
        log: Log,
        look: float = LOOK,
        roles: Collection[str] = tuple(ROLES),
        executor: Executor | None = None,
        web: AbstractAsyncContextManager[object] | None = None,
        sinks: Mapping[str, Sink] | None = None,
    ) -> None:
        self.runtime = runtime
        self.log = log
        self.look = look
        self.roles = roles
        self.executor = executor
        self.web: AbstractAsyncContextManager[object] = web or nullcontext()
        self.sinks = sinks or {}
        self._meter = Meter(lambda: runtime.database, lambda: runtime.clock.now())
        self._asking = Asking()
        self._trouble = Trouble(log)
        # A look that came too late is made now; several that were missed are one.
        defaults = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        self._scheduler = AsyncIOScheduler(timezone=dt.UTC, job_defaults=defaults)
        self._stopping = asyncio.Event()
        self._busy = 0
        self._connected = False
        self._idle = asyncio.Event()
        self._idle.set()

    async def run(self) -> None:
        settle_in()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        async with self.runtime.channels() as channels, self.runtime.doors() as doors, self.web:
            runtime = self.runtime
            listening = Listening(channels, lambda: runtime.inbox, lambda: runtime.clock.now(), self._trouble)
            observing = runtime.observing()
            self._schedule(channels, doors, listening, observing)
            self._scheduler.start()
            some = {} if set(self.roles) == set(ROLES) else {"roles": ",".join(self.roles)}
            self.log.info("running", campaigns=len(self.runtime.program.campaigns), **some)
            self._tell_waiting()
            await self._stopping.wait()
            self.log.info("stopping")
            self._scheduler.pause()
            await self._idle.wait()
            self._scheduler.shutdown(wait=False)
            await listening.close()
            await observing.close()
            if self.executor is not None:
                await self.executor.close()
        self.log.info("stopped")

    def stop(self) -> None:
        """Begin nothing new; `run` returns when the work at hand is done."""
        self._stopping.set()

    def _schedule(self, channels: Channels, doors: Doors, listening: Listening, observing: Observing) -> None:
        async def deliver() -> None:
            await self._deliver(channels)

        async def do_errands() -> None:
            await self._do_errands(doors)

        async def ask() -> None:
            if self.executor is not None:
                await self._ask(self.executor)

        async def read_again() -> None:
            await asyncio.to_thread(self._read_again)

        engaging = self.runtime.engaging()

        async def engage() -> None:
            for name, reason in (await engaging.look(channels)).items():
                self._trouble.say(f"engagements of {name}", reason)

        async def observe() -> None:
            await self._observe(observing)

        work = {
            "tick": self._tick,
            "deliver": deliver,
            "errands": do_errands,
            "listen": listening.look,
            "observe": observe,
            "engage": engage,
            "texts": read_again,
            "figures": self._publish,
            "ask": ask,
        }
        for name in self._jobs():
            self._scheduler.add_job(
                self._guarded,
                "interval",
                (name, work[name]),
                id=name,
                seconds=self.look,
                next_run_time=dt.datetime.now(dt.UTC),
            )

    def _jobs(self) -> list[str]:
        """What is to be done again and again, by the names of jobs."""
        if self.executor is not None:
            return ["ask", *(name for name in ("listen", "observe", "engage", "figures") if _JOBS[name] in self.roles)]
        jobs = [name for name, role in _JOBS.items() if role in self.roles]
        return [name for name in jobs if name != "texts" or len(jobs) == 1]  # others see to that

    async def _guarded(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do it, and outlive whatever goes wrong: that is said once, and tried again at the next look."""
        if self._stopping.is_set():
            return
        self._busy += 1
        self._idle.clear()
        try:
            await work()
            self._trouble.over(name)
        except Exception as error:
            self._trouble.say(name, error)
        finally:
            self._busy -= 1
            if not self._busy:
                self._idle.set()

    # --- having it done by others -------------------------------------------------------------------------------

    async def _ask(self, executor: Executor) -> None:
        if not self._connected:
            await executor.open()
            self._connected = True
        # Where nothing is wanted that is told as well: an executor may look after its connection then.
        asked = await executor.ask(await asyncio.to_thread(self._wanted))
        if asked:
            self.log.info("asked", pieces=asked)

    def _wanted(self) -> dict[Work, int]:
        self._read_again()
        return self._asking.wanted(self.runtime, self.roles)

    # --- work ---------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        # In a thread, so that a long tick keeps no provider waiting.
        if await asyncio.to_thread(self._tick_now):
            for name in set(self._jobs()) - {"tick"}:
                self._scheduler.modify_job(name, next_run_time=dt.datetime.now(dt.UTC))

    def _tick_now(self) -> bool:
        """Whether anything may have changed."""
        self._read_again()
        now = self.runtime.clock.now()
        if not self.runtime.has_work(now):
            return False
        self.runtime.note(now)
        try:
            done = self.runtime.tick(now)
            self._trouble.over("campaigns")
        except Exception as error:
            self._trouble.say("campaigns", error)
            done, failed = self.runtime.tick_apart(now)
            for name, each in failed.items():
                self._trouble.say(f"campaign {name}", each)
        if done.lost:
            self.log.warning("another process has taken over", campaigns=done.lost)
        released = self.runtime.release(now)
        figures = asdict(done) | {"expired": released.expired}
        told = {name: count for name, count in figures.items() if count and name not in ("busy", "lost")}
        if told:
            self.log.info("tick", **told)
        return True

    def _read_again(self) -> None:
        if self.runtime.is_outdated():
            self.runtime.read_again()
            self.log.info("other texts are in force", campaigns=len(self.runtime.program.campaigns))
            self._tell_waiting()

    async def _deliver(self, channels: Channels) -> None:
        if "tick" not in self.roles:  # else that job sees to it
            await asyncio.to_thread(self._read_again)
        report = await self.runtime.deliver(channels, self._stopping.is_set)
        told = {name: count for name, count in asdict(report).items() if count and name != "failures"}
        if told:
            self.log.info("handed over", **told)
        for name in self.runtime.plugins:
            if name in report.failures:
                self._trouble.say(f"channel {name}", report.failures[name])
            elif told:
                self._trouble.over(f"channel {name}")

    async def _do_errands(self, doors: Doors) -> None:
        report = await self.runtime.do_errands(doors, self._stopping.is_set)
        if told := {name: count for name, count in report.counts().items() if count}:
            self.log.info("errands", **told)
        for what, reason in report.failures.items():
            self._trouble.say(what, reason)
        for what in report.reached - set(report.failures):
            self._trouble.over(what)

    async def _observe(self, observing: Observing) -> None:
        await observing.look()
        for name in observing.reached - observing.failures.keys():
            self._trouble.over(f"observer {name}")
        observing.reached.clear()
        for name, reason in observing.failures.items():
            self._trouble.say(f"observer {name}", reason)

    async def _publish(self) -> None:
        if not self.sinks or not self._meter.is_due():
            return
        failed = await publish(self._meter, self.sinks)
        for name in self.sinks:
            if name in failed:
                self._trouble.say(f"figures to {name}", failed[name])
            else:
                self._trouble.over(f"figures to {name}")

    def _tell_waiting(self) -> None:
        for name, reason in self.runtime.waiting.items():
            self.log.warning("its new text is not in force", campaign=name, reason=reason)
