"""SMPP against a message centre that is not ours, and against one that sends rubbish."""

import asyncio
import datetime as dt
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.message_centre import Centre, centre, needed

from campflow.errors import ChannelError
from campflow.hooks.contracts import ChannelContext, Message, Reaction, Receipt, Sender
from campflow.testing import Answer, ChannelContract, Provider
from campflow.testing.samples import message as sample
from campflow_sms import SMS, pdu
from campflow_sms.delivered import Arrived, read
from campflow_sms.pdu import Address, BadPdu, ShortMessage
from campflow_sms.smpp import SmppChannel

CONTEXT = ChannelContext("", Sender("Acme", "hello@acme.example"))
NOW = dt.datetime(2026, 3, 2, 8, tzinfo=dt.UTC)
PHONE = {"source_addr_ton": 1, "source_addr_npi": 1, "source_addr": "33612345678", "destination_addr": "36000"}


def settings(port: int, **more: object) -> dict[str, object]:
    smpp = {"host": "127.0.0.1", "port": port, "system_id": "acme", "password": "secret", "tls": False, "timeout": 5.0}
    return {"provider": "smpp", "sender": "+15552345678", "price": "0.05 EUR", "smpp": {**smpp, **more}}


def phone(number: int) -> str:
    return f"+3361234{number:04d}"


def message(number: int, text: str = "Hello") -> Message:
    return sample(SMS, number, "{{ text }}", phone(number), text=text)


@pytest.fixture
def smsc() -> Iterator[Centre]:
    with centre() as made:
        yield made


@asynccontextmanager
async def opened(port: int, **more: object) -> AsyncIterator[SmppChannel]:
    made = SMS.make(SMS.settings.model_validate(settings(port, **more)), CONTEXT)
    assert isinstance(made, SmppChannel)
    await made.open()
    try:
        yield made
    finally:
        await made.close()


def run(port: int, work: Callable[[SmppChannel], Awaitable[Any]], **more: object) -> Any:
    async def whole() -> Any:
        async with asyncio.timeout(20), opened(port, **more) as channel:
            return await work(channel)

    return asyncio.run(whole())


async def receipts(channel: SmppChannel, messages: Sequence[Message]) -> dict[int, Receipt]:
    found: dict[int, Receipt] = {}
    try:
        async for receipt in channel.deliver(messages):
            found[receipt.message_id] = receipt
    except ChannelError as error:
        found[0] = Receipt(0, "retry", detail=str(error))
    return found


@needed
@pytest.mark.parametrize("long", ["udh", "sar", "payload"])
@pytest.mark.parametrize("text", ["x{€}" * 60 + "end", "Ж😀" * 50 + "end", "@£é^[]"])
def test_a_text_arrives_as_it_is_read(long: str, text: str, smsc: Centre) -> None:
    found = run(smsc.port, lambda channel: receipts(channel, [message(1, text)]), long=long)
    assert found[1].outcome == "accepted"
    assert smsc.texts() == {"33612340001": text}
    parts = len(smsc.taken)
    is_long = len(text) > 100
    segments = 3 if is_long else 1
    assert parts == (1 if long == "payload" else segments)
    assert found[1].cost == f"{0.05 * segments:.2f} EUR"
    first = smsc.taken[0]
    assert (first["from"], first["source_ton"], first["ton"]) == ("15552345678", 1, 1)
    assert first["coding"] == (8 if "Ж" in text else 0)
    assert [each["receipt"] for each in smsc.taken] == [0] * (parts - 1) + [1]
    if parts > 1 and long == "udh":
        headers = [each["udh"][0] for each in smsc.taken]
        assert [header[3:] for header in headers] == [[parts, place] for place in range(1, parts + 1)]
        assert len({header[2] for header in headers}) == 1
    if parts > 1 and long == "sar":
        assert [each["sar"][1:] for each in smsc.taken] == [[place, parts] for place in range(1, parts + 1)]


@needed
@pytest.mark.parametrize(
    ("status", "outcome", "reaction"),
    [(0x0B, "rejected", "bounced"), (0x45, "rejected", None), (0x08, "retry", None), (0x0A, "retry", None)],
)
def test_what_a_status_means(status: int, outcome: str, reaction: str | None, smsc: Centre) -> None:
    smsc.answer("33612340002", status=status)
    found = run(smsc.port, lambda channel: receipts(channel, [message(1), message(2), message(3)]))
    assert [found[each].outcome for each in (1, 2, 3)] == ["accepted", outcome, "accepted"]
    assert found[2].reaction == reaction
    assert (0 in found) == (status == 0x0A), "a sender that the centre does not know is everybody's trouble"


