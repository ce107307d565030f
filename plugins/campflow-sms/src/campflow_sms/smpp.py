"""Messages to a message centre over SMPP 3.4, and receipts and texts from phones over the same connection."""

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from itertools import count
from pathlib import Path
from random import randrange

from campflow.errors import ChannelError, ContentError
from campflow.hooks.contracts import ChannelContext, ContactEvent, Message, Outcome, Reaction, Receipt
from campflow_sms import pdu
from campflow_sms.answers import Answers
from campflow_sms.delivered import Arrived, canonical, read
from campflow_sms.pdu import Address, BadPdu, Pdu, ShortMessage
from campflow_sms.segments import Segments, cut, encode
from campflow_sms.session import NoAnswer, NotAsked, Session
from campflow_sms.settings import SmsSettings
from campflow_sms.texts import number, text_of

#: Seconds of silence after each ESME_RTHROTTLED; then the message is tried again later.
_PAUSES = (0.5, 1.0, 2.0)

#: Statuses after which nothing was taken and a later try may fare better; those that are about us; and the reaction
#: that one of them is. What is in none of them refuses the message.
_TOO_MUCH = frozenset({pdu.THROTTLED, pdu.QUEUE_FULL})
_LATER = _TOO_MUCH | {0x08, pdu.LATER}
_OURS = frozenset({0x04, 0x0A, 0x0D, 0x0E, 0x0F})
_REACTIONS: Mapping[int, str] = {0x0B: "bounced"}

#: Deliveries and texts that are recorded at a time.
_TOGETHER = 100


