"""Comparing two rates again and again while the figures come in, without being fooled by looking often.

The mixture sequential probability ratio test of Johari, Koomen, Pekelis and Walsh (Always Valid Inference, 2015, eq. 3,
for the difference of two means with unequal groups): whenever one looks, and however often, the chance that two equal
rates are ever called different stays below the level.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sqrt

#: The spread of differences that are looked for, as a rate: the test is quickest for those around five in a hundred.
SPREAD = 0.05

#: Beyond this the probability is 0 for every purpose.
_CERTAIN = 700.0


@dataclass(frozen=True, slots=True)
class Tally:
    """How many had the chance, and how many did it."""

    people: int
    successes: int

    @property
    def rate(self) -> float:
        return self.successes / self.people if self.people else 0.0


def always_valid_p(one: Tally, other: Tally) -> float:
    """The p-value of "both rates are equal" at this look; 1 where nothing can be said."""
    if not one.people or not other.people:
        return 1.0
    variance = _variance(one) + _variance(other)
    mixed = variance + SPREAD**2
    exponent = (one.rate - other.rate) ** 2 * SPREAD**2 / (2 * variance * mixed)
    if exponent > _CERTAIN:
        return 0.0
    return min(1.0, 1 / (sqrt(variance / mixed) * exp(exponent)))


def _variance(tally: Tally) -> float:
    """Of the rate; one success and one failure are added, so that few people never look certain (Agresti and Caffo)."""
    rate = (tally.successes + 1) / (tally.people + 2)
    return rate * (1 - rate) / tally.people


def winner(tallies: Sequence[Tally], confidence: float) -> int | None:
    """The place of the arm that is better than every other one with this confidence (0..1); None while none is.

    The level is shared among the comparisons (Bonferroni).
    """
    best = max(range(len(tallies)), key=lambda place: tallies[place].rate)
    level = (1 - confidence) / max(1, len(tallies) - 1)
    others = (tally for place, tally in enumerate(tallies) if place != best)
    return best if all(always_valid_p(tallies[best], other) < level for other in others) else None