@needed
def test_a_throttled_centre_is_given_time_and_nothing_goes_twice(smsc: Centre) -> None:
    smsc.answer("33612340001", status=pdu.THROTTLED, times=2)
    found = run(smsc.port, lambda channel: receipts(channel, [message(number) for number in range(1, 9)]))
    assert {each.outcome for each in found.values()} == {"accepted"}
    assert sorted(each["to"] for each in smsc.taken) == [phone(number)[1:] for number in range(1, 9)]


@needed
def test_a_text_of_which_a_part_is_out_is_uncertain_and_not_sent_again(smsc: Centre) -> None:
    async def work(channel: SmppChannel) -> dict[int, Receipt]:
        delivery = asyncio.create_task(receipts(channel, [message(1, "x" * 300)]))
        await asyncio.to_thread(smsc.expect, "to")
        smsc.tell(cut=True)
        return await delivery

    smsc.answer("33612340001", silent=True)
    found = run(smsc.port, work)
    assert found[1].outcome == "uncertain"
    assert "closed the connection" in found[0].detail


@needed
def test_wrong_words_at_the_door_say_what_to_do(smsc: Centre) -> None:
    with pytest.raises(ChannelError, match="refuses to bind: ESME_RINVPASWD: check `system_id`"):
        run(smsc.port, lambda channel: receipts(channel, []), password="wrong")


@needed
def test_leaving_is_said_and_a_silent_line_is_asked(smsc: Centre) -> None:
    async def work(channel: SmppChannel) -> None:
        assert (await asyncio.to_thread(smsc.expect, "bound"))["version"] == 0x34
        smsc.tell(enquire=True)
        assert (await asyncio.to_thread(smsc.expect, "alive"))["alive"] == 0
        await asyncio.to_thread(smsc.expect, "enquired")

    run(smsc.port, work, enquire_every=1)
    smsc.expect("unbound")


@needed
def test_a_centre_that_leaves_ends_the_listening_and_the_next_delivery_takes_nothing(smsc: Centre) -> None:
    async def work(channel: SmppChannel) -> dict[int, Receipt]:
        listening = asyncio.create_task(heard(channel, 1))
        await asyncio.sleep(0)
        smsc.tell(unbind=True)
        with pytest.raises(ChannelError, match="ended the session"):
            await listening
        return await receipts(channel, [message(1)])

    found = run(smsc.port, work)
    assert (found[1].outcome, "ended the session" in found[0].detail) == ("retry", True)
    assert smsc.taken == []


async def heard(channel: SmppChannel, count: int) -> list[Any]:
    """So many reactions. The last ones are confirmed when the next are asked for, so it asks."""
    found: list[Any] = []
    async for told in channel.listen():
        found += told
        if len(found) >= count:
            break
    return found


@needed
def test_receipts_and_texts_come_over_the_same_line_and_are_confirmed_when_they_are_recorded(smsc: Centre) -> None:
    confirmed = []

    async def work(channel: SmppChannel) -> list[Any]:
        (sent,) = (await receipts(channel, [message(1)])).values()
        receipt = (
            f"id:{sent.provider_id} sub:001 dlvrd:001 submit date:2603020800 done date:2603020801 stat:DELIVRD err:000"
        )
        listening = channel.listen()
        first = asyncio.ensure_future(anext(listening))
        await asyncio.sleep(0)
        smsc.tell(deliver={**PHONE, "esm_class": 4, "short_message": receipt})
        found = list(await first)
        second = asyncio.ensure_future(anext(listening))
        confirmed.append(await asyncio.to_thread(smsc.expect, "confirmed"))
        smsc.tell(deliver={**PHONE, "short_message": "Arrêt !", "data_coding": 8})
        found += await second
        third = asyncio.ensure_future(anext(listening))
        answer = await asyncio.to_thread(smsc.expect, "to")
        assert answer["to"] == "33612345678"
        assert "désinscription" in answer["message"]
        third.cancel()
        await asyncio.gather(third, return_exceptions=True)
        return found

    delivered, stopped = run(smsc.port, work)
    assert (delivered.name, delivered.provider_id) == ("delivered", "1a01")
    assert (stopped.name, stopped.address, stopped.text) == ("unsubscribed", "+33612345678", "Arrêt !")
    assert confirmed == [{"confirmed": 0}]


@needed
def test_who_does_not_listen_leaves_it_with_the_centre(smsc: Centre) -> None:
    async def work(channel: SmppChannel) -> int:
        smsc.tell(deliver={**PHONE, "short_message": "STOP"})
        return int((await asyncio.to_thread(smsc.expect, "confirmed"))["confirmed"])

    assert run(smsc.port, work) == pdu.LATER