class SmppChannel:
    def __init__(self, settings: SmsSettings, context: ChannelContext) -> None:
        if settings.smpp is None:
            raise ChannelError("`[channels.sms.smpp]` is not written, and the provider is smpp")
        smpp = settings.smpp
        if smpp.ca_file:
            smpp = smpp.model_copy(update={"ca_file": str(Path(context.folder) / smpp.ca_file)})
        self._settings, self._smpp = settings, smpp
        self._source = Address.of(settings.sender)
        self._answers = Answers(settings, context.sender)
        self._session: Session | None = None
        self._receiver: Session | None = None
        # No secret: phones only tell the texts of one sender apart by it.
        self._references = count(randrange(0x10000))  # noqa: S311
        self._slow = asyncio.Lock()

    async def open(self) -> None:
        separate = self._smpp.bind == "separate"
        self._session = await Session.open(self._smpp, "transmitter" if separate else "transceiver")

    async def deliver(self, messages: Sequence[Message]) -> AsyncIterator[Receipt]:
        session = self._open()
        room, given_up = asyncio.Semaphore(self._smpp.window), asyncio.Event()
        tasks = [asyncio.create_task(self._send(session, each, room, given_up)) for each in messages]
        trouble: ChannelError | None = None
        try:
            for task in asyncio.as_completed(tasks):
                receipt, wrong = await task
                trouble = trouble or wrong
                yield receipt
        finally:
            for each in tasks:
                each.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if trouble is None and session.reason is not None:
            trouble = ChannelError(f"the session with the message centre has ended: {session.reason}")
        if trouble is not None:
            raise trouble

    async def close(self) -> None:
        for session in (self._receiver, self._session):
            if session is not None:
                await session.close()
        self._session = self._receiver = None

    # --- out -----------------------------------------------------------------------------------------------------

    async def _send(
        self, session: Session, message: Message, room: asyncio.Semaphore, given_up: asyncio.Event
    ) -> tuple[Receipt, ChannelError | None]:
        """What became of a message, and what is wrong with more than this one."""
        id = message.message_id
        try:
            segments = text_of(message, self._settings.max_segments)
            bodies = self._bodies(Address(1, 1, number(message.address)), segments)
        except ContentError as error:
            return Receipt(id, "rejected", detail=str(error)), None
        taken = 0
        async with room:
            for body in bodies:
                if given_up.is_set() and not taken:
                    return Receipt(id, "retry", detail="the message centre takes no more for now"), None
                try:
                    answer = await self._submit(session, body, given_up)
                except NotAsked as error:
                    return Receipt(id, _unless(taken, "retry"), detail=_part(taken, bodies, str(error))), None
                except NoAnswer as error:
                    return Receipt(id, "uncertain", detail=_part(taken, bodies, str(error))), None
                if answer.status != pdu.OK or answer.command == pdu.GENERIC_NACK:
                    return self._refused(id, answer, _part(taken, bodies, answer.said), taken)
                taken += 1
        return self._accepted(id, answer, len(segments)), None

    async def _submit(self, session: Session, body: bytes, given_up: asyncio.Event) -> Pdu:
        """The answer to one segment. Where the centre is throttled, all wait, and one tries."""
        if self._slow.locked():
            async with self._slow:
                pass
        answer = await session.ask(pdu.SUBMIT_SM, body)
        if answer.status not in _TOO_MUCH:
            return answer
        async with self._slow:
            for pause in _PAUSES:
                if given_up.is_set():
                    return answer
                await asyncio.sleep(pause)
                answer = await session.ask(pdu.SUBMIT_SM, body)
                if answer.status not in _TOO_MUCH:
                    return answer
            given_up.set()
        return answer

    def _accepted(self, id: int, answer: Pdu, segments: int) -> Receipt:
        try:
            known = canonical(pdu.read_id(answer.body), self._smpp.receipt_ids, receipt=False)
        except BadPdu:
            known = ""
        return Receipt(id, "accepted", provider_id=known or None, cost=self._settings.cost(segments))

    def _refused(self, id: int, answer: Pdu, detail: str, taken: int) -> tuple[Receipt, ChannelError | None]:
        if answer.status in _OURS:
            wrong = ChannelError(f"the message centre refuses us: {answer.said}: check [channels.sms]")
            return Receipt(id, _unless(taken, "retry"), detail=detail), wrong
        if answer.status in _LATER:
            return Receipt(id, _unless(taken, "retry"), detail=detail), None
        reaction = None if taken else _REACTIONS.get(answer.status)
        return Receipt(id, _unless(taken, "rejected"), detail=detail, reaction=reaction), None

    def _bodies(self, to: Address, segments: Segments) -> list[bytes]:
        """A submit_sm for each segment. The receipt of the last one is that of the message."""
        coding = 0 if segments.alphabet == "gsm7" else 8
        pieces = [encode(each, segments.alphabet) for each in segments.texts]
        long, total = self._smpp.long, len(pieces)
        if total > 1 and long == "payload":
            whole = ShortMessage(self._source, to, b"", coding, 0, True, {pdu.PAYLOAD: b"".join(pieces)})
            return [bytes(whole)]
        reference, found = next(self._references) & 0xFFFF, []
        for place, piece in enumerate(pieces, 1):
            esm_class, extra = 0, dict[int, bytes]()
            if total > 1 and long == "udh":
                esm_class, piece = pdu.HAS_HEADER, bytes([5, 0, 3, reference & 0xFF, total, place]) + piece
            elif total > 1:
                extra = {
                    pdu.SAR_REFERENCE: reference.to_bytes(2, "big"),
                    pdu.SAR_TOTAL: bytes([total]),
                    pdu.SAR_NUMBER: bytes([place]),
                }
            found.append(bytes(ShortMessage(self._source, to, piece, coding, esm_class, place == total, extra)))
        return found

    def _open(self) -> Session:
        if self._session is None:
            raise ChannelError("the channel is not open")
        return self._session

    # --- in ------------------------------------------------------------------------------------------------------

    async def listen(self) -> AsyncIterator[Sequence[Reaction | ContactEvent]]:
        """Receipts and texts as they come. They are confirmed when they are recorded, and answered then."""
        session = self._open()
        if self._smpp.bind == "separate":
            session = self._receiver = await Session.open(self._smpp, "receiver")
        session.hears = True
        try:
            while True:
                arrived = await _batch(session)
                if not arrived:
                    raise ChannelError(f"the session with the message centre has ended: {session.reason}")
                reactions: list[Reaction] = []
                answers: list[tuple[Address, str]] = []
                readable: list[Pdu] = []
                for each in arrived:
                    try:
                        self._read(pdu.read_message(each.body), reactions, answers)
                        readable.append(each)
                    except BadPdu:
                        session.confirm(each, pdu.NEVER)
                if reactions:
                    yield reactions
                for each in readable:
                    session.confirm(each)
                for to, text in answers:
                    await self._answer(to, text)
        finally:
            session.hears = False

    def _read(self, came: ShortMessage, reactions: list[Reaction], answers: list[tuple[Address, str]]) -> None:
        """Raises BadPdu."""
        now = dt.datetime.now(dt.UTC)
        said = read(came, now, self._smpp.receipt_ids)
        if isinstance(said, Arrived):
            heard = self._answers.read(said.phone, said.text, now, said.id, keyword=said.part == 1)
            if heard.answer:
                answers.append((came.source, heard.answer))
            said = heard.reaction
        if said is not None:
            reactions.append(said)

    async def _answer(self, to: Address, text: str) -> None:
        """An answer that does not get through is not tried again: who asks once more gets one."""
        try:
            for body in self._bodies(to, cut(text)):
                await self._open().ask(pdu.SUBMIT_SM, body)
        except (NotAsked, NoAnswer, BadPdu):
            return


async def _batch(session: Session) -> list[Pdu]:
    """What has arrived, at least one; nothing more when the session has ended."""
    found = []
    came = await session.arrived.get()
    while came is not None:
        found.append(came)
        if len(found) == _TOGETHER or session.arrived.empty():
            return found
        came = session.arrived.get_nowait()
    session.arrived.put_nowait(None)
    return found


def _unless(taken: int, outcome: Outcome) -> Outcome:
    """What a message has come to; one of which a part is out already cannot be called back, nor sent again."""
    return "uncertain" if taken else outcome


def _part(taken: int, bodies: Sequence[bytes], reason: str) -> str:
    return f"{taken} of {len(bodies)} segments were taken, then: {reason}" if taken else reason
