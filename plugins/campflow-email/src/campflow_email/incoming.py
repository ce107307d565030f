"""Reading a mail that anyone may have written: bounded, and never an error."""

from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as Mail

#: Parts, and characters of a text part or a field, that are looked at: what matters is said early.
PARTS, BYTES = 60, 64_000


def parts_of(mail: Mail) -> list[Mail]:
    """The parts in order; of a mail inside a mail only itself, not what is in it."""

    def walk(part: Mail) -> Iterator[Mail]:
        yield part
        if part.get_content_maintype() == "multipart":
            for inner in part.get_payload():
                if isinstance(inner, Mail):
                    yield from walk(inner)

    found = []
    for part in walk(mail):
        found.append(part)
        if len(found) == PARTS:
            break
    return found


def text(parts: list[Mail]) -> str:
    return "\n".join(decoded(part) for part in parts if part.get_content_type() == "text/plain")[:BYTES]


def decoded(part: Mail) -> str:
    """The text of a part. The parser makes mails of the blocks of a delivery-status; here they are text again."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return "\n\n".join(str(each) for each in payload[:PARTS] if isinstance(each, Mail))[:BYTES]
    data = part.get_payload(decode=True)
    return data[:BYTES].decode("utf-8", "replace").replace("\r\n", "\n") if isinstance(data, bytes) else ""


def header(mail: Mail, name: str) -> str:
    return " ".join(str(value) for value in mail.get_all(name, []))[:BYTES]


def subject(mail: Mail) -> str:
    """The subject, its encoded words (RFC 2047) read where they can be."""
    written = header(mail, "Subject")
    try:
        return str(make_header(decode_header(written)))
    except (ValueError, LookupError, HeaderParseError):
        return written


def line(text: str) -> str:
    """One printable line of at most 300 characters."""
    return "".join(each if each.isprintable() else " " for each in " ".join(text.split()))[:300]
