"""Pipelining (RFC 2920), with a server that says no, closes or hangs up in the middle of it.

The content of a message and the envelope of the next one go out together: what is said to one must not become the fate
of the other.
"""

import asyncio
import datetime as dt
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from campflow.errors import ChannelError
from campflow.hooks.contracts import Channel, ChannelContext, Message, Receipt, Sender
from campflow_email import EMAIL
from campflow_email.settings import EmailSettings

pytestmark = pytest.mark.timeout(30)

#: What to say to a command ("MAIL", "RCPT", "DATA", or "." for the whole content) about the message of this number, on
#: this connection; "" says nothing, None hangs up.
Script = Callable[[str, int, int], str | None]

USUAL = {"EHLO": "250-server\r\n250 PIPELINING", "DATA": "354 go on", "QUIT": "221 bye"}


@dataclass
class Server:
    """Answers command by command. `taken` are the contents it had whole, `ahead` those of which the next envelope came
    in the same piece."""

    script: Script
    connections: int = 0
    taken: list[int] = field(default_factory=list)
    ahead: list[int] = field(default_factory=list)
    silent: asyncio.Event = field(default_factory=asyncio.Event)

    def connection(self) -> "Connection":
        self.connections += 1
        return Connection(self, self.connections)


class Connection(asyncio.Protocol):
    def __init__(self, server: Server, number: int) -> None:
        self.server, self.number = server, number
        self.buffer, self.content, self.message, self.recipients = b"", False, 0, 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(b"220 server\r\n")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while not self.transport.is_closing() and (self._content() if self.content else self._command()):
            pass

    def _command(self) -> bool:
        line, end, rest = self.buffer.partition(b"\r\n")
        if not end:
            return False
        self.buffer, verb = rest, line[:4].decode().upper()
        if verb == "MAIL":
            self.message, self.recipients = int(re.findall(rb"MAIL FROM:<m([0-9]+)@", line)[0]), 0
        answer = self._answer(verb)
        self.recipients += verb == "RCPT" and answer.startswith("2")
        self.content = answer.startswith("354")
        return True

    def _content(self) -> bool:
        whole, end, rest = (b"\r\n" + self.buffer).partition(b"\r\n.\r\n")
        if not end:
            return False
        self.buffer, self.content = rest, False
        if not self.recipients:  # as the RFC says of a message that nobody is to have
            assert whole == b""
            self.transport.write(b"554 no valid recipients\r\n")
            return True
        self.server.taken.append(self.message)
        if rest.startswith(b"MAIL"):
            self.server.ahead.append(self.message)
        self._answer(".")
        return True

    def _answer(self, command: str) -> str:
        said = self.server.script(command, self.message, self.number)
        if said is None:
            self.transport.close()
            return ""
        if said:
            self.transport.write(f"{said}\r\n".encode())
        else:
            self.server.silent.set()
        if said.startswith("421"):
            self.transport.close()
        return said


def no(command: str, answer: str | None, *, message: int = 2, connection: int | None = None) -> Script:
    """A server that says this to one command of one message, and yes to everything else."""

    def script(said: str, of: int, on: int) -> str | None:
        if said == command and of == message and connection in (None, on):
            return answer
        return USUAL.get(said, "250 OK")

    return script


def messages(count: int) -> list[Message]:
    """Each with a sender of its own, so that the server sees whose envelope it has."""
    return [
        Message(
            number, f"key{number}", "email", "welcome", "trial", f"p{number}", f"p{number}@b.example", None,
            {"text": f"Hello {number}\n"}, {"subject": "Hello", "from": f"m{number}@acme.example"},
            dt.datetime(2026, 1, 1, tzinfo=dt.UTC), "t",
        )
        for number in range(1, count + 1)
    ]  # fmt: skip


def channel(port: int) -> Channel:
    settings = {"host": "127.0.0.1", "port": port, "security": "none", "connections": 1, "hostname": "localhost"}
    return EMAIL.make(EmailSettings.model_validate(settings), ChannelContext("", Sender("Acme", "hello@acme.example")))


