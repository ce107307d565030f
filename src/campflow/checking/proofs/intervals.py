"""Sets of ordered values: unions of intervals with open and closed ends, on a line without end.

A set is the places where it begins and ends. A cut (5, False) lies just before 5 and (5, True) just after it, so
`x >= 5` begins at (5, False) and `x > 5` at (5, True); both of them together are exactly what is needed for `x == 5`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import ceil, floor
from typing import TypeAlias

Cut: TypeAlias = tuple[int | float, bool]


@dataclass(frozen=True, slots=True)
class Intervals:
    """`from_start` says whether the smallest values belong to the set; each cut goes out of it, or into it."""

    from_start: bool
    cuts: tuple[Cut, ...]

    @property
    def empty(self) -> bool:
        return not self.from_start and not self.cuts

    def __and__(self, other: "Intervals") -> "Intervals":
        return _joined(self, other, lambda a, b: a and b)

    def __or__(self, other: "Intervals") -> "Intervals":
        return _joined(self, other, lambda a, b: a or b)

    def __invert__(self) -> "Intervals":
        return Intervals(not self.from_start, self.cuts)

    def __contains__(self, value: int | float) -> bool:
        passed = sum(cut <= (value, False) for cut in self.cuts)
        return self.from_start ^ bool(passed % 2)

    def spans(self) -> Iterator[tuple[Cut | None, Cut | None]]:
        """The intervals from the lowest up; None where one has no end."""
        ends = [None, *self.cuts] if self.from_start else list(self.cuts)
        for index in range(0, len(ends), 2):
            yield ends[index], ends[index + 1] if index + 1 < len(ends) else None


NOTHING = Intervals(False, ())
EVERYTHING = Intervals(True, ())


def compared(operator: str, value: int | float, whole: bool) -> Intervals:
    """The values that compare like this with a fixed one; of whole numbers only where `whole`."""
    if whole:
        return _whole(operator, value)
    before, after = (value, False), (value, True)
    match operator:
        case "<":
            return Intervals(True, (before,))
        case "<=":
            return Intervals(True, (after,))
        case ">":
            return Intervals(False, (after,))
        case ">=":
            return Intervals(False, (before,))
        case "==":
            return Intervals(False, (before, after))
        case _:
            return Intervals(True, (before, after))


def _whole(operator: str, value: int | float) -> Intervals:
    """All cuts lie just before a whole number, so that equal sets have equal cuts."""
    match operator:
        case "<":
            return Intervals(True, ((ceil(value), False),))
        case "<=":
            return Intervals(True, ((floor(value) + 1, False),))
        case ">":
            return Intervals(False, ((floor(value) + 1, False),))
        case ">=":
            return Intervals(False, ((ceil(value), False),))
        case "==":
            exact = value == floor(value)
            return Intervals(False, ((floor(value), False), (floor(value) + 1, False))) if exact else NOTHING
        case _:
            return ~_whole("==", value)


def between(low: int, high: int) -> Intervals:
    """The whole numbers from `low` to `high`."""
    return Intervals(False, ((low, False), (high + 1, False)))


def _joined(one: Intervals, other: Intervals, both: Callable[[bool, bool], bool]) -> Intervals:
    """Walks along the cuts of both and keeps those at which the answer changes."""
    in_one, in_other = one.from_start, other.from_start
    start = inside = both(in_one, in_other)
    kept: list[Cut] = []
    mine, theirs = set(one.cuts), set(other.cuts)
    for cut in sorted(mine | theirs):
        in_one ^= cut in mine
        in_other ^= cut in theirs
        if both(in_one, in_other) != inside:
            inside = not inside
            kept.append(cut)
    return Intervals(start, tuple(kept))
