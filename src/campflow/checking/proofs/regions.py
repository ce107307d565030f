"""What a value may be: a set of numbers or of names, and whether it may be missing, which is a value of its own."""

from dataclasses import dataclass
from typing import TypeAlias

from campflow.checking.proofs.intervals import Intervals

Named: TypeAlias = str | bool


@dataclass(frozen=True, slots=True)
class Among:
    """Some texts, choices or yes/no: exactly `items`, or all `but` them where nobody can list all there are."""

    items: frozenset[Named]
    but: bool = False

    @property
    def empty(self) -> bool:
        return not self.items and not self.but

    def __and__(self, other: "Among") -> "Among":
        if self.but and other.but:
            return Among(self.items | other.items, True)
        if self.but:
            return Among(other.items - self.items)
        return Among(self.items - other.items if other.but else self.items & other.items)

    def __or__(self, other: "Among") -> "Among":
        return ~(~self & ~other)

    def __invert__(self) -> "Among":
        return Among(self.items, not self.but)


Values: TypeAlias = Intervals | Among


@dataclass(frozen=True, slots=True)
class Region:
    """`values` and, where `missing`, the missing value too."""

    values: Values
    missing: bool

    @property
    def empty(self) -> bool:
        return self.values.empty and not self.missing

    def __and__(self, other: "Region") -> "Region":
        return Region(_and(self.values, other.values), self.missing and other.missing)

    def __or__(self, other: "Region") -> "Region":
        return Region(_or(self.values, other.values), self.missing or other.missing)

    def outside(self, domain: "Region") -> "Region":
        """What else of the domain there is."""
        return Region(_and(domain.values, ~self.values), domain.missing and not self.missing)

    def within(self, other: "Region") -> bool:
        """Whether everything here is there as well."""
        return (not self.missing or other.missing) and _and(self.values, ~other.values).empty


def _and(one: Values, other: Values) -> Values:
    if isinstance(one, Among) and isinstance(other, Among):
        return one & other
    if isinstance(one, Intervals) and isinstance(other, Intervals):
        return one & other
    raise TypeError("names and numbers do not meet: a value is asked for in one of the two ways")


def _or(one: Values, other: Values) -> Values:
    return ~_and(~one, ~other)
