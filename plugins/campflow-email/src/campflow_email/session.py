"""One connection's mail transactions. Where the server allows it (RFC 2920), commands go out together.

aiosmtplib connects, secures and logs in; from then on the connection is ours. With PIPELINING, a message's content and
the next one's envelope are one write, and their four answers mostly one read: a round trip a message.
"""

import asyncio
from collections import deque
from functools import lru_cache
from typing import NamedTuple

from campflow_email.mime import Mail

#: The server wants a login, or a better one: that is about us and not about the message.
_LOGIN = frozenset({530, 534, 535, 538})

#: Bytes of answers that may wait to be understood: more is no SMTP server.
_MOST = 65_536


class Gone(Exception):
    """The connection is lost, or of no more use."""


class Unusable(Exception):
    """The server cannot be used now; the text says why."""


class Reply(NamedTuple):
    code: int
    text: str

    def __str__(self) -> str:
        return f"{self.code} {self.text}".replace("\n", " ")


class Session(asyncio.Protocol):
    """Takes over a connection that is ready for MAIL. `timeout` is in seconds, for each answer or group of answers."""

    def __init__(self, transport: asyncio.Transport, *, pipelining: bool, utf8: bool, timeout: float) -> None:
        self.pipelining, self.utf8 = pipelining, utf8
        self._transport = transport
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._buffer = b""
        self._lines: list[str] = []
        self._replies: deque[Reply] = deque()
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._broken: str | None = None
        self._ahead: Mail | None = None
        self._reset = False
        self._over = asyncio.Event()
        transport.set_protocol(self)

    @property
    def usable(self) -> bool:
        return self._broken is None and not self._transport.is_closing()

    @property
    def idle(self) -> bool:
        """Usable, and in the middle of nothing."""
        return self.usable and self._ahead is None and self._waiter is None

    def close(self) -> None:
        self._break("we have closed the connection")

    async def say_goodbye(self) -> None:
        """Close in good order; a server that does not let go of a secured connection is left after a second."""
        if self.usable:
            self._transport.write(b"QUIT\r\n")
        self.close()
        try:
            await asyncio.wait_for(self._over.wait(), 1)
        except TimeoutError:
            self._transport.abort()

    # --- a transaction ------------------------------------------------------------------------------------------

    async def envelope(self, mail: Mail) -> Reply | None:
        """MAIL, RCPT and DATA; the first answer that is no yes. Raises Gone, Unusable."""
        commands = self._commands(mail)
        if not self.pipelining:
            return await self._one_by_one(commands)
        if self._ahead is not mail:
            self._write(b"".join(commands))
        self._ahead, started = None, len(commands)
        replies = await self._answers(started)
        self._reset = False
        # The answer to a RSET before it says nothing of this message.
        of_this = replies[started - 3 :] or replies
        refusal = next((reply for yes, reply in zip((2, 2, 3), of_this, strict=False) if not _is(yes, reply)), None)
        if refusal is None:
            return None
        # It may want the content all the same: then it gets none.
        if len(of_this) == 3 and _is(3, of_this[2]):
            self._write(b".\r\n")
            await self._answers(1)
        return self._refused(refusal)

    async def content(self, mail: Mail, following: Mail | None = None) -> Reply:
        """The message itself and the final dot; with it the envelope of the next one, where there is one.

        From here on the server may have the message. Raises Gone.
        """
        data = stuffed(mail.data)
        if following is not None and self.pipelining:
            data += b"".join(self._commands(following))
            self._ahead = following
        self._write(data)
        (reply,) = await self._answers(1)
        if reply.code == 421:
            self._break("the server has closed the connection")
        return reply

    def _commands(self, mail: Mail) -> list[bytes]:
        options = b" SMTPUTF8" if mail.utf8 else b""
        commands = [
            b"MAIL FROM:<%b>%b\r\n" % (mail.sender.encode(), options),
            b"RCPT TO:<%b>\r\n" % mail.recipient.encode(),
            b"DATA\r\n",
        ]
        return [b"RSET\r\n", *commands] if self._reset else commands

    async def _one_by_one(self, commands: list[bytes]) -> Reply | None:
        self._reset = False
        for yes, command in zip((2, 2, 2, 3)[-len(commands) :], commands, strict=True):
            self._write(command)
            (reply,) = await self._answers(1)
            if not _is(yes, reply):
                return self._refused(reply)
        return None

    def _refused(self, reply: Reply) -> Reply:
        """A no. Raises what it is where it is not about the message."""
        if reply.code in _LOGIN:
            raise Unusable(f"the server wants a login: {reply}")
        # 503 is "bad sequence of commands": we and the server have lost each other.
        if reply.code // 100 not in (4, 5) or reply.code == 503:
            raise Gone(f"an answer we do not know: {reply}")
        if reply.code == 421:
            self._break("the server has closed the connection")
        self._reset = True
        return reply

    # --- writing and reading ------------------------------------------------------------------------------------

    def _write(self, data: bytes) -> None:
        if not self.usable:
            raise Gone(self._broken or "the connection was lost")
        # Armed before anything is said: an answer may be there before we look.
        self._deadline = self._loop.time() + self._timeout
        self._transport.write(data)

    async def _answers(self, count: int) -> list[Reply]:
        """So many replies; fewer where the last one says that the server closes. Raises Gone."""
        if not self._has(count):
            if self._broken is not None:
                raise Gone(self._broken)
            self._wanted = count
            self._waiter = self._loop.create_future()
            self._arm()
            try:
                await self._waiter
            finally:
                self._waiter = None
        took = [self._replies.popleft() for _ in range(min(count, len(self._replies)))]
        self._deadline = self._loop.time() + self._timeout
        return took

    def _has(self, count: int) -> bool:
        return len(self._replies) >= count or bool(self._replies and self._replies[-1].code == 421)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        *lines, self._buffer = self._buffer.split(b"\n")
        for line in lines:
            reply, last = (_known if len(line) <= _SHORT else _understood)(line)
            if reply is None:
                return self._break(f"an answer we do not know: {line.decode('utf-8', 'replace')[:80]!r}")
            if not last or self._lines:
                self._lines.append(reply.text)
                if not last:
                    continue
                reply = Reply(reply.code, "\n".join(self._lines))
                self._lines = []
            self._replies.append(reply)
        if len(self._buffer) + sum(map(len, self._lines)) > _MOST or len(self._replies) > 8:
            return self._break("the server says more than SMTP has answers")
        if self._waiter is not None and not self._waiter.done() and self._has(self._wanted):
            self._waiter.set_result(None)
        return None

    def eof_received(self) -> bool:
        self._break("the server hung up")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._over.set()
        self._break(f"the connection was lost{f': {exc}' if exc else ''}")

    def _break(self, reason: str) -> None:
        self._broken = self._broken or reason
        self._transport.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(Gone(self._broken))

    def _arm(self) -> None:
        """One timer for all answers, set again only when it rings: most answers are there long before."""
        if self._timer is None:
            self._timer = self._loop.call_at(self._deadline, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._loop.time() < self._deadline:
            self._arm()
        else:
            self._break(f"no answer within {self._timeout:g} seconds")


def stuffed(data: bytes) -> bytes:
    """Content as it follows DATA: a dot before each dot that begins a line, and one alone at the end (RFC 5321)."""
    return data.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _understood(line: bytes) -> tuple[Reply | None, bool]:
    """A line of an answer, and whether it is the last one; None for what is none."""
    text = line.decode("utf-8", "replace").rstrip()
    if not (text[:3].isascii() and text[:3].isdigit() and text[3:4] in ("", " ", "-")):
        return None, True
    return Reply(int(text[:3]), text[4:]), text[3:4] != "-"


#: Servers say the same few lines all day long; what is longer than this is said once.
_known = lru_cache(maxsize=256)(_understood)
_SHORT = 200


def _is(yes: int, reply: Reply) -> bool:
    """Whether the reply is of the kind that goes on: 2 or 3."""
    return reply.code // 100 == yes