def deliver(script: Script, count: int = 4, given_up: bool = False) -> tuple[Server, dict[int, str]]:
    """Hand over a window: what became of each message. With `given_up` the window is, once the server is silent."""
    receipts: dict[int, Receipt] = {}

    async def window(post: Channel) -> None:
        async for receipt in post.deliver(messages(count)):
            assert receipt.message_id not in receipts
            receipts[receipt.message_id] = receipt

    async def run() -> Server:
        server = Server(script)
        listening = await asyncio.get_running_loop().create_server(server.connection, "127.0.0.1", 0)
        async with listening:
            post = channel(listening.sockets[0].getsockname()[1])
            await post.open()
            handing = asyncio.create_task(window(post))
            if given_up:
                await server.silent.wait()
                handing.cancel()
            with suppress(ChannelError, asyncio.CancelledError):
                await handing
            await post.close()
        return server

    return asyncio.run(run()), {number: receipts[number].outcome for number in sorted(receipts)}


def test_content_and_the_next_envelope_go_together() -> None:
    server, fates = deliver(no("MAIL", "250 OK"))
    assert fates == {1: "accepted", 2: "accepted", 3: "accepted", 4: "accepted"}
    assert (server.taken, server.ahead, server.connections) == ([1, 2, 3, 4], [1, 2, 3], 1)


@pytest.mark.parametrize("data", ["354 go on", "503 no recipients", "554 no valid recipients"])
@pytest.mark.parametrize(("answer", "fate"), [("550 no such user", "rejected"), ("451 later", "retry")])
def test_a_refused_recipient_is_one_message_s_fate(answer: str, fate: str, data: str) -> None:
    """Whatever the server makes of the DATA that is on its way by then."""
    refusing = no("RCPT", answer)
    server, fates = deliver(
        lambda said, of, on: data if (said, of) == ("DATA", 2) else refusing(said, of, on),
    )
    assert fates == {1: "accepted", 2: fate, 3: "accepted", 4: "accepted"}
    assert (server.taken, server.connections) == ([1, 3, 4], 1)


@pytest.mark.parametrize(("answer", "fate"), [("452 full", "retry"), ("554 no", "rejected")])
@pytest.mark.parametrize("command", ["MAIL", "DATA", "."])
def test_a_no_to_one_of_several_commands(command: str, answer: str, fate: str) -> None:
    server, fates = deliver(no(command, answer))
    assert fates == {1: "accepted", 2: fate, 3: "accepted", 4: "accepted"}
    assert server.connections == 1


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA", "."])
def test_421_ends_the_connection_and_not_the_message_before_or_after(command: str) -> None:
    server, fates = deliver(no(command, "421 closing", connection=1))
    assert fates == {1: "accepted", 2: "retry", 3: "accepted", 4: "accepted"}
    assert server.taken == ([1, 2, 3, 4] if command == "." else [1, 3, 4])
    assert server.connections == 2


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
def test_a_cut_before_the_content_is_tried_again_at_once(command: str) -> None:
    server, fates = deliver(no(command, None, connection=1))
    assert fates == {1: "accepted", 2: "accepted", 3: "accepted", 4: "accepted"}
    assert (server.taken, server.connections) == ([1, 2, 3, 4], 2)


def test_a_cut_after_the_content_leaves_that_message_alone_uncertain() -> None:
    server, fates = deliver(no(".", None))
    assert fates == {1: "accepted", 2: "uncertain", 3: "accepted", 4: "accepted"}
    # The envelope of the third was on its way: it is begun again, and no content goes twice.
    assert (server.taken, server.ahead[:2], server.connections) == ([1, 2, 3, 4], [1, 2], 2)


def test_who_is_given_up_tells_what_is_known() -> None:
    """The second may have been taken and gets no receipt; what was never sent is to be tried again."""
    server, fates = deliver(no(".", ""), given_up=True)
    assert fates == {1: "accepted", 3: "retry", 4: "retry"}
    assert server.taken == [1, 2]
