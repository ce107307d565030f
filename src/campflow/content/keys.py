"""Keys: what a provider knows a message or an errand by. The same at each attempt, and no outsider can make one up."""

import hmac
from functools import lru_cache

#: Hexadecimal digits of the HMAC-SHA256 in a message's key: 96 bits, too many to try out through a mail server.
_MAC = 24


def message_key(installation: str, message_id: int) -> str:
    """The key of a message: its id in hexadecimal digits, `-`, and what proves that this project wrote it.

    Another for each message of each project. What comes back with it (a bounce, a reply, a provider's report) names
    its message without a search: see `message_of`.
    """
    return f"{message_id:x}-{_mac(installation, f'message.{message_id}')[:_MAC]}"


def message_of(installation: str, key: str) -> int | None:
    """The message that a key belongs to; None where this project did not write it."""
    digits, _, _ = key.partition("-")
    if not 0 < len(digits) <= 16 or set(digits) - set("0123456789abcdef"):
        return None
    message_id = int(digits, 16)
    right = hmac.compare_digest(message_key(installation, message_id).encode(), key.encode("utf-8", "replace"))
    return message_id if right else None


def stable_key(installation: str, what: str) -> str:
    """The same for this thing of this project at all times: 32 hexadecimal digits."""
    return _mac(installation, what)[:32]


def _mac(installation: str, what: str) -> str:
    mac = keyed(installation.encode()).copy()
    mac.update(what.encode())
    return mac.hexdigest()


@lru_cache(maxsize=64)
def keyed(secret: bytes) -> hmac.HMAC:
    """An HMAC-SHA256 that has read nothing but its key. To be copied for each text: a new one takes twice the time."""
    return hmac.new(secret, digestmod="sha256")
