"""The PDUs of SMPP 3.4 that are needed, as bytes and back. What comes is hostile: every length is checked.

The libraries there are keep a queue and try again by themselves; here the database decides what goes out, and when.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

#: Octets of a header, and of a whole PDU: a `message_payload` of 65,535 and everything else (SMPP 3.4, 5.3.2.32).
HEADER, LONGEST = 16, 70_000

GENERIC_NACK, BIND_RECEIVER, BIND_TRANSMITTER, SUBMIT_SM, DELIVER_SM = 0x8000_0000, 0x01, 0x02, 0x04, 0x05
UNBIND, BIND_TRANSCEIVER, ENQUIRE_LINK, ALERT = 0x06, 0x09, 0x15, 0x102
RESPONSE = 0x8000_0000

#: Statuses (SMPP 3.4, 5.1.3) that are told apart; the others are shown as their numbers.
STATUSES: Mapping[int, str] = {
    0x00: "ESME_ROK", 0x01: "ESME_RINVMSGLEN", 0x02: "ESME_RINVCMDLEN", 0x03: "ESME_RINVCMDID",
    0x04: "ESME_RINVBNDSTS", 0x05: "ESME_RALYBND", 0x08: "ESME_RSYSERR", 0x0A: "ESME_RINVSRCADR",
    0x0B: "ESME_RINVDSTADR", 0x0D: "ESME_RBINDFAIL", 0x0E: "ESME_RINVPASWD", 0x0F: "ESME_RINVSYSID",
    0x14: "ESME_RMSGQFUL", 0x45: "ESME_RSUBMITFAIL", 0x58: "ESME_RTHROTTLED", 0x64: "ESME_RX_T_APPN",
    0x65: "ESME_RX_P_APPN", 0x66: "ESME_RX_R_APPN", 0xFF: "ESME_RUNKNOWNERR",
}  # fmt: skip
OK, BAD_COMMAND, THROTTLED, QUEUE_FULL, LATER, NEVER = 0x00, 0x03, 0x58, 0x14, 0x64, 0x65

#: Optional parameters (SMPP 3.4, 5.3.2).
RECEIPTED_ID, SAR_REFERENCE, SAR_TOTAL, SAR_NUMBER, PAYLOAD, STATE = 0x001E, 0x020C, 0x020E, 0x020F, 0x0424, 0x0427

#: Of `esm_class`: the kind of a message from the centre, a receipt, and the header before the text.
KIND, RECEIPT, HAS_HEADER = 0x3C, 0x04, 0x40


class BadPdu(ValueError):
    """Bytes that are no PDU."""


@dataclass(frozen=True, slots=True)
class Pdu:
    """`command` with RESPONSE in it is an answer; `sequence` is what it answers."""

    command: int
    status: int
    sequence: int
    body: bytes = b""

    def __bytes__(self) -> bytes:
        return struct.pack(">IIII", HEADER + len(self.body), self.command, self.status, self.sequence) + self.body

    @property
    def said(self) -> str:
        return STATUSES.get(self.status, f"status 0x{self.status:08x}")


@dataclass(frozen=True, slots=True)
class Address:
    """Type of number, numbering plan, and the number without a plus."""

    ton: int = 0
    npi: int = 0
    number: str = ""

    @classmethod
    def of(cls, text: str | None) -> "Address":
        """A number with its plus, a short code, or a name."""
        if not text:
            return cls()
        if text.startswith("+"):
            return cls(1, 1, text[1:])
        return cls(3, 0, text) if text.isdigit() else cls(5, 0, text)


@dataclass(frozen=True, slots=True)
class ShortMessage:
    """What a submit_sm and a deliver_sm hold; `extra` are optional parameters by their tags, the first of each."""

    source: Address
    destination: Address
    text: bytes = b""
    coding: int = 0
    esm_class: int = 0
    receipt: bool = False
    extra: Mapping[int, bytes] = field(default_factory=dict)

    def __bytes__(self) -> bytes:
        if len(self.text) > 254:
            raise BadPdu(f"{len(self.text)} octets of text, and 254 is the most")
        fixed = bytes([self.esm_class, 0, 0]) + b"\0\0" + bytes([int(self.receipt), 0, self.coding, 0, len(self.text)])
        more = b"".join(struct.pack(">HH", tag, len(value)) + value for tag, value in self.extra.items())
        return b"\0" + _address(self.source) + _address(self.destination) + fixed + self.text + more

    @property
    def payload(self) -> bytes:
        """The octets of the text, wherever they stand."""
        return self.text or self.extra.get(PAYLOAD, b"")


def bind(system_id: str, password: str, system_type: str) -> bytes:
    """The body of a bind of any kind; 0x34 is version 3.4."""
    names = b"".join(_cstring(each) for each in (system_id, password, system_type))
    return names + b"\x34\0\0\0"


def length_of(header: bytes) -> int:
    """How many octets follow a header. Raises BadPdu where that cannot be a PDU."""
    length = int.from_bytes(header[:4], "big")
    if not HEADER <= length <= LONGEST:
        raise BadPdu(f"a PDU of {length:,} octets")
    return length - HEADER


def read_pdu(header: bytes, body: bytes) -> Pdu:
    _, command, status, sequence = struct.unpack(">IIII", header)
    return Pdu(command, status, sequence, body)


def read_message(body: bytes) -> ShortMessage:
    """The body of a deliver_sm or a submit_sm. Raises BadPdu."""
    reader = _Reader(body)
    reader.cstring(6)
    source, destination = reader.address(), reader.address()
    esm_class, _, _ = reader.octets(3)
    reader.cstring(17)
    reader.cstring(17)
    receipt, _, coding, _, length = reader.octets(5)
    text = reader.octets(length)
    return ShortMessage(source, destination, text, coding, esm_class, bool(receipt & 1), reader.parameters())


def read_id(body: bytes) -> str:
    """The message id of a submit_sm_resp; empty where there is none. Raises BadPdu."""
    return _Reader(body).cstring(65) if body else ""


class _Reader:
    def __init__(self, body: bytes) -> None:
        self._body, self._place = body, 0

    def octets(self, count: int) -> bytes:
        found = self._body[self._place : self._place + count]
        if len(found) < count:
            raise BadPdu("it ends too early")
        self._place += count
        return found

    def cstring(self, longest: int) -> str:
        """A text up to its NUL, which is one of `longest` octets."""
        end = self._body.find(b"\0", self._place, self._place + longest)
        if end < 0:
            raise BadPdu(f"a field of more than {longest - 1} octets")
        found = self._body[self._place : end]
        self._place = end + 1
        return found.decode("latin-1")

    def address(self) -> Address:
        ton, npi = self.octets(2)
        return Address(ton, npi, self.cstring(21))

    def parameters(self) -> dict[int, bytes]:
        found: dict[int, bytes] = {}
        while self._place < len(self._body):
            tag, length = struct.unpack(">HH", self.octets(4))
            found.setdefault(tag, self.octets(length))
        return found


def _address(address: Address) -> bytes:
    return bytes([address.ton, address.npi]) + _cstring(address.number)


def _cstring(text: str) -> bytes:
    octets = text.encode("latin-1")
    if b"\0" in octets:
        raise BadPdu("a NUL inside of a field")
    return octets + b"\0"
