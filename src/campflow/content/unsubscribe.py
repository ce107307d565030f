"""Unsubscribing: the token that says who, by which channel, from which message; and the address it stands in."""

from dataclasses import dataclass
from urllib.parse import quote

from campflow.content import tokens
from campflow.content.tokens import SigningKeys
from campflow.hooks.contracts import Sender

_PURPOSE = "unsubscribe"


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """What a token says. `message_id` is the message it came with."""

    contact_id: int
    channel: str
    message_id: int


def sign(keys: SigningKeys, unsubscribe: Unsubscribe) -> str:
    """A token of letters, digits, `-`, `_` and `.`: it may stand in a URL or a subject as it is."""
    said = f"{unsubscribe.contact_id}:{unsubscribe.channel}:{unsubscribe.message_id}"
    return tokens.sign(keys, _PURPOSE, said)


def verify(keys: SigningKeys, token: str) -> Unsubscribe | None:
    """What the token says, or None where we did not sign it."""
    said = tokens.verify(keys, _PURPOSE, token)
    if said is None:
        return None
    contact, channel, message = said.split(":")
    return Unsubscribe(int(contact), channel, int(message))


def unsubscribe_url(sender: Sender, token: str) -> str:
    """Where a contact unsubscribes: the project's page, else a mail to it; empty where there is neither.

    `[sender] unsubscribe` is an https address (the token goes where `{token}` stands, else at its end), or a mail
    address to use instead of the sender's.
    """
    target = sender.unsubscribe or sender.email
    if target.startswith(("https://", "http://")):
        if "{token}" in target:
            return target.replace("{token}", token)
        return f"{target}{'&' if '?' in target else '?'}token={token}"
    address = target.removeprefix("mailto:").partition("?")[0]
    return f"mailto:{quote(address, safe='@')}?subject=unsubscribe%20{token}" if address else ""
