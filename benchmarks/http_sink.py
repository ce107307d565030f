"""A provider that takes each request and answers `{"id": "1"}`: `python benchmarks/http_sink.py`.

Writes its port as the first line, and how many requests it took when its standard input ends.
"""

import asyncio
import sys

_ANSWER = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"id": "1"}'


class Sink(asyncio.Protocol):
    """One connection, kept open."""

    requests = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while True:
            head, found, rest = self.buffer.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0] or 0)
            if not found or len(rest) < length:
                return
            self.buffer = rest[length:]
            Sink.requests += 1
            self.transport.write(_ANSWER)


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(Sink.requests, flush=True)


if __name__ == "__main__":
    asyncio.run(main())