@needed
def test_two_lines_where_one_sends_and_one_hears(smsc: Centre) -> None:
    async def work(channel: SmppChannel) -> list[Any]:
        listening = asyncio.create_task(heard(channel, 1))
        while (await asyncio.to_thread(smsc.expect, "bound"))["bound"] != "bind_receiver":
            pass
        smsc.tell(deliver={**PHONE, "short_message": "yes"})
        return await listening

    (reply,) = run(smsc.port, work, bind="separate")
    assert (reply.name, reply.text) == ("replied", "yes")


@needed
def test_over_tls_the_centre_has_to_show_who_it_is(tmp_path: Path) -> None:
    authority, other = trustme.CA(), trustme.CA()
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "centre.pem"))
    for name, each in (("right.pem", authority), ("wrong.pem", other)):
        each.cert_pem.write_to_path(str(tmp_path / name))
    with centre(tmp_path / "centre.pem") as smsc:
        secure = {"tls": True, "ca_file": str(tmp_path / "right.pem")}
        found = run(smsc.port, lambda channel: receipts(channel, [message(1)]), **secure)
        assert found[1].outcome == "accepted"
        with pytest.raises(ChannelError, match="cannot reach the message centre"):
            run(smsc.port, lambda channel: receipts(channel, []), tls=True, ca_file=str(tmp_path / "wrong.pem"))


class _Desk:
    def __init__(self, smsc: Centre) -> None:
        self._centre = smsc
        self.settings: Mapping[str, object] = settings(smsc.port, timeout=2.0)

    def taken(self) -> Sequence[str]:
        return list(self._centre.texts().values())

    def will_answer(self, answer: Answer, message: Message) -> None:
        how: dict[Answer, dict[str, object]] = {
            "no": {"status": 0x45}, "later": {"status": pdu.THROTTLED}, "silence": {"silent": True},
        }  # fmt: skip
        self._centre.answer(message.address[1:], **how[answer])


@needed
class TestSmpp(ChannelContract):
    plugin = SMS
    answers = frozenset({"no", "later", "silence"})
    nowhere = {"smpp": {**settings(9)["smpp"]}}  # type: ignore[dict-item]  # noqa: RUF012  (declared in the suite)

    @pytest.fixture
    def provider(self) -> Iterator[Provider]:
        with centre() as smsc:
            yield _Desk(smsc)

    def address(self, number: int) -> str:
        return phone(number)


# --- what comes is hostile -----------------------------------------------------------------------------------------

BOUND = bytes(pdu.Pdu(pdu.BIND_TRANSCEIVER | pdu.RESPONSE, 0, 1, b"smsc\0"))


