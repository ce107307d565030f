"""What a deliver_sm says: a receipt of a message of ours, or a text from a phone."""

import datetime as dt
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from campflow.hooks.contracts import Reaction
from campflow_sms.pdu import HAS_HEADER, KIND, RECEIPT, RECEIPTED_ID, SAR_NUMBER, STATE, BadPdu, ShortMessage
from campflow_sms.segments import decode_gsm7

#: States of a message (SMPP 3.4, 5.2.28) and their words in a receipt (appendix B), and our reactions. What is not here
#: is none: it is still on its way. None of them says that nobody has the number.
STATES: Mapping[int | str, str] = {
    2: "delivered", 3: "failed", 4: "failed", 5: "failed", 8: "failed",
    "DELIVRD": "delivered", "EXPIRED": "failed", "DELETED": "failed", "UNDELIV": "failed", "REJECTD": "failed",
}  # fmt: skip

_ID = re.compile(r"\bid:\s?([^\s]{1,64})", re.IGNORECASE)
_STATE = re.compile(r"\bstat:\s?([A-Z]{5,8})", re.IGNORECASE)
_ERROR = re.compile(r"\berr:\s?([^\s]{1,10})", re.IGNORECASE)

#: Elements of a text's header that say which of several it is (3GPP TS 23.040, 9.2.3.24), and where the number stands.
_JOINED = {0x00: 2, 0x08: 3}


@dataclass(frozen=True, slots=True)
class Arrived:
    """A text from a phone. `part` is its place among several, from 1; `id` is the same when it is told again."""

    phone: str
    text: str
    id: str
    part: int = 1


def read(message: ShortMessage, now: dt.datetime, ids: Literal["same", "decimal", "hex"]) -> Reaction | Arrived | None:
    """None for what tells of nothing that happened. Raises BadPdu for what cannot be read.

    Only what the centre marks as a receipt is one: anybody can write `stat:DELIVRD` into a text.
    """
    if message.esm_class & KIND == RECEIPT or RECEIPTED_ID in message.extra:
        return _receipt(message, now, ids)
    if message.esm_class & KIND:
        return None
    part, octets = _without_header(message)
    text = decode(octets, message.coding)
    if text is None:
        return None
    said = (message.source.number, message.destination.number, message.coding, message.payload, f"{now:%Y-%m-%d %H}")
    id = hashlib.sha256(repr(said).encode()).hexdigest()[:32]
    number = message.source.number
    return Arrived(f"+{number}" if message.source.ton == 1 else number, text, f"text.{id}", part)


def canonical(id: str, ids: Literal["same", "decimal", "hex"], *, receipt: bool) -> str:
    """A message's id as it is kept: some centres answer in one base, and name the message in another later.

    `ids` is the base of receipts where the answer has the other one. An id that is no such number stays as it is.
    """
    if ids == "same":
        return id
    base = 10 if (ids == "decimal") == receipt else 16
    if not re.fullmatch(r"[0-9]{1,40}" if base == 10 else r"(0[xX])?[0-9a-fA-F]{1,40}", id):
        return id
    return str(int(id, base))


def decode(octets: bytes, coding: int) -> str | None:
    """The text; None for what is none (SMPP 3.4, 5.2.19)."""
    match coding:
        case 0:
            return decode_gsm7(octets)
        case 1 | 3:
            return octets.decode("latin-1")
        case 8:
            return octets.decode("utf-16-be", "replace")
        case _ if coding & 0xF0 == 0xF0 and not coding & 0x04:
            return decode_gsm7(octets)
        case _:
            return None


def _receipt(message: ShortMessage, now: dt.datetime, ids: Literal["same", "decimal", "hex"]) -> Reaction | None:
    """Parameters say it best; the words are each centre's own."""
    words = message.payload[:500].decode("latin-1")
    named = message.extra.get(RECEIPTED_ID, b"").rstrip(b"\0")[:65].decode("latin-1")
    id = named or (found[1] if (found := _ID.search(words)) else "")
    state: int | str | None = None
    if len(told := message.extra.get(STATE, b"")) == 1:
        state = told[0]
    elif found := _STATE.search(words):
        state = found[1].upper()[:7]
    name = STATES.get(state) if state is not None else None
    if not id:
        raise BadPdu("a receipt that names no message")
    if name is None:
        return None
    error = _ERROR.search(words)
    detail = " ".join(filter(None, [str(state), error and f"err:{error[1]}"]))
    known = canonical(id, ids, receipt=True)
    return Reaction(name, now, f"{known}.{name}", provider_id=known, detail=_printable(detail))


def _without_header(message: ShortMessage) -> tuple[int, bytes]:
    """Which part of a longer text it is, and its octets. Raises BadPdu."""
    octets = message.payload
    if not message.esm_class & HAS_HEADER:
        told = message.extra.get(SAR_NUMBER, b"\x01")
        return (told[0] if told else 1), octets
    if not octets or octets[0] >= len(octets):
        raise BadPdu("a header longer than the text")
    header, part = octets[1 : 1 + octets[0]], 1
    while len(header) >= 2:
        element, length = header[0], header[1]
        value, header = header[2 : 2 + length], header[2 + length :]
        if element in _JOINED and len(value) > _JOINED[element]:
            part = value[_JOINED[element]]
    return part, octets[1 + octets[0] :]


def _printable(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
