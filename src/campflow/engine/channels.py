"""What of plugins this process has opened; what cannot be opened is tried again later and later."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from campflow.engine.trouble import reason
from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelContext, ChannelPlugin

#: Seconds until the next try after a failure: doubled each time up to the second one.
_PAUSE = (1.0, 60.0)


class _Openable(Protocol):
    async def open(self) -> None: ...

    async def close(self) -> None: ...


T = TypeVar("T", bound=_Openable)


class Opened(Generic[T]):
    """Opens a thing when it is first needed and keeps it. Use as `async with`, or call `close`.

    `make` makes each thing, by name. `clock` counts seconds.
    """

    def __init__(self, make: Mapping[str, Callable[[], T]], clock: Callable[[], float] = monotonic) -> None:
        self._make = make
        self._clock = clock
        self._opened: dict[str, T] = {}
        self._failures: dict[str, tuple[int, float, str]] = {}
        self._opening: dict[str, asyncio.Lock] = {}

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self, name: str, anyway: bool = False) -> T:
        """The thing, ready. Raises ChannelError, at once while it pauses after a failure and nobody tries `anyway`."""
        async with self._opening.setdefault(name, asyncio.Lock()):
            return await self._open(name, anyway)

    async def _open(self, name: str, anyway: bool) -> T:
        if name in self._opened:
            return self._opened[name]
        _, until, why = self._failures.get(name, (0, 0.0, ""))
        if not anyway and self._clock() < until:
            raise ChannelError(why)
        try:
            made = self._make[name]()
            await made.open()
        # A plugin is not ours: whatever it raises means that it cannot be used now.
        except Exception as error:
            why = reason(error)
            self._failed(name, why)
            raise ChannelError(why, getattr(error, "retry_after", None)) from error
        self._opened[name] = made
        return made

    def worked(self, name: str) -> None:
        """A provider that answered: the next failure is the first again."""
        self._failures.pop(name, None)

    async def drop(self, name: str, why: str) -> None:
        """Close a thing whose provider cannot be reached; it is opened anew after a pause."""
        self._failed(name, why)
        if (opened := self._opened.pop(name, None)) is not None:
            await _close(opened)

    async def close(self) -> None:
        while self._opened:
            await _close(self._opened.popitem()[1])

    def _failed(self, name: str, why: str) -> None:
        count = self._failures.get(name, (0, 0.0, ""))[0]
        pause = min(_PAUSE[1], _PAUSE[0] * 2.0**count)
        self._failures[name] = (count + 1, self._clock() + pause, why)


async def _close(opened: _Openable) -> None:
    # It is let go of: what goes wrong while saying goodbye concerns nobody.
    with suppress(Exception):
        await opened.close()


class Channels(Opened[Channel]):
    """The channels. `settings` are checked already, by name; a channel without settings gets its defaults.

    Who hands messages over asks the channel's weather, which all daemons share, when to try again after a failure.
    """

    def __init__(
        self,
        plugins: Mapping[str, ChannelPlugin],
        settings: Mapping[str, BaseModel],
        context: ChannelContext,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self.plugins = plugins
        make = {name: partial(_make, plugin, settings.get(name), context) for name, plugin in plugins.items()}
        super().__init__(make, clock)

    async def __aenter__(self) -> "Channels":
        return self


def _make(plugin: ChannelPlugin, settings: BaseModel | None, context: ChannelContext) -> Channel:
    return plugin.make(settings or own_settings(plugin.settings, f"channels.{plugin.name}"), context)


def own_settings(model: type[BaseModel], table: str) -> BaseModel:
    """The settings of a plugin of which nothing is written. Raises ChannelError where it needs some."""
    try:
        return model()
    except ValidationError as error:
        missing = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        raise ChannelError(f"`[{table}]` is not written, and needs {missing}: `campflow.toml` is where") from error
