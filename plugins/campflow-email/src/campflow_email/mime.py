"""From a rendered message to the bytes that a server takes. Built by hand: the standard way makes 300 a second."""

import base64
import binascii
import datetime as dt
import html
import re
from dataclasses import dataclass
from email.utils import format_datetime
from functools import lru_cache
from typing import NamedTuple

from campflow.content.unsubscribe import unsubscribe_url
from campflow.errors import ContentError
from campflow.hooks.contracts import Message, Sender
from campflow_email.headers import address, field, mailbox, mailbox_field, raw_field, url

#: Control characters that no part may hold; a tab stays.
_CONTROL = bytes(each for each in (*range(0x20), 0x7F) if each != ord("\t"))

#: Bytes of a line that may be left as it is.
_LONGEST = 200

_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*){2,}")

_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)
_HIDDEN = "display:none;font-size:1px;line-height:1px;max-height:0;max-width:0;opacity:0;overflow:hidden"


@dataclass(frozen=True, slots=True)
class Mail:
    """`sender` and `recipient` are the envelope's; with `utf8` the server must take addresses outside ASCII."""

    sender: str
    recipient: str
    data: bytes
    utf8: bool


def build(message: Message, sender: Sender, date: dt.datetime, return_path: str | None = None) -> Mail:
    """The whole mail, lines ending in CRLF. Raises ContentError for what cannot be a mail."""
    display, origin = origin_of(message, sender)
    recipient = address(message.address, "the contact's address")
    head = [
        _from(display, origin),
        raw_field("To", f"<{recipient}>"),
        field("Subject", subject_of(message)),
        _date(int(date.timestamp())),
        raw_field("Message-ID", f"<{message.key}@{origin.rpartition('@')[2]}>"),
    ]
    if (reply_to := reply_to_of(message, sender)) is not None:
        head.append(mailbox_field("Reply-To", *reply_to))
    if not message.options.get("transactional"):
        head += [raw_field(name, value) for name, value in list_headers(message, sender, origin)]
    head.append(b"MIME-Version: 1.0\r\n")
    data = b"".join(head) + _content(message)
    return Mail(return_path or origin, recipient, data, not (recipient + origin).isascii())


def origin_of(message: Message, sender: Sender) -> tuple[str, str]:
    """The name and the address that it comes from. Raises ContentError."""
    return _known_mailbox(str(message.options.get("from") or _identity(sender)), "from")


def reply_to_of(message: Message, sender: Sender) -> tuple[str, str] | None:
    """The name and the address that answers go to, where that is another. Raises ContentError."""
    reply_to = str(message.options.get("reply_to") or sender.reply_to or "")
    return _known_mailbox(reply_to, "reply_to") if reply_to else None


def subject_of(message: Message) -> str:
    """Raises ContentError where it has none."""
    subject = str(message.options.get("subject") or "")
    if not subject:
        raise ContentError(f"{message.name} has no subject: write `subject: …` in its front matter")
    return subject


#: Most mails of a project come from the same few mailboxes, and many within the same second.
_known_mailbox = lru_cache(maxsize=256)(mailbox)


@lru_cache(maxsize=256)
def _from(display: str, origin: str) -> bytes:
    return mailbox_field("From", display, origin)


@lru_cache(maxsize=4)
def _date(seconds: int) -> bytes:
    return raw_field("Date", format_datetime(dt.datetime.fromtimestamp(seconds, dt.UTC)))


def _identity(sender: Sender) -> str:
    if not sender.email:
        raise ContentError(
            "nobody sends this: set `email` under [sender] in campflow.toml, or `from` in the front matter"
        )
    return f"{sender.name.replace('<', '').replace('>', '')} <{sender.email}>"


def list_headers(message: Message, sender: Sender, origin: str) -> list[tuple[str, str]]:
    """RFC 2369 and 2919; the one-click header of RFC 8058 only beside an https address, as it says.

    A message without a token asks whether somebody wants any: there is no list yet.
    """
    if not message.unsubscribe_token:
        return []
    where = unsubscribe_url(sender, message.unsubscribe_token) or unsubscribe_url(
        Sender(email=origin), message.unsubscribe_token
    )
    headers = [
        ("List-Id", f"<{message.campaign.replace('_', '-')}.{origin.rpartition('@')[2]}>"),
        ("List-Unsubscribe", f"<{url(where)}>"),
    ]
    if where.startswith("https://"):
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers


def bodies(message: Message) -> tuple[str, str | None]:
    """The text, and the HTML where there is one."""
    text = _BLANK_LINES.sub("\n\n", message.parts.get("text", "")).strip("\n") + "\n"
    markup = message.parts.get("html")
    if markup is not None and (preheader := str(message.options.get("preheader") or "")):
        markup = _with_preheader(markup, preheader)
    return text, markup


def _content(message: Message) -> bytes:
    """The text alone, or text and HTML as alternatives, the better one last."""
    text, markup = bodies(message)
    if markup is None:
        return _part("text/plain", text)
    # No encoded part can hold `=_`, and no 7bit one is left that way.
    boundary = f"=_{message.key}"
    line = f"--{boundary}\r\n".encode()
    return b"".join(
        (
            f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode(),
            line,
            _part("text/plain", text),
            b"\r\n",
            line,
            _part("text/html", markup),
            f"\r\n--{boundary}--\r\n".encode(),
        )
    )


def _with_preheader(markup: str, preheader: str) -> str:
    hidden = f'<div style="{_HIDDEN}">{html.escape(preheader)}</div>'
    body = _BODY.search(markup)
    end = body.end() if body else 0
    return markup[:end] + hidden + markup[end:]


def _part(kind: str, text: str) -> bytes:
    encoding, data = _encoded(text)
    return f"Content-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode() + data


class _Line(NamedTuple):
    """One line without its end: in UTF-8, in quoted-printable, and whether it may stay as it is."""

    raw: bytes
    quoted: bytes
    plain: bool


#: Longer lines are not kept: most letters of a campaign share most of their lines, and few of these are long.
_KEPT = 500

#: Lines that were made before, at most so many.
_KNOWN: dict[str, _Line] = {}
_MOST = 2048


def _made(text: str) -> _Line:
    raw = text.encode("utf-8", "replace").translate(None, _CONTROL)
    plain = len(raw) <= _LONGEST and raw.isascii() and b"=_" not in raw
    line = _Line(raw, binascii.b2a_qp(raw + b"\r\n", istext=True)[:-2], plain)
    if len(text) <= _KEPT:
        if len(_KNOWN) >= _MOST:
            _KNOWN.clear()
        _KNOWN[text] = line
    return line


def _encoded(text: str) -> tuple[str, bytes]:
    """As it is where it is short lines of ASCII; else the shorter of the two encodings."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    known = _KNOWN.get
    lines = [known(line) or _made(line) for line in text.split("\n")]
    if lines[-1].raw or len(lines) == 1:
        lines.append(_END)
    raws, quoted, plain = zip(*lines, strict=True)
    raw = b"\r\n".join(raws)
    if False not in plain:
        return "7bit", raw
    if not raw.isascii() and len(raw) - len(raw.translate(None, _LEADS)) > len(raw) // 12:
        return "base64", re.sub(rb"(.{76})", rb"\1\r\n", base64.b64encode(raw)) + b"\r\n"
    return "quoted-printable", b"\r\n".join(quoted)


#: After the end of the last line.
_END = _Line(b"", b"", True)

#: First bytes of characters of three and four bytes: texts full of these are shorter in base64.
_LEADS = bytes(range(0xE0, 0xF5))
