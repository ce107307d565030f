"""A provider that speaks real HTTP on the loopback interface, and does to each request what a test's script says."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

R = TypeVar("R")


class _Loop(asyncio.SelectorEventLoop):
    """A loop whose clock can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def run(work: Coroutine[Any, Any, R]) -> R:
    """Run it, where `seconds_pass` as a script says: give whoever asks a patience that no busy machine uses up."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(work)


def seconds_pass(seconds: float) -> None:
    """At once, for all who wait in the loop of `run`."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _Loop), "use tests.provider.run"
    loop.ahead += seconds


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; names of headers are in lower case. `number` counts from 1."""

    number: int
    line: str
    headers: dict[str, str]
    body: bytes


#: Answers one request over the writer; True keeps the connection open.
Script = Callable[[Asked, asyncio.StreamWriter], Awaitable[bool]]


def answer(status: int, body: bytes | str = b"", **headers: str) -> Script:
    """A whole, decent answer."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} So", f"content-length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    async def say(asked: Asked, writer: asyncio.StreamWriter) -> bool:
        writer.write("\r\n".join([*lines, "", ""]).encode() + data)
        return True

    return say


async def hang_up(asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Takes the request, and closes the connection without a word."""
    return False


async def silence(asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Takes the request, and does not answer for a minute, nor ever."""
    seconds_pass(60)
    await asyncio.Event().wait()
    return False


async def drip(asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Answers with a body that never ends, a byte each tenth of a second: no single wait is long."""
    writer.write(b"HTTP/1.1 200 So\r\ntransfer-encoding: chunked\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"1\r\n{\r\n")
        await writer.drain()
        seconds_pass(0.1)
        await asyncio.sleep(0)
    return False


async def flood(asked: Asked, writer: asyncio.StreamWriter) -> bool:
    """Answers with gigabytes, as fast as they are taken."""
    writer.write(b"HTTP/1.1 200 So\r\ncontent-length: 100000000000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x" * 65_536)
        await writer.drain()
    return False


@dataclass
class Provider:
    """`scripts` are used one after the other, the last one for ever. `asked` is every request that came whole."""

    scripts: Sequence[Script] = (answer(200, "{}"),)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    url: str = ""

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        talks = self._talks = set[asyncio.Task[None]]()
        try:
            yield self.url
        finally:
            server.close()
            for task in talks:
                task.cancel()
            await asyncio.gather(*talks, return_exceptions=True)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._talks.add(task)
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._talks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().rstrip().split("\r\n")
        pairs = [each.partition(":") for each in rest]
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.asked.append(Asked(len(self.asked) + 1, line, headers, body))
        script = self.scripts[min(len(self.asked), len(self.scripts)) - 1]
        more = await script(self.asked[-1], writer)
        await writer.drain()
        return more
