"""Mail over SMTP: a few connections side by side, each used again and again."""

import asyncio
import datetime as dt
import ssl
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import aiosmtplib
from aiosmtplib import SMTP

from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import Message, Outcome, Receipt, Sender
from campflow.hooks.reactions import Reaction
from campflow_email.answers import Answers
from campflow_email.mime import Mail, build
from campflow_email.session import Gone, Reply, Session, Unusable
from campflow_email.settings import EmailSettings

if TYPE_CHECKING:  # OpenSSL is loaded where mail is signed
    from campflow_email.dkim import Signer

#: Connections lost one after the other, with no answer in between, until we leave the server alone.
_LOST = 3

#: What the first digit of a no says of the message.
_OUTCOMES: Mapping[int, Outcome] = {4: "retry", 5: "rejected"}

_FAILED = (aiosmtplib.SMTPException, OSError, asyncio.TimeoutError, ValueError)


class SmtpChannel:
    """One server. A message is begun once more where a connection was lost before its content went out."""

    def __init__(
        self,
        settings: EmailSettings,
        sender: Sender,
        answers: Answers | None = None,
        signer: "Signer | None" = None,
    ) -> None:
        self._settings = settings
        self._sender = sender
        self._answers = answers or Answers(None, settings.inbox_every)
        self._signer = signer
        self._idle: list[Session] = []

    async def open(self) -> None:
        try:
            self._idle.append(await self._connect())
        except Unusable as error:
            raise ChannelError(str(error)) from error

    async def close(self) -> None:
        await self._answers.close()
        idle, self._idle = self._idle, []
        await asyncio.gather(*(session.say_goodbye() for session in idle))

    def listen(self) -> AsyncIterator[Sequence[Reaction]]:
        return self._answers.listen()

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        """Receipts come when the window is through, in one go: who is woken for each of them does little else."""
        window = _Window(messages, self._build)
        count = min(self._settings.connections, len(messages))
        ended = asyncio.gather(*(self._work(window) for _ in range(count)), return_exceptions=True)
        given_up: asyncio.CancelledError | None = None
        try:
            for error in await ended:
                if isinstance(error, Exception):
                    window.trouble = window.trouble or f"{type(error).__name__}: {error}"
        # What is known is said all the same; the workers have ended.
        except asyncio.CancelledError as error:
            given_up = error
            window.trouble = window.trouble or "the window was given up"
        for receipt in window.receipts:
            yield receipt
        for message in window.work:
            yield Receipt(message.message_id, "retry", detail=window.trouble)
        if given_up is not None:
            raise given_up
        if window.trouble:
            raise ChannelError(window.trouble)

    def _build(self, message: Message) -> Mail:
        now, path = dt.datetime.now(dt.UTC), self._settings.return_path
        mail = build(message, self._sender, now, path.replace("{key}", message.key) if path else None)
        if self._signer is None:
            return mail
        return replace(mail, data=self._signer.signature(mail.data, int(now.timestamp())) + mail.data)

    async def _work(self, window: "_Window") -> None:
        """Send messages of the window over one connection after another, until none is left or the server is down."""
        session: Session | None = None
        letter: _Letter | None = None
        lost, clean = 0, False
        try:
            while window.work or letter:
                if session is None or not session.usable:
                    if lost >= _LOST:
                        raise Unusable(f"{self._server} keeps hanging up: {window.last_loss}")
                    session = await self._session()
                if window.trouble:
                    break
                if (letter := letter or window.take(session)) is None:
                    continue
                try:
                    refusal = await session.envelope(letter.mail)
                except Gone as error:
                    session.close()
                    window.put_back(letter.message, f"the connection was lost: {error}")
                    letter = None
                else:
                    # From here on the server may have it: it is not put back, whatever happens.
                    sent, letter = letter, None
                    if refusal is not None:
                        window.settle(sent, refusal)
                    else:
                        letter = window.take(session) if session.pipelining and not window.trouble else None
                        await self._content(session, window, sent, letter)
                lost = 0 if session.usable else lost + 1
            clean = True
        except Unusable as error:
            window.trouble = window.trouble or str(error)
        finally:
            if letter is not None:
                window.work.appendleft(letter.message)
            if session is not None and clean and session.idle:
                self._idle.append(session)
            elif session is not None:
                session.close()

    async def _content(
        self, session: Session, window: "_Window", letter: "_Letter", following: "_Letter | None"
    ) -> None:
        """Hand over what the server is ready for, and begin the next one."""
        try:
            window.settle(letter, await session.content(letter.mail, following.mail if following else None))
        except Gone as error:
            session.close()
            window.last_loss = str(error)
            detail = f"no answer after the message was sent: {error}"
            window.receipts.append(Receipt(letter.message.message_id, "uncertain", detail=detail))

    async def _session(self) -> Session:
        """One that is open, or a new one. The server may have closed those that were idle."""
        while self._idle:
            session = self._idle.pop()
            if session.usable:
                return session
        return await self._connect()

    @property
    def _server(self) -> str:
        return f"{self._settings.host}:{self._settings.smtp_port}"

    async def _connect(self) -> Session:
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
            raise Unusable(
                f"{self._server} refuses the login: check username and password ({error.message})"
            ) from error
        except ssl.SSLError as error:
            raise Unusable(f"{self._server}: no secure connection: {error}: check `security`, `verify`") from error
        except _FAILED as error:
            raise Unusable(f"cannot use {self._server}: {error}: check host, port and security") from error
        except asyncio.CancelledError:  # the window was given up before the server had greeted
            client.close()
            raise
        return _taken_over(client, settings.timeout)


