"""Mail over SMTP: a few connections side by side, each used again and again."""

import asyncio
import datetime as dt
import re
import ssl
from collections import Counter, deque
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress

import aiosmtplib
from aiosmtplib import SMTP, SMTPResponse

from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import Message, Outcome, Receipt, Sender
from campflow_email.mime import Mail, build
from campflow_email.settings import EmailSettings

#: The server wants a login, or a better one: that is about us and not about the message.
_LOGIN = frozenset({530, 534, 535, 538})

#: Connections lost one after the other, with no answer in between, until we leave the server alone.
_LOST = 3

_GONE = (aiosmtplib.SMTPException, OSError, asyncio.TimeoutError, ValueError)


class _Unusable(Exception):
    """The server cannot be used now; the text says why."""


class SmtpChannel:
    """One server. A message is begun once more where a connection was lost before its content went out."""

    def __init__(self, settings: EmailSettings, sender: Sender) -> None:
        self._settings = settings
        self._sender = sender
        self._idle: list[SMTP] = []

    async def open(self) -> None:
        try:
            self._idle.append(await self._connect())
        except _Unusable as error:
            raise ChannelError(str(error)) from error

    async def close(self) -> None:
        while self._idle:
            client = self._idle.pop()
            with suppress(*_GONE):
                await client.quit(timeout=2)
            client.close()

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        window = _Window(messages)
        count = min(self._settings.connections, len(messages))
        workers = [asyncio.create_task(self._work(window)) for _ in range(count)]
        ended = asyncio.create_task(_when_ended(workers, window))
        try:
            while (receipt := await window.receipts.get()) is not None:
                yield receipt
        finally:
            ended.cancel()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(ended, *workers, return_exceptions=True)
        for message in window.work:
            yield Receipt(message.message_id, "retry", detail=window.trouble)
        if window.trouble:
            raise ChannelError(window.trouble)

    async def _work(self, window: "_Window") -> None:
        """Send messages of the window over one connection after another, until none is left or the server is down."""
        client: SMTP | None = None
        lost = 0
        try:
            while window.work and not window.trouble:
                if client is None or not client.is_connected:
                    client = await self._connection()
                    continue  # others were at work meanwhile: look again
                message = window.work.popleft()
                try:
                    receipt = await self._send(client, message)
                except _GONE as error:
                    client.close()
                    lost += 1
                    window.put_back(message, f"the connection was lost: {error}")
                    if lost >= _LOST:
                        raise _Unusable(f"{self._server} keeps hanging up: {error}") from error
                    continue
                except _Unusable:
                    window.work.appendleft(message)
                    raise
                lost = 0 if client.is_connected else lost + 1
                window.receipts.put_nowait(receipt)
        except _Unusable as error:
            window.trouble = window.trouble or str(error)
        finally:
            if client is not None and client.is_connected and not window.cancelled():
                self._idle.append(client)
            elif client is not None:
                client.close()

    async def _connection(self) -> SMTP:
        """One that is open, or a new one. The server may have closed those that were idle."""
        while self._idle:
            client = self._idle.pop()
            if client.is_connected:
                return client
            client.close()
        return await self._connect()

    @property
    def _server(self) -> str:
        return f"{self._settings.host}:{self._settings.smtp_port}"

    async def _connect(self) -> SMTP:
        settings = self._settings
        password = settings.password.get_secret_value() if settings.password else None
        client = SMTP(
            hostname=settings.host,
            port=settings.smtp_port,
            username=settings.username,
            password=password,
            local_hostname=settings.hostname,
            timeout=settings.timeout,
            use_tls=settings.security == "tls",
            start_tls=settings.security == "starttls",
            tls_context=_tls(settings),
        )
        try:
            await client.connect()
            await _greet(client)
        except aiosmtplib.SMTPAuthenticationError as error:
            raise _Unusable(
                f"{self._server} refuses the login: check username and password ({error.message})"
            ) from error
        except ssl.SSLError as error:
            raise _Unusable(f"{self._server}: no secure connection: {error}: check `security`, `verify`") from error
        except _GONE as error:
            raise _Unusable(f"cannot use {self._server}: {error}: check host, port and security") from error
        return client

    async def _send(self, client: SMTP, message: Message) -> Receipt:
        """One message. Raises one of _GONE where the connection is lost before its content went out."""
        try:
            mail = build(message, self._sender, dt.datetime.now(dt.UTC), self._settings.return_path)
        except ContentError as error:
            return Receipt(message.message_id, "rejected", detail=str(error))
        if mail.utf8 and not client.supports_extension("smtputf8"):
            return Receipt(message.message_id, "rejected", detail="the server takes only addresses in ASCII")
        refusal = await _envelope(client, mail)
        if refusal is not None:
            await _forget(client)
            return _receipt(message, refusal)
        try:
            response = await _content(client, mail, self._settings.timeout)
        except _GONE as error:
            client.close()
            return Receipt(message.message_id, "uncertain", detail=f"no answer after the message was sent: {error}")
        if response.code == 421:
            client.close()
        return _receipt(message, response)


