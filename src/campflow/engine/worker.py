"""Doing the work that an executor hands out: a runtime, one event loop and one of each channel, for one process."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import asdict, dataclass
from threading import Thread
from typing import Any, TypeVar

from campflow.engine.channels import Channels
from campflow.engine.doors import Doors
from campflow.engine.runtime import Runtime
from campflow.engine.trouble import Trouble
from campflow.hooks.executors import Log, Work

T = TypeVar("T")


class RuntimeWorker:
    """A Worker. The runtime is opened when the first work comes; the event loop runs in a thread of its own all the
    time, so that connections that are kept open between two pieces of work are looked after."""

    def __init__(self, open_runtime: Callable[[], Runtime], log: Log) -> None:
        self._open_runtime, self._log, self._trouble = open_runtime, log, Trouble(log)
        self._bench: _Bench | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Work) -> None:
        """Do it. What goes wrong is logged: the work stays in the database, and is asked for again."""
        what = " ".join((work.kind, *work.names))
        try:
            bench = self._ready()
            match work.kind:
                case "tick":
                    self._tick(bench.runtime, work.names)
                case "send":
                    self._send(bench, work.names[0])
                case "errands":
                    self._do_errands(bench)
            self._trouble.over(what)
        except Exception as error:
            self._trouble.say(what, error)

    def close(self) -> None:
        if self._bench is not None:
            self._wait(self._bench.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _ready(self) -> "_Bench":
        """What to work with, with the texts that are in force now."""
        if self._bench is None:
            runtime = self._open_runtime()
            self._bench = _Bench(runtime, runtime.channels(), runtime.doors())
        elif (runtime := self._bench.runtime).is_outdated():
            runtime.read_again()
            self._log.info("other texts are in force", campaigns=len(runtime.program.campaigns))
        return self._bench

    def _tick(self, runtime: Runtime, campaigns: tuple[str, ...]) -> None:
        now = runtime.clock.now()
        done, failed = runtime.tick_all(now, campaigns)
        for name in campaigns:
            if name in failed:
                self._trouble.say(f"campaign {name}", failed[name])
            else:
                self._trouble.over(f"campaign {name}")
        released = runtime.release(now)
        self._tell("tick", asdict(done) | {"expired": released.expired})

    def _send(self, bench: "_Bench", channel: str) -> None:
        if channel not in bench.runtime.plugins:  # installed where the daemon runs, and not here
            raise LookupError(f"no plugin here makes a channel `{channel}`: install it where the workers run too")
        report = self._wait(bench.runtime.deliver(bench.channels, batch_of=channel))
        failures = asdict(report)
        for name, reason in failures.pop("failures").items():
            self._trouble.say(f"channel {name}", reason)
        self._tell("handed over", failures)
        if channel not in report.failures:
            self._trouble.over(f"channel {channel}")

    def _do_errands(self, bench: "_Bench") -> None:
        report = self._wait(bench.runtime.do_errands(bench.doors))
        self._tell("errands", report.counts())
        for what, reason in report.failures.items():
            self._trouble.say(what, reason)
        for what in report.reached - set(report.failures):
            self._trouble.over(what)

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _tell(self, event: str, counts: dict[str, int]) -> None:
        if told := {name: count for name, count in counts.items() if count}:
            self._log.info(event, **told)


@dataclass(frozen=True, slots=True)
class _Bench:
    """What a worker works with, once it is open."""

    runtime: Runtime
    channels: Channels
    doors: Doors

    async def close(self) -> None:
        await self.channels.close()
        await self.doors.__aexit__()
        self.runtime.close()
