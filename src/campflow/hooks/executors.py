"""What campflow and an executor say to each other: who does the work of ticks and deliveries, if not this process.

A piece of work is named, never described: what is to be done about it stands in the database. So work that is lost is
asked for again, and work that is done twice finds nothing to do the second time.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel

if TYPE_CHECKING:
    from campflow.hooks.contracts import ChannelContext

#: What `executor` says where the daemon does the work itself.
LOCAL = "local"


@dataclass(frozen=True, slots=True, order=True)
class Work:
    """One piece of work, done in seconds.

    tick: move whoever is due in the campaigns `names`, which belong together because they tell each other things.
    send: lease one batch of ready messages of the channel that `names` is, and hand it over.
    errands: do what `notify`, `sync` and `do` ask for; without names.
    """

    kind: Literal["tick", "send", "errands"]
    names: tuple[str, ...] = ()

    @property
    def queue(self) -> str:
        """Where it waits: a queue for each channel, so that each gets its own workers, one for ticks and one for
        errands."""
        return f"send.{self.names[0]}" if self.kind == "send" else self.kind


class Executor(Protocol):
    """Asks others to do work. One object serves one daemon: `open` once, `ask` often and never twice at a time,
    `close` once."""

    async def open(self) -> None:
        """Get ready: may connect. Raises PluginError with what to do where that is impossible."""

    async def ask(self, wanted: Mapping[Work, int]) -> int:
        """See to it that so many of each wait to be done, those that wait already included.

        Returns how many were asked for anew. Called at every look of the daemon, with what the database shows then.
        Raises PluginError where nobody can be asked now: the work waits.
        """

    async def close(self) -> None:
        """Let go of connections; what was asked for stays."""


class Log(Protocol):
    """Where an event is told, with what there is to say about it: one line each."""

    def info(self, event: str, **told: object) -> object: ...

    def warning(self, event: str, **told: object) -> object: ...

    def error(self, event: str, **told: object) -> object: ...


class Worker(Protocol):
    """Does work, in the process that made it; one piece at a time. Nothing is opened before the first."""

    def do(self, work: Work) -> None:
        """Do it. What goes wrong is logged: the work stays in the database, and is asked for again."""

    def close(self) -> None:
        """Let go of channels and of the database."""


@dataclass(frozen=True, slots=True)
class Shop:
    """What a command `campflow worker` is given: `queues` to take work from (see Work.queue), how many `processes`
    are to do it side by side, and how each of these makes its Worker."""

    queues: Sequence[str]
    processes: int
    hire: Callable[[], Worker]
    log: Log


@dataclass(frozen=True, slots=True)
class ExecutorPlugin:
    """An executor, declared by value.

    name      what `executor` in campflow.toml says
    settings  checked from `[executors.NAME]` of campflow.toml and `CAMPFLOW_EXECUTORS__NAME__…`
    make      makes what asks, in a daemon
    serve     does what is asked for until SIGTERM, and then finishes what it is at; for `campflow worker`
    """

    name: str
    settings: type[BaseModel]
    make: "MakeExecutor"
    serve: "ServeExecutor"


class MakeExecutor(Protocol):
    def __call__(self, settings: BaseModel, context: "ChannelContext") -> Executor: ...


class ServeExecutor(Protocol):
    def __call__(self, settings: BaseModel, shop: Shop) -> None: ...
