"""Signed tokens: what stands in a link of ours, and comes back from anyone. Nobody else can write or change one."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_VERSION = "1"

#: Bytes of the HMAC that a token carries: half of SHA-256's, as RFC 2104 allows, for a shorter link.
_MAC = 16


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """The secret that signs, by its name, and older ones whose tokens are still honoured."""

    current: str
    secrets: Mapping[str, bytes] = field(repr=False)


def signing_keys(secret: str, former: Iterable[str]) -> SigningKeys:
    """Keys of secrets. Each is named after itself, so that their order, and which is the present one, may change."""
    named = {hashlib.sha256(f"name.{each}".encode()).hexdigest()[:6]: each.encode() for each in (*former, secret)}
    current = next(name for name, each in named.items() if each == secret.encode())
    return SigningKeys(current, named)


def sign(keys: SigningKeys, purpose: str, said: str) -> str:
    """A token of letters, digits, `-`, `_` and `.`: it may stand in a URL or a subject as it is.

    `purpose` is what it is good for: a token for one purpose is worth nothing for another.
    """
    head = f"{_VERSION}.{keys.current}.{_encode(said.encode())}"
    return f"{head}.{_mac(keys.secrets[keys.current], purpose, head)}"


def verify(keys: SigningKeys, purpose: str, token: str) -> str | None:
    """What the token says, or None where we did not sign it. Takes as long for a wrong one as for a right one."""
    head, _, mac = token.strip().rpartition(".")
    version, _, rest = head.partition(".")
    name, _, payload = rest.partition(".")
    secret = keys.secrets.get(name)
    if secret is None or version != _VERSION:
        return None
    if not hmac.compare_digest(_mac(secret, purpose, head).encode(), mac.encode("utf-8", "replace")):
        return None
    try:
        return _decode(payload)
    except (ValueError, binascii.Error):
        return None


def _mac(secret: bytes, purpose: str, head: str) -> str:
    return _encode(hmac.digest(secret, f"{purpose}.{head}".encode("utf-8", "replace"), "sha256")[:_MAC])


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> str:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
