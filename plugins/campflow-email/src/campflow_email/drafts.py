"""A message as providers take it that build the mail themselves: its pieces, all of them checked."""

from dataclasses import dataclass

from campflow.content.templates import one_line
from campflow.hooks.contracts import Message, Sender
from campflow_email.headers import address
from campflow_email.mime import bodies, list_headers, origin_of, reply_to_of, subject_of

#: What the provider keeps with a message and tells with each report: Message.key.
KEY = "campflow_key"


@dataclass(frozen=True, slots=True)
class Draft:
    """`origin` and `reply_to` are a name, which may be empty, and an address. `headers` are those of lists."""

    origin: tuple[str, str]
    reply_to: tuple[str, str] | None
    recipient: str
    subject: str
    headers: dict[str, str]
    text: str
    html: str | None


def draft(message: Message, sender: Sender) -> Draft:
    """Raises ContentError for what cannot be a mail."""
    origin = origin_of(message, sender)
    listed = [] if message.options.get("transactional") else list_headers(message, sender, origin[1])
    text, html = bodies(message)
    return Draft(
        origin,
        reply_to_of(message, sender),
        address(message.address, "the contact's address"),
        one_line(subject_of(message), "subject"),
        {name: one_line(value, name) for name, value in listed},
        text,
        html,
    )


def written(name: str, address: str) -> str:
    """`"Ada" <ada@acme.example>`, as a provider reads it that takes mailboxes as text."""
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>' if name else address
