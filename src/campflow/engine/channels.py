"""What of plugins this process has opened; what cannot be opened is tried again later and later."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
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
        super().__init__(makers("channels", plugins, settings, context), clock)

    async def __aenter__(self) -> "Channels":
        return self


Made = TypeVar("Made")
Offered = TypeVar("Offered", covariant=True)


class _Makes(Protocol[Offered]):
    """A plugin that makes what it offers by its settings."""

    @property
    def settings(self) -> type[BaseModel]: ...

    @property
    def make(self) -> Callable[[BaseModel, ChannelContext], Offered]: ...


def makers(
    kind: str, plugins: Mapping[str, _Makes[Made]], settings: Mapping[str, BaseModel], context: ChannelContext
) -> dict[str, Callable[[], Made]]:
    """What makes the things of all plugins of a kind, as `channels`: by their checked settings, else by their own."""
    return {
        name: maker(plugin.make, settings.get(name), plugin.settings, f"{kind}.{name}", context)
        for name, plugin in plugins.items()
    }


def maker(
    make: Callable[[BaseModel, ChannelContext], Made],
    settings: BaseModel | None,
    model: type[BaseModel],
    table: str,
    context: ChannelContext,
) -> Callable[[], Made]:
    """The same of one plugin: `model` is of its settings, `table` where they stand in campflow.toml."""
    return lambda: make(settings or own_settings(model, table), context)


def own_settings(model: type[BaseModel], table: str) -> BaseModel:
    """The settings of a plugin of which nothing is written. Raises ChannelError where it needs some."""
    try:
        return model()
    except ValidationError as error:
        missing = ", ".join(".".join(map(str, item["loc"])) for item in error.errors())
        raise ChannelError(f"`[{table}]` needs {missing}: write it in campflow.toml, where it is missing") from error
