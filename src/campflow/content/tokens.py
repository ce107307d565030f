"""Signed tokens: what stands in a link of ours, and comes back from anyone. Nobody else can write or change one."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from campflow.content.keys import keyed

#: Of tokens that hold a text in Base64, and of those that show it as it is.
_VERSION, _OPEN_VERSION = "1", "2"

#: Bytes of the HMAC that a token carries: half of SHA-256's, as RFC 2104 allows, for a shorter link.
_MAC = 16
#: Letters of Base64 that say as much.
_MAC_LETTERS = 22


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


def seal(keys: SigningKeys, purpose: str, said: str) -> str:
    """A token that shows what it says, which has to be letters, digits, `-`, `_` and `.` already.

    Signed by keyed BLAKE2b (RFC 7693), a third of the time that `sign` takes: each link of each mail has one.
    """
    head = f"{_OPEN_VERSION}.{keys.current}.{said}"
    return f"{head}.{_quick_mac(keys.secrets[keys.current], purpose, head)}"


def unseal(keys: SigningKeys, purpose: str, token: str) -> str | None:
    """What a token of `seal` says, or None where we did not sign it."""
    head, _, mac = token.rpartition(".")
    version, _, rest = head.partition(".")
    name, _, said = rest.partition(".")
    secret = keys.secrets.get(name)
    if secret is None or version != _OPEN_VERSION:
        return None
    right = _quick_mac(secret, purpose, head)
    return said if hmac.compare_digest(right.encode(), mac.encode("utf-8", "replace")) else None


def _quick_mac(secret: bytes, purpose: str, head: str) -> str:
    mac = _quickly_keyed(secret, purpose).copy()
    mac.update(head.encode("utf-8", "replace"))
    return base64.urlsafe_b64encode(mac.digest())[:_MAC_LETTERS].decode("ascii")


@lru_cache(maxsize=64)
def _quickly_keyed(secret: bytes, purpose: str) -> hashlib.blake2b:
    """To be copied for each text, as `keyed` is."""
    key = hmac.digest(secret, f"key.{purpose}".encode(), "sha256")
    return hashlib.blake2b(key=key, digest_size=_MAC)


def _mac(secret: bytes, purpose: str, head: str) -> str:
    mac = keyed(secret).copy()
    mac.update(f"{purpose}.{head}".encode("utf-8", "replace"))
    return _encode(mac.digest()[:_MAC])


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> str:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
