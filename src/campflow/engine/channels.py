"""The channels that this process has opened; one that cannot be opened is tried again later and later."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic

from pydantic import BaseModel

from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin

#: Seconds until the next try after a failure: doubled each time up to the second one.
_PAUSE = (1.0, 60.0)


class Channels:
    """Opens a channel when it is first needed and keeps it. Use as `async with`, or call `close`.

    `settings` are checked already, by channel name; a channel without settings gets its defaults. `clock` counts
    seconds.
    """

    def __init__(
        self,
        plugins: Mapping[str, ChannelPlugin],
        settings: Mapping[str, BaseModel],
        context: ChannelContext,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.plugins = plugins
        self._settings = settings
        self._context = context
        self._clock = clock
        self._opened: dict[str, Channel] = {}
        self._failures: dict[str, tuple[int, float, str]] = {}

    async def __aenter__(self) -> "Channels":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self, name: str) -> Channel:
        """The channel, ready. Raises ChannelError, at once while it pauses after a failure."""
        if name in self._opened:
            return self._opened[name]
        _, until, reason = self._failures.get(name, (0, 0.0, ""))
        if self._clock() < until:
            raise ChannelError(reason)
        plugin = self.plugins[name]
        try:
            channel = plugin.make(self._settings.get(name) or plugin.settings(), self._context)
            await channel.open()
        # A plugin is not ours: whatever it raises means that it cannot be used now.
        except Exception as error:
            reason = str(error) if isinstance(error, ChannelError) else f"{type(error).__name__}: {error}"
            self._failed(name, reason)
            raise ChannelError(reason) from error
        self._opened[name] = channel
        return channel

    def worked(self, name: str) -> None:
        """A provider that answered: the next failure is the first again."""
        self._failures.pop(name, None)

    async def drop(self, name: str, reason: str) -> None:
        """Close a channel whose provider cannot be reached; it is opened anew after a pause."""
        self._failed(name, reason)
        if (channel := self._opened.pop(name, None)) is not None:
            await _close(channel)

    async def close(self) -> None:
        while self._opened:
            await _close(self._opened.popitem()[1])

    def _failed(self, name: str, reason: str) -> None:
        count = self._failures.get(name, (0, 0.0, ""))[0]
        pause = min(_PAUSE[1], _PAUSE[0] * 2.0**count)
        self._failures[name] = (count + 1, self._clock() + pause, reason)


async def _close(channel: Channel) -> None:
    # It is let go of: what goes wrong while saying goodbye concerns nobody.
    with suppress(Exception):
        await channel.close()
