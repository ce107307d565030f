"""What the networks have in common: one client, one post after the other, and what a usual answer means."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelContext, Engagement, MakeChannel, Message, Posted, Receipt
from campflow.http import HttpClient, NoAnswer, NotSent, Reply, fate, one_by_one


class Refused(Exception):
    """The network takes this never, or does not have it; `name` is what it calls the reason, where it does."""

    def __init__(self, said: str, name: str = "") -> None:
        super().__init__(said)
        self.name = name


class Network(ABC):
    """A channel of posts. `open` sets `client`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.client: HttpClient | None = None

    @abstractmethod
    async def send(self, message: Message) -> Receipt:
        """Post it. Raises HttpError and ChannelError."""

    @abstractmethod
    def read(self, posts: Sequence[Posted]) -> AsyncIterator[Engagement]:
        """Ask about these. Raises HttpError and ChannelError."""

    def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        return one_by_one(messages, self.send, 1)

    async def count(self, posts: Sequence[Posted]) -> AsyncIterator[Engagement]:
        """Of a thread, what became of its first post. One that was deleted, or of which the network says nothing that
        can be read, is passed over: it must not keep those behind it from being asked about."""
        try:
            async for each in self.read(posts):
                yield each
        except (NoAnswer, NotSent) as error:
            raise ChannelError(str(error)) from error

    async def close(self) -> None:
        if self.client is not None:
            await self.client.close()
            self.client = None

    def ready(self) -> HttpClient:
        """The client. Raises ChannelError where the channel is not open."""
        if self.client is None:
            raise ChannelError("the channel is not open")
        return self.client


def good(network: str, reply: Reply, said: str, name: str = "") -> Reply:
    """An answer that is good; `said` is what the network says in it. Raises Refused, ChannelError and NoAnswer."""
    meant = fate(reply)
    if meant.outcome == "rejected":
        raise Refused(said, name)
    if meant.outcome == "retry":
        raise ChannelError(f"{network}: {said}", meant.retry_after)
    if meant.outcome == "uncertain":
        raise NoAnswer(meant.detail)
    return reply


def sentence(text: str) -> str:
    """What a network says, fit for a line of a log."""
    return "".join(each if each.isprintable() else " " for each in text)[:300].strip()


def natural(value: object) -> int | None:
    """A count that somebody else wrote; None where it is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


S = TypeVar("S", bound=BaseModel)


def maker(network: str, wanted: type[S], make: Callable[[S, Path], Channel]) -> MakeChannel:
    """What makes the channel. It raises ChannelError for settings of another one."""

    def make_channel(settings: BaseModel, context: ChannelContext) -> Channel:
        if not isinstance(settings, wanted):
            raise ChannelError(f"{network} needs {wanted.__name__}, and got {type(settings).__name__}")
        return make(settings, Path(context.folder))

    return make_channel
