"""How a text goes over the air: its alphabet, the segments it is cut into, and their bytes (3GPP TS 23.038, 23.040).

GSM-7 counts septets: a sign of the basic table is one, one of the extension table two, an escape and the sign. Any
other sign makes the whole text UCS-2, which counts UTF-16 units. A text of several segments loses seven septets or
three units of each to the header by which the phone joins them. What belongs together is never cut: neither an escape
and its sign, nor the two halves of a surrogate pair.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Alphabet = Literal["gsm7", "ucs2"]

_ESCAPE = 0x1B

#: TS 23.038, 6.2.1: the sign of each septet. 0x1B is the escape to the other table.
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
#: TS 23.038, 6.2.1.1: what an escape makes of a septet.
EXTENSION = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€",
}  # fmt: skip

_SEPTETS: dict[str, bytes] = {
    **{sign: bytes([code]) for code, sign in enumerate(BASIC) if code != _ESCAPE},
    **{sign: bytes([_ESCAPE, code]) for code, sign in EXTENSION.items()},
}

#: Septets or units of a text in one segment, and of each segment of a longer one.
SIZES: dict[Alphabet, tuple[int, int]] = {"gsm7": (160, 153), "ucs2": (70, 67)}

#: Segments that a text may have at all: operators take no more than ten or so, and Twilio 1,600 characters.
MOST = 10

#: Signs that word processors make of plain ones, and what was typed: each alone would make a text UCS-2.
TYPOGRAPHIC = str.maketrans({
    "\u2018": "'", "\u2019": "'", "\u201a": "'", "\u201b": "'", "\u2032": "'", "\u2039": "<", "\u203a": ">",
    "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u201f": '"', "\u2033": '"', "\u00ab": '"', "\u00bb": '"',
    "\u2010": "-", "\u2011": "-", "\u2012": "-", "\u2013": "-", "\u2014": "-", "\u2212": "-",
    "\u2026": "...", "\u00a0": " ", "\u2007": " ", "\u2009": " ", "\u202f": " ",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segments:
    """A text, cut: `texts` joined are the whole. An empty text is one segment."""

    alphabet: Alphabet
    texts: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.texts)


def alphabet_of(text: str) -> Alphabet:
    return "gsm7" if all(sign in _SEPTETS for sign in text) else "ucs2"


def cut(text: str) -> Segments:
    """The segments of a text. A surrogate without its other half is counted as it stands."""
    alphabet = alphabet_of(text)
    size: Callable[[str], int] = _septets if alphabet == "gsm7" else _units
    alone, joined = SIZES[alphabet]
    lengths = [size(sign) for sign in text]
    if sum(lengths) <= alone:
        return Segments(alphabet, (text,))
    texts, start, room = [], 0, joined
    for place, length in enumerate(lengths):
        if length > room:
            texts.append(text[start:place])
            start, room = place, joined
        room -= length
    return Segments(alphabet, (*texts, text[start:]))


def encode(text: str, alphabet: Alphabet) -> bytes:
    """The bytes of a segment as SMPP takes them: a septet an octet, or big-endian UTF-16."""
    if alphabet == "ucs2":
        return text.encode("utf-16-be", "surrogatepass")
    return b"".join(_SEPTETS[sign] for sign in text)


def decode_gsm7(data: bytes) -> str:
    """The text of septets that stand in octets. An escape before no sign of the other table is a blank (TS 23.038)."""
    found, escaped = [], False
    for octet in data:
        code = octet & 0x7F
        if escaped:
            found.append(EXTENSION.get(code, BASIC[code] if code != _ESCAPE else " "))
            escaped = False
        elif code == _ESCAPE:
            escaped = True
        else:
            found.append(BASIC[code])
    return "".join(found)


def _septets(sign: str) -> int:
    return len(_SEPTETS[sign])


def _units(sign: str) -> int:
    return 2 if ord(sign) > 0xFFFF else 1
