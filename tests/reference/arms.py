"""Which arm a contact is drawn into, and when a split is decided: the documented hash and test, from the page alone."""

from collections.abc import Sequence
from fractions import Fraction
from hashlib import sha256
from math import exp, log, sqrt

#: The prime that every draw is taken modulo.
P = 2**31 - 1


def bucket(contact: str, salt: str) -> int:
    """0 … P-1: a contact's place in a split."""
    own = _number(sha256(contact.encode()).digest(), 0) % P
    turn = sha256(salt.encode()).digest()
    return (own * (1 + _number(turn, 0) % (P - 1)) + _number(turn, 8) % P) % P


def _number(digest: bytes, start: int) -> int:
    return int.from_bytes(digest[start : start + 8], "big")


def arm_of(contact: str, salt: str, shares: Sequence[float]) -> int:
    """The place of the arm whose stretch holds the contact's; shares are percentages, the last arm takes the rest."""
    place = bucket(contact, salt)
    for n in range(len(shares) - 1):
        if place < round(P * sum(shares[: n + 1]) / 100):
            return n
    return len(shares) - 1


#: People who had the chance, and how many of them did it.
Count = tuple[int, int]


def best_arm(counts: Sequence[Count], confidence: float) -> int | None:
    """The place of the arm that is better than each other one, if that is certain enough (percent)."""
    rates = [Fraction(done, people) if people else Fraction(0) for people, done in counts]
    best = rates.index(max(rates))
    others = [count for place, count in enumerate(counts) if place != best]
    level = (1 - confidence / 100) / max(1, len(others))
    return best if all(_p(counts[best], other) < level for other in others) else None


def _p(one: Count, other: Count) -> float:
    """The always-valid p-value that two rates are one: a mixture of differences around 0, five in a hundred wide."""
    if not one[0] or not other[0]:
        return 1.0
    difference = one[1] / one[0] - other[1] / other[0]
    noise = sum((1 - rate) * rate / people for people, done in (one, other) for rate in [(done + 1) / (people + 2)])
    spread = 0.05**2
    gain = difference**2 * spread / (2 * noise * (noise + spread)) - log(sqrt((noise + spread) / noise))
    return exp(-gain) if gain > 0 else 1.0
