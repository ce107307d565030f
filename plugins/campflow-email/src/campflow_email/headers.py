"""Header fields of a mail as bytes. Nothing that is not one line gets in, whatever a contact or a file holds."""

import base64
import re
from urllib.parse import quote

from campflow.content.templates import one_line
from campflow.errors import ContentError

#: RFC 2047: a line with an encoded word has no more characters than this.
_LINE = 76
_WORD = len("=?utf-8?b??=")

_MAILBOX = re.compile(r"(?:(?P<name>[^<>]*)<(?P<inner>[^<>]+)>|(?P<bare>[^<>\s]+))")
_LOCAL = re.compile(r"[^\s<>()\[\],;:\\\"@]{1,64}")
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*", re.IGNORECASE)
_IN_A_URL = "!#$%&'()*+,/:;=?@[]~-._"
_PLAIN_URL = re.compile(rf"[A-Za-z0-9{re.escape(_IN_A_URL)}]*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")


def field(name: str, value: str) -> bytes:
    """`name: value`, in ASCII; a text in another script is written as encoded words. Raises ContentError."""
    value = one_line(value, name)
    return f"{name}: {_words(value, len(name) + 2)}\r\n".encode("ascii")


def raw_field(name: str, value: str) -> bytes:
    """`name: value` as it is, for values that are made of checked pieces; addresses may hold UTF-8 (RFC 6532)."""
    return f"{name}: {one_line(value, name)}\r\n".encode()


def mailbox(value: str, name: str) -> tuple[str, str]:
    """The display name and the address of `Ada <ada@a.example>` or `ada@a.example`. Raises ContentError."""
    match = _MAILBOX.fullmatch(one_line(value, name))
    if match is None:
        raise ContentError(f"{name}: {value[:80]!r} is not one address: write Ada <ada@acme.example>")
    display = (match["name"] or "").strip()
    if len(display) > 1 and display[0] == display[-1] == '"':
        display = re.sub(r"\\(.)", r"\1", display[1:-1])
    return display, address(match["inner"] or match["bare"], name)


def address(value: str, name: str) -> str:
    """A checked address, its domain in ASCII. Raises ContentError."""
    local, at, domain = value.strip().rpartition("@")
    if not domain.isascii():
        try:
            domain = domain.encode("idna").decode("ascii")
        except UnicodeError:
            domain = ""
    if not at or not _LOCAL.fullmatch(one_line(local, name)) or not _DOMAIN.fullmatch(domain):
        raise ContentError(f"{name}: {value[:80]!r} is not a mail address")
    return f"{local}@{domain}"


def mailbox_field(header: str, display: str, address: str) -> bytes:
    """`From: "Ada" <ada@a.example>`."""
    display = one_line(display, header)
    if not display:
        return raw_field(header, f"<{address}>")
    if _ATOMS.fullmatch(display) and len(display) < 60 and "=?" not in display:
        return raw_field(header, f'"{display}" <{address}>')
    if display.isascii() and len(display) < 60 and "=?" not in display:
        escaped = display.replace("\\", "\\\\").replace('"', '\\"')
        return raw_field(header, f'"{escaped}" <{address}>')
    return f"{header}: {_encoded(display, len(header) + 2)}\r\n <{address}>\r\n".encode()


def url(value: str) -> str:
    """A URL as it may stand between `<` and `>`."""
    if _PLAIN_URL.fullmatch(value):
        return value  # as nearly all of them are
    return quote(value, safe=_IN_A_URL)


def _words(value: str, used: int) -> str:
    """As it is where that is safe and short, else encoded words."""
    if value.isascii() and "=?" not in value and used + len(value) <= _LINE:
        return value
    return _encoded(value, used)


def _encoded(value: str, used: int) -> str:
    """Base64 words of UTF-8, a line each, that cut no character in two."""
    words: list[str] = []
    chunk = b""
    room = (_LINE - used - _WORD) // 4 * 3
    for character in value.encode("utf-8", "replace").decode("utf-8"):
        data = character.encode()
        if len(chunk) + len(data) > room:
            words.append(_word(chunk))
            chunk, room = b"", (_LINE - 1 - _WORD) // 4 * 3
        chunk += data
    return "\r\n ".join([*words, _word(chunk)])


def _word(chunk: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(chunk).decode('ascii')}?="
