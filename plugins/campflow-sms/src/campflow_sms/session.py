"""One connection to a message centre: bound, asked while it is silent, ended in good order (SMPP 3.4, chapter 2)."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Literal

from campflow.errors import ChannelError
from campflow_sms import pdu
from campflow_sms.pdu import BadPdu, Pdu
from campflow_sms.settings import SmppSettings

Role = Literal["transceiver", "transmitter", "receiver"]

_BINDS: Mapping[Role, int] = {
    "transceiver": pdu.BIND_TRANSCEIVER, "transmitter": pdu.BIND_TRANSMITTER, "receiver": pdu.BIND_RECEIVER,
}  # fmt: skip

#: What came from the centre and is not confirmed yet; it keeps what goes beyond that.
_UNCONFIRMED = 500


class NotAsked(Exception):
    """The session had ended before: nothing was said to the centre."""


class NoAnswer(Exception):
    """It was said, and no answer came: the centre may have done it."""


class Session:
    """`arrived` are the deliver_sm of the centre, and a None when the session has ended, for `reason`.

    With `hears` they are kept for who confirms them; without, the centre is told to keep them.
    """

    def __init__(self, settings: SmppSettings, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._settings, self._reader, self._writer = settings, reader, writer
        self._answers: dict[int, asyncio.Future[Pdu]] = {}
        self._sequence = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._heard = asyncio.Event()
        self.arrived: asyncio.Queue[Pdu | None] = asyncio.Queue()
        self.hears = False
        self.reason: str | None = None

    @classmethod
    async def open(cls, settings: SmppSettings, role: Role) -> "Session":
        """Connected and bound. Raises ChannelError with what to do."""
        where = f"{settings.host}:{settings.port}"
        try:
            async with asyncio.timeout(settings.timeout):
                reader, writer = await asyncio.open_connection(settings.host, settings.port, ssl=_tls(settings))
        except (OSError, ValueError) as error:  # time-outs and certificates are OSErrors
            reason = str(error) or "no connection in time"
            raise ChannelError(
                f"cannot reach the message centre at {where}: {reason}: check [channels.sms.smpp]"
            ) from error
        session = cls(settings, reader, writer)
        session._tasks = [asyncio.create_task(session._read()), asyncio.create_task(session._keep())]
        password = settings.password.get_secret_value() if settings.password else ""
        try:
            answer = await session.ask(_BINDS[role], pdu.bind(settings.system_id, password, settings.system_type))
        except (NotAsked, NoAnswer) as error:
            await session.close()
            raise ChannelError(f"the message centre at {where} does not answer: {error}") from error
        except BaseException:
            await session.close()
            raise
        if answer.status != pdu.OK or answer.command == pdu.GENERIC_NACK:
            await session.close()
            raise ChannelError(f"the message centre at {where} refuses to bind: {answer.said}: check `system_id`")
        return session

    async def ask(self, command: int, body: bytes = b"") -> Pdu:
        """A request and its answer, whatever it says. Raises NotAsked and NoAnswer; after a NoAnswer it has ended."""
        if self.reason is not None:
            raise NotAsked(self.reason)
        self._sequence = self._sequence % 0x7FFF_FFFF + 1
        sequence = self._sequence
        answer: asyncio.Future[Pdu] = asyncio.get_running_loop().create_future()
        self._answers[sequence] = answer
        try:
            async with asyncio.timeout(self._settings.timeout):
                self._writer.write(bytes(Pdu(command, 0, sequence, body)))
                await self._writer.drain()
                return await answer
        except TimeoutError as error:
            self._end(f"no answer within {self._settings.timeout:g} seconds")
            raise NoAnswer(self.reason or "") from error
        except OSError as error:
            self._end(f"the connection was lost: {error}")
            raise NoAnswer(self.reason or "") from error
        finally:
            self._answers.pop(sequence, None)

    def confirm(self, arrived: Pdu, status: int = pdu.OK) -> None:
        """Answer a deliver_sm: it is recorded, or why it is not."""
        self._say(Pdu(arrived.command | pdu.RESPONSE, status, arrived.sequence, b"\0"))

    async def close(self) -> None:
        """Take leave, where somebody is there."""
        if self.reason is None:
            with suppress(NotAsked, NoAnswer, TimeoutError):
                async with asyncio.timeout(min(self._settings.timeout, 2.0)):
                    await self.ask(pdu.UNBIND)
        self._end("the session is closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._writer.close()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()

    # --- what comes ----------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            while self.reason is None:
                header = await self._reader.readexactly(pdu.HEADER)
                length = pdu.length_of(header)
                # What was begun must end: nobody holds us with half a PDU.
                async with asyncio.timeout(self._settings.timeout):
                    body = await self._reader.readexactly(length)
                self._heard.set()
                self._take(pdu.read_pdu(header, body))
        except BadPdu as error:
            self._end(f"the message centre sent {error}")
        except TimeoutError:
            self._end("the message centre sent half a PDU")
        except (OSError, asyncio.IncompleteReadError):
            self._end("the message centre closed the connection")

    def _take(self, came: Pdu) -> None:
        if came.command & pdu.RESPONSE:
            answer = self._answers.get(came.sequence)
            if answer is not None and not answer.done():
                answer.set_result(came)
        elif came.command == pdu.ENQUIRE_LINK:
            self._say(Pdu(came.command | pdu.RESPONSE, pdu.OK, came.sequence))
        elif came.command == pdu.DELIVER_SM:
            if self.hears and self.arrived.qsize() < _UNCONFIRMED:
                self.arrived.put_nowait(came)
            else:
                self.confirm(came, pdu.LATER)
        elif came.command == pdu.UNBIND:
            self._say(Pdu(came.command | pdu.RESPONSE, pdu.OK, came.sequence))
            self._end("the message centre ended the session")
        elif came.command != pdu.ALERT:
            self._say(Pdu(pdu.GENERIC_NACK, pdu.BAD_COMMAND, came.sequence))

    async def _keep(self) -> None:
        """Ask the centre whether it is there when it has said nothing for a while."""
        with suppress(NotAsked, NoAnswer):  # both have ended the session
            while self.reason is None:
                self._heard.clear()
                try:
                    async with asyncio.timeout(self._settings.enquire_every):
                        await self._heard.wait()
                except TimeoutError:
                    await self.ask(pdu.ENQUIRE_LINK)

    def _say(self, said: Pdu) -> None:
        if self.reason is None:
            self._writer.write(bytes(said))

    def _end(self, reason: str) -> None:
        if self.reason is not None:
            return
        self.reason = reason
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(ConnectionError(reason))
                answer.exception()  # who waits raises it again; where nobody does, it is no news
        self.arrived.put_nowait(None)


def _tls(settings: SmppSettings) -> ssl.SSLContext | None:
    return ssl.create_default_context(cafile=settings.ca_file) if settings.tls else None
