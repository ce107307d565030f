"""A case of the properties whose ticks Celery workers make: `python -m tests.engine.by_workers BROKER PREFIX FILE`.

The worker reads from FILE which case is played and what time it is: its clock is the test's. A worker may be late, and
go on with an older time while more is told; only a new case, which empties the database, waits for all of them.
"""

import asyncio
import fcntl
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from pydantic import BaseModel
from tests.properties.engine import Engine
from tests.reference.story import Outcome
from tests.reference.telling import ALLOWANCE, CHANNELS, EXPIRES, PEOPLE, Case, resolved

from campflow.compiler import compile_flow
from campflow.content.rendering import Library
from campflow.content.tokens import SigningKeys
from campflow.engine.advance import TOGETHER
from campflow.engine.asking import Asking
from campflow.engine.clock import Clock
from campflow.engine.deploy import deploy
from campflow.engine.deployed import Deployment
from campflow.engine.letters import Stationery
from campflow.engine.runtime import Runtime
from campflow.engine.worker import RuntimeWorker
from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin, Executor, Prepared, Sender, Shop, Work
from campflow.model.flow import CheckedFlow
from campflow.sql.program import Program
from campflow.storage.database import Database
from campflow.storage.tables import Tables, tables
from campflow_celery.settings import CelerySettings
from campflow_celery.worker import work as serve


@dataclass(frozen=True)
class Told:
    """What the workers are told: the case, and the time."""

    number: int
    text: str
    zone: str
    deployed: int
    url: str
    now: int

    @classmethod
    def read(cls, file: Path) -> "Told":
        return cls(**json.loads(file.read_text("utf-8")))

    def write(self, file: Path) -> None:
        new = file.with_suffix(".new")
        new.write_text(json.dumps(vars(self)), "utf-8")
        new.rename(file)


@contextmanager
def playing(file: Path, *, another: bool = False) -> Iterator[None]:
    """Whoever works on the case that FILE tells of shares it; who begins another one has it alone."""
    with file.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if another else fcntl.LOCK_SH)
        yield


@dataclass
class FileClock:
    file: Path
    runs = True

    def now(self) -> int:
        return Told.read(self.file).now


def _prepare(body: str, extension: str, front_matter: object) -> Prepared:
    raise NotImplementedError  # nobody sends here


def _make(settings: BaseModel, context: ChannelContext) -> Channel:
    raise NotImplementedError


def _channel(name: str) -> ChannelPlugin:
    none = frozenset[str]()
    return ChannelPlugin(name, CHANNELS[name], BaseModel, ("md",), none, none, "none", 10, _prepare, _make)


def runtime_of(database: Database, program: Program, deployment: Deployment, clock: Clock) -> Runtime:
    """What ticks and releases in a case; nothing is handed over by it."""
    contact, plugins = program.plan.contact, {name: _channel(name) for name in CHANNELS}
    keys, zone = SigningKeys("a", {"a": b"secret"}), ZoneInfo("UTC")
    stationery = Stationery(contact, (), Library(Path(), plugins), Sender(), keys, "here", zone, "EUR")
    return Runtime(
        database, program, deployment, clock, stationery, plugins, {}, ChannelContext("", Sender()), ALLOWANCE.costs
    )


@dataclass
class CaseWorker:
    """Works on the case that is played: another one than before is read anew."""

    file: Path
    _number: int = -1
    _worker: RuntimeWorker | None = None

    def do(self, work: Work) -> None:
        with playing(self.file):
            self._do(work, Told.read(self.file))

    def _do(self, work: Work, told: Told) -> None:
        if told.number != self._number:
            self.close()
            self._number, self._worker = told.number, RuntimeWorker(lambda: self._open(told), structlog.get_logger())
        assert self._worker is not None
        self._worker.do(work)

    def _open(self, told: Told) -> Runtime:
        database = Database(told.url, AskingEngine.tables())
        program = compile_flow(
            CheckedFlow(resolved(told.text)), zone=told.zone, expires=EXPIRES, tables=database.tables,
            dialect=database.engine.dialect, opt_in=ALLOWANCE.opt_in,
        )  # fmt: skip
        deployment = deploy(database, program, sources={"case.flow": told.text}, author="", now=told.deployed)
        return runtime_of(database, program, deployment, FileClock(self.file))

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()
            self._worker = None


class AskingEngine(Engine):
    """An Engine whose ticks are asked for, until nothing is behind any more."""

    executor: Executor
    file: Path
    loop: asyncio.AbstractEventLoop
    pieces = number = runs = 0

    @staticmethod
    def tables() -> Tables:
        """Those of every case."""
        flow = resolved(PEOPLE)
        return tables(flow.contact, flow.events)

    def _begin(self, server: Database) -> Deployment:
        type(self).number += 1
        with playing(self.file, another=True):
            deployment = super()._begin(server)
            self._tell(self.deployed - 1)
        return deployment

    def run(self, case: Case, looks: Sequence[int]) -> Outcome:
        type(self).runs += 1
        return super().run(case, looks)

    def _tell(self, look: int) -> None:
        url = self.database.url.render_as_string(hide_password=False)
        Told(self.number, self.text, self.zone, self.deployed, url, look).write(self.file)

    def advance(self, look: int, together: int = TOGETHER) -> None:
        self._tell(look)
        runtime = runtime_of(self.database, self.program, self.deployment, FileClock(self.file))
        asking, deadline = Asking(), time.monotonic() + 60
        while Asking().wanted(runtime, ("tick",)):
            if wanted := asking.wanted(runtime, ("tick",)):
                type(self).pieces += self.loop.run_until_complete(self.executor.ask(wanted))
            time.sleep(0.005)
            assert time.monotonic() < deadline, "the workers do not work"


if __name__ == "__main__":
    broker, prefix, file = sys.argv[1:]
    settings = CelerySettings(broker=broker, prefix=prefix)
    shop = Shop(["tick"], 2, lambda: CaseWorker(Path(file)), structlog.get_logger())
    print("ready", flush=True)
    serve(settings, shop)
