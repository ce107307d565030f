"""Unsubscribe tokens: who, by which channel, from which message, signed so that nobody can write one for another."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from campflow.hooks.contracts import Sender

_VERSION = "1"

#: Bytes of the HMAC that a token carries: half of SHA-256's, as RFC 2104 allows, for a shorter link.
_MAC = 16


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The secret that signs, by its name, and older ones whose tokens are still honoured."""

    current: str
    secrets: Mapping[str, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """What a token says. `message_id` is the message it came with."""

    contact_id: int
    channel: str
    message_id: int


def sign(keys: SigningKeys, unsubscribe: Unsubscribe) -> str:
    """A token of letters, digits, `-`, `_` and `.`: it may stand in a URL or a subject as it is."""
    said = f"{unsubscribe.contact_id}:{unsubscribe.channel}:{unsubscribe.message_id}"
    head = f"{_VERSION}.{keys.current}.{_encode(said.encode())}"
    return f"{head}.{_mac(keys.secrets[keys.current], head)}"


def verify(keys: SigningKeys, token: str) -> Unsubscribe | None:
    """What the token says, or None where we did not sign it. Takes as long for a wrong one as for a right one."""
    head, _, mac = token.strip().rpartition(".")
    version, _, rest = head.partition(".")
    name, _, payload = rest.partition(".")
    secret = keys.secrets.get(name)
    if secret is None or version != _VERSION:
        return None
    if not hmac.compare_digest(_mac(secret, head).encode(), mac.encode("utf-8", "replace")):
        return None
    try:
        contact, channel, message = _decode(payload).split(":")
        return Unsubscribe(int(contact), channel, int(message))
    except (ValueError, binascii.Error):
        return None


def unsubscribe_url(sender: Sender, token: str) -> str:
    """Where a contact unsubscribes: the project's page, else a mail to it; empty where there is neither.

    `[sender] unsubscribe` is an https address (the token goes where `{token}` stands, else at its end), or a mail
    address to use instead of the sender's.
    """
    target = sender.unsubscribe or sender.email
    if target.startswith("https://"):
        if "{token}" in target:
            return target.replace("{token}", token)
        return f"{target}{'&' if '?' in target else '?'}token={token}"
    address = target.removeprefix("mailto:").partition("?")[0]
    return f"mailto:{quote(address, safe='@')}?subject=unsubscribe%20{token}" if address else ""


def _mac(secret: bytes, head: str) -> str:
    return _encode(hmac.digest(secret, f"unsubscribe.{head}".encode("utf-8", "replace"), "sha256")[:_MAC])


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> str:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