async def _greet(client: SMTP) -> None:
    """Say who we are, if securing the connection or a login has not done it; old servers know only HELO."""
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError:
            await client.helo()


class _Window:
    """The messages that workers share, and what became of them."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.work = deque(messages)
        self.receipts: asyncio.Queue[Receipt | None] = asyncio.Queue()
        self.trouble = ""
        self._tries: Counter[int] = Counter()

    def put_back(self, message: Message, reason: str) -> None:
        """Begin it again on another connection; the second time it has to wait."""
        self._tries[message.message_id] += 1
        if self._tries[message.message_id] < 2:
            self.work.appendleft(message)
        else:
            self.receipts.put_nowait(Receipt(message.message_id, "retry", detail=reason))

    @staticmethod
    def cancelled() -> bool:
        """Whether the worker is being cancelled: then its connection is in the middle of something."""
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0


async def _when_ended(workers: Sequence[asyncio.Task[None]], window: _Window) -> None:
    results = await asyncio.gather(*workers, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            window.trouble = window.trouble or f"{type(result).__name__}: {result}"
    window.receipts.put_nowait(None)


async def _envelope(client: SMTP, mail: Mail) -> SMTPResponse | None:
    """MAIL, RCPT and DATA; the first answer that is no yes."""
    sender, recipient = f"FROM:<{mail.sender}>".encode(), f"TO:<{mail.recipient}>".encode()
    options = (b"SMTPUTF8",) if mail.utf8 else ()
    for yes, command in ((2, (b"MAIL", sender, *options)), (2, (b"RCPT", recipient)), (3, (b"DATA",))):
        response = await client.execute_command(*command)
        if response.code in _LOGIN:
            raise _Unusable(f"the server wants a login: {response.code} {response.message}")
        # 503 is "bad sequence of commands": we and the server have lost each other.
        if response.code // 100 not in (yes, 4, 5) or response.code == 503:
            raise aiosmtplib.SMTPException(f"an answer we do not know: {response.code} {response.message}")
        if response.code // 100 != yes:
            return response
    return None


async def _forget(client: SMTP) -> None:
    """Ready for the next message; where the server does not answer, over a new connection."""
    try:
        if client.is_connected:
            await client.rset()
    except _GONE:
        client.close()


async def _content(client: SMTP, mail: Mail, timeout: float) -> SMTPResponse:
    """The message itself and the final dot. From the first byte on, the server may have it."""
    if client.protocol is None:
        raise aiosmtplib.SMTPServerDisconnected("connection lost")
    client.protocol.write(re.sub(rb"(?m)^\.", b"..", mail.data) + b".\r\n")
    return await client.protocol.read_response(timeout=timeout)


def _receipt(message: Message, response: SMTPResponse) -> Receipt:
    outcomes: dict[int, Outcome] = {2: "accepted", 4: "retry", 5: "rejected"}
    outcome = outcomes.get(response.code // 100, "uncertain")
    said = f"{response.code} {response.message}".replace("\n", " ")
    return Receipt(
        message.message_id,
        outcome,
        provider_id=response.message[:200] if outcome == "accepted" else None,
        detail="" if outcome == "accepted" else said,
    )


def _tls(settings: EmailSettings) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    context = ssl.create_default_context(cafile=settings.ca_file)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