@pytest.mark.parametrize(
    ("rubbish", "reason"),
    [
        (struct.pack(">IIII", 0xFFFF_FFFF, pdu.DELIVER_SM, 0, 1), "a PDU of 4,294,967,295 octets"),
        (struct.pack(">IIII", 3, pdu.DELIVER_SM, 0, 1), "a PDU of 3 octets"),
        (struct.pack(">IIII", 70_001, pdu.DELIVER_SM, 0, 1), "a PDU of 70,001 octets"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "a PDU of"),
        (b"\0\0\0\x14", "closed the connection"),
    ],
)
def test_bytes_that_are_no_pdu_end_the_session(rubbish: bytes, reason: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(pdu.HEADER)
        writer.write(BOUND + rubbish)
        await writer.drain()
        writer.close()

    async def work() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, asyncio.timeout(10), opened(server.sockets[0].getsockname()[1]) as channel:
            with pytest.raises(ChannelError, match=reason):
                await heard(channel, 1)

    asyncio.run(work())


def test_commands_that_nobody_knows_and_texts_that_cannot_be_read_are_refused_one_by_one() -> None:
    said: list[tuple[int, int, int]] = []
    goes_on = asyncio.Event()
    good = ShortMessage(Address(1, 1, "33612345678"), Address(3, 0, "36000"), b"yes")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        header = await reader.readexactly(pdu.HEADER)
        await reader.readexactly(pdu.length_of(header))
        writer.write(BOUND)
        await goes_on.wait()
        for number, (command, body) in enumerate(
            [(0x7777, b""), (pdu.DELIVER_SM, b"\xff" * 40), (pdu.DELIVER_SM, bytes(good))], 7
        ):
            writer.write(bytes(pdu.Pdu(command, 0, number, body)))
        while header := await reader.read(pdu.HEADER):
            length, command, status, sequence = struct.unpack(">IIII", header)
            await reader.readexactly(length - pdu.HEADER)
            said.append((command, status, sequence))
            if command == pdu.UNBIND:
                break
        writer.close()

    async def work() -> list[Any]:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, asyncio.timeout(10), opened(port) as channel:
            listening = asyncio.create_task(heard(channel, 1))
            await asyncio.sleep(0)
            goes_on.set()
            return await listening

    (reply,) = asyncio.run(work())
    assert reply.text == "yes"
    answer = pdu.DELIVER_SM | pdu.RESPONSE
    assert said[0] == (pdu.GENERIC_NACK, pdu.BAD_COMMAND, 7)
    assert (answer, pdu.NEVER, 8) in said
    assert (answer, pdu.OK, 9) not in said, "what is not known to be recorded is not confirmed"


@pytest.mark.parametrize("body", [b"", b"\0", b"\0" * 16, bytes(ShortMessage(Address(), Address(), b"x" * 9))[:-1]])
def test_a_message_that_ends_too_early_is_none(body: bytes) -> None:
    with pytest.raises(BadPdu):
        pdu.read_message(body)


def test_parameters_longer_than_what_is_there_are_refused() -> None:
    whole = bytes(ShortMessage(Address(), Address(), b"x"))
    with pytest.raises(BadPdu, match="too early"):
        pdu.read_message(whole + struct.pack(">HH", pdu.PAYLOAD, 0xFFFF) + b"x")


def came(text: bytes = b"", esm_class: int = 0, coding: int = 0, **more: Any) -> ShortMessage:
    return ShortMessage(Address(1, 1, "33612345678"), Address(3, 0, "36000"), text, coding, esm_class, **more)


@pytest.mark.parametrize(
    ("message", "ids", "name", "known"),
    [
        (came(b"id:6699 stat:DELIVRD err:000", 4), "same", "delivered", "6699"),
        (came(b"id:6699 stat:DELIVRD err:000", 4), "decimal", "delivered", "6699"),
        (came(b"id:1A2B stat:UNDELIV err:011", 4), "hex", "failed", "6699"),
        (
            came(b"id:x stat:EXPIRED", 4, extra={pdu.RECEIPTED_ID: b"1a2b\0", pdu.STATE: b"\x02"}),
            "same",
            "delivered",
            "1a2b",
        ),
        (came(extra={pdu.RECEIPTED_ID: b"7\0", pdu.STATE: b"\x08"}), "same", "failed", "7"),
    ],
)
def test_a_receipt_names_its_message(message: ShortMessage, ids: Any, name: str, known: str) -> None:
    said = read(message, NOW, ids)
    assert isinstance(said, Reaction)
    assert (said.name, said.provider_id, said.id) == (name, known, f"{known}.{name}")


@pytest.mark.parametrize("text", [b"id:1 stat:ENROUTE", b"id:1 stat:ACCEPTD", b"id:1 stat:WHATEVR"])
def test_what_is_still_on_its_way_is_no_reaction(text: bytes) -> None:
    assert read(came(text, 4), NOW, "same") is None


def test_nobody_forges_a_receipt_by_writing_one() -> None:
    said = read(came(b"id:6699 stat:DELIVRD err:000"), NOW, "same")
    assert isinstance(said, Arrived)


def test_the_parts_of_a_longer_text_are_told_apart_and_the_same_again_has_the_same_id() -> None:
    first, second = (came(bytes([5, 0, 3, 9, 2, place]) + b"STOP", pdu.HAS_HEADER) for place in (1, 2))
    one, two, again = (read(each, NOW, "same") for each in (first, second, first))
    assert isinstance(one, Arrived)
    assert isinstance(two, Arrived)
    assert (one.text, one.part, two.part) == ("STOP", 1, 2)
    assert one == again
    assert one.id != two.id


@pytest.mark.parametrize("text", [b"", b"\xff", b"\x05\0\3", b"\x02\0"])
def test_a_header_longer_than_its_text_is_refused(text: bytes) -> None:
    with pytest.raises(BadPdu):
        read(came(text, pdu.HAS_HEADER), NOW, "same")


@pytest.mark.parametrize(
    ("coding", "text"), [(8, b"\xd8\x00\x00"), (0, bytes(range(256))), (3, b"\0\r\n\xe9"), (4, b"\1")]
)
def test_any_octets_are_a_text_or_none(coding: int, text: bytes) -> None:
    said = read(came(text, coding=coding), NOW, "same")
    assert said is None if coding == 4 else isinstance(said, Arrived)