async def _greet(client: SMTP) -> None:
    """Say who we are, if securing the connection or a login has not done it; old servers know only HELO."""
    if client.is_ehlo_or_helo_needed:
        try:
            await client.ehlo()
        except aiosmtplib.SMTPHeloError:
            await client.helo()


def _taken_over(client: SMTP, timeout: float) -> Session:
    """The library has connected, secured and logged in; what follows is ours to say."""
    transport = client.transport
    if not isinstance(transport, asyncio.Transport):
        raise Unusable("the connection was lost at once: check host, port and security")
    return Session(
        transport,
        pipelining=client.supports_extension("pipelining"),
        utf8=client.supports_extension("smtputf8"),
        timeout=timeout,
    )


@dataclass(frozen=True, slots=True)
class _Letter:
    message: Message
    mail: Mail


class _Window:
    """The messages that workers share, and what became of them. `last_loss` is why the last connection was lost."""

    def __init__(self, messages: Sequence[Message], build: Callable[[Message], Mail]) -> None:
        self.work = deque(messages)
        self.receipts: list[Receipt] = []
        self.trouble = ""
        self.last_loss = ""
        self._build = build
        self._tries: Counter[int] = Counter()

    def take(self, session: Session) -> _Letter | None:
        """The next message that can be a mail; those before it that cannot are rejected."""
        while self.work:
            message = self.work.popleft()
            try:
                mail = self._build(message)
            except ContentError as error:
                self.receipts.append(Receipt(message.message_id, "rejected", detail=str(error)))
                continue
            if not mail.utf8 or session.utf8:
                return _Letter(message, mail)
            detail = "the server takes only addresses in ASCII"
            self.receipts.append(Receipt(message.message_id, "rejected", detail=detail))
        return None

    def settle(self, letter: _Letter, reply: Reply) -> None:
        id = letter.message.message_id
        if reply.code // 100 == 2:
            self.receipts.append(Receipt(id, "accepted", reply.text[:200]))
        else:
            self.receipts.append(Receipt(id, _OUTCOMES.get(reply.code // 100, "uncertain"), detail=str(reply)))

    def put_back(self, message: Message, reason: str) -> None:
        """Begin it again on another connection; the second time it has to wait."""
        self.last_loss = reason
        self._tries[message.message_id] += 1
        if self._tries[message.message_id] < 2:
            self.work.appendleft(message)
        else:
            self.receipts.append(Receipt(message.message_id, "retry", detail=reason))


def _tls(settings: EmailSettings) -> ssl.SSLContext | None:
    if settings.security == "none":
        return None
    context = ssl.create_default_context(cafile=settings.ca_file)
    if not settings.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
