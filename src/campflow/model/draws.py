"""Drawing arms: a stable hash of the contact, another one for each split, and no random numbers.

Each contact has a number below P. A split turns it into another one, (number * a + b) mod P, with a and b from its
salt; the arms take stretches of 0 … P-1 as wide as their shares. The number comes from SHA-256 of the contact's key, so
that neither the order of an import nor anything in it decides; a and b differ from split to split, so that two splits
are drawn independently of each other (Carter and Wegman, Universal classes of hash functions, 1979).
"""

from collections.abc import Sequence
from hashlib import sha256

#: A prime, so that every number has its own place; its square fits in 64 bits.
P = 2**31 - 1


def draw_of(key: str) -> int:
    """The number of a contact with this key."""
    return int.from_bytes(sha256(key.encode("utf-8", "surrogatepass")).digest()[:8], "big") % P


def turn_of(salt: str) -> tuple[int, int]:
    """How a split turns the numbers of contacts: a, from 1 to P-1, and b, from 0 to P-1."""
    hashed = sha256(salt.encode()).digest()
    return 1 + int.from_bytes(hashed[:8], "big") % (P - 1), int.from_bytes(hashed[8:16], "big") % P


def cuts(shares: Sequence[float]) -> tuple[int, ...]:
    """Where the stretch of each arm ends. `shares` are percentages; the last arm takes what is left."""
    ends = [round(P * sum(shares[: place + 1]) / 100) for place in range(len(shares))]
    return (*ends[:-1], P)
