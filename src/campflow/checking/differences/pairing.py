"""Which item of the new text was which of the old one."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Pairs(Generic[T]):
    """`kept` are in the order of the new text, each with what it was before."""

    kept: tuple[tuple[T, T], ...]
    removed: tuple[T, ...]
    added: tuple[T, ...]
    #: Neighbours in the new text, of which the second stood before the first in the old one.
    swapped: tuple[tuple[T, T], ...]


def paired(old: Sequence[T], new: Sequence[T], *keys: Callable[[T], Hashable]) -> Pairs[T]:
    """Items whose first key is equal belong together, then of those left over the ones whose next key is, and so on."""
    was: dict[int, int] = {}
    for key in keys:
        waiting: dict[Hashable, list[int]] = {}
        for index, item in enumerate(old):
            if index not in was.values():
                waiting.setdefault(key(item), []).append(index)
        for index, item in enumerate(new):
            if index not in was and (found := waiting.get(key(item))):
                was[index] = found.pop(0)
    kept = sorted(was)
    return Pairs(
        kept=tuple((old[was[index]], new[index]) for index in kept),
        removed=tuple(item for index, item in enumerate(old) if index not in was.values()),
        added=tuple(item for index, item in enumerate(new) if index not in was),
        swapped=tuple((new[a], new[b]) for a, b in pairwise(kept) if was[a] > was[b]),
    )
