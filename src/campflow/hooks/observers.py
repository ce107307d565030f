"""Who is told of moves and of what became of messages: a warehouse, a CRM, a log."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel

if TYPE_CHECKING:
    from campflow.hooks.contracts import ChannelContext

MessageState = Literal["accepted", "rejected", "uncertain", "skipped", "expired", "cancelled"]


@dataclass(frozen=True, slots=True)
class Moved:
    """Somebody came into a campaign (`from_stage` None), from one stage to the next, or left (`to_stage` None).

    `number` counts up, and is the same whenever it is told. `journey` names one passage through the campaign. `at` is
    when it happened, in event time; `cause` the event that made it happen, None for the clock or a condition; `line`
    is the statement, as it is written.
    """

    number: int
    campaign: str
    contact_key: str
    journey: int
    from_stage: str | None
    to_stage: str | None
    at: dt.datetime
    cause: str | None
    line: str


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a message. A later line about the same message tells better: the uncertain may turn out accepted.

    `number` counts up, and is the same whenever it is told. `contact_key` is empty of a post. `provider_id` and
    `detail` are what was said of it last.
    """

    number: int
    message_id: int
    campaign: str
    channel: str
    message: str
    contact_key: str
    state: MessageState
    at: dt.datetime
    provider_id: str | None = None
    detail: str = ""


class Observer(Protocol):
    """Is told of what is committed, in the order of the numbers, a batch at a time: at least once, never not at all.

    What returns has been taken, and is not told again. Any exception: the same is told again, after a pause that grows.
    One object serves one process: `open` once, the others often and never two at a time, `close` once. It may take its
    time: nobody waits for it, and no transaction is open meanwhile.
    """

    async def open(self) -> None:
        """Get ready: may connect. Raises PluginError with what to do where that is impossible."""

    async def moved(self, moves: Sequence[Moved]) -> None:
        """Take these."""

    async def settled(self, fates: Sequence[Settled]) -> None:
        """Take these."""

    async def close(self) -> None:
        """Let go of connections."""


@dataclass(frozen=True, slots=True)
class ObserverPlugin:
    """An observer, told of what happens from the first time on that `[observers.NAME]` stands in campflow.toml.

    name      of that table
    settings  checked from it and from `CAMPFLOW_OBSERVERS__NAME__…`
    batch     how many it is told of at a time
    """

    name: str
    settings: type[BaseModel]
    make: "MakeObserver"
    batch: int = 500


class MakeObserver(Protocol):
    def __call__(self, settings: BaseModel, context: "ChannelContext") -> Observer: ...
