"""A server that takes mail as fast as Python can, and throws it away: `python benchmarks/smtp_sink.py [MILLISECONDS]`.

With milliseconds it takes so long to answer each message, as a provider far away does; connections do not wait for each
other.

Writes its port as the first line, and, when its standard input ends, how many messages and bytes it took. It speaks as
much SMTP as a client needs that does everything right, PIPELINING (RFC 2920) and 8BITMIME included.
"""

import asyncio
import sys

_GREETING = b"220 sink.example ESMTP\r\n"
_EHLO = b"250-sink.example\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 104857600\r\n250 SMTPUTF8\r\n"
_ANSWERS = {
    b"EHLO": _EHLO, b"HELO": b"250 sink.example\r\n", b"MAIL": b"250 2.1.0 Ok\r\n", b"RCPT": b"250 2.1.5 Ok\r\n",
    b"DATA": b"354 go on\r\n", b"RSET": b"250 2.0.0 Ok\r\n", b"NOOP": b"250 2.0.0 Ok\r\n",
}  # fmt: skip

_QUEUED = b"250 2.0.0 Ok: queued\r\n"


class Sink(asyncio.Protocol):
    """One connection. Answers to commands that came in one piece go back in one piece."""

    messages = 0
    octets = 0
    seconds = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport, self.buffer, self.in_content, self.waits = transport, b"", False, False
        transport.write(_GREETING)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self._answer([])

    def _answer(self, answers: list[bytes]) -> None:
        while not self.waits and (self._content(answers) if self.in_content else self._command(answers)):
            pass
        if answers:
            self.transport.write(b"".join(answers))

    def _content(self, answers: list[bytes]) -> bool:
        end = self.buffer.find(b"\r\n.\r\n")
        if end < 0:
            return False
        Sink.messages += 1
        Sink.octets += end
        self.buffer, self.in_content = self.buffer[end + 5 :], False
        if Sink.seconds:
            self.waits = True
            asyncio.get_running_loop().call_later(Sink.seconds, self._taken)
        else:
            answers.append(_QUEUED)
        return True

    def _taken(self) -> None:
        self.waits = False
        self._answer([_QUEUED])

    def _command(self, answers: list[bytes]) -> bool:
        line, found, rest = self.buffer.partition(b"\r\n")
        if not found:
            return False
        self.buffer, verb = rest, line[:4].upper()
        if verb == b"QUIT":
            self.transport.write(b"".join([*answers, b"221 Bye\r\n"]))
            self.transport.close()
            return False
        self.in_content = verb == b"DATA"
        answers.append(_ANSWERS.get(verb, b"502 what?\r\n"))
        return True


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    print(Sink.messages, Sink.octets, flush=True)


if __name__ == "__main__":
    Sink.seconds = int(sys.argv[1]) / 1000 if sys.argv[1:] else 0.0
    asyncio.run(main())
