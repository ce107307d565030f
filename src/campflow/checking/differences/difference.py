"""One difference in meaning, and whom a changed condition newly lets in or shuts out."""

from dataclasses import dataclass
from typing import Literal

from campflow.checking.proofs.judging import Person

Change = Literal["added", "removed", "changed", "renamed", "reordered"]


@dataclass(frozen=True, slots=True)
class Side:
    """`nobody` is proven, and so is `somebody`, who is the `person`; `unknown` says that it cannot be told."""

    answer: Literal["somebody", "nobody", "unknown"]
    person: Person | None = None


@dataclass(frozen=True, slots=True)
class Reach:
    """Who meets the new condition and did not meet the old one, and the other way round."""

    let_in: Side
    shut_out: Side

    @property
    def same(self) -> bool:
        """Whether it is proven that both conditions mean the same."""
        return self.let_in.answer == self.shut_out.answer == "nobody"


@dataclass(frozen=True, slots=True)
class Difference:
    """`place` leads to it from outside: ("campaign welcome", "stage hello"). `old` and `new` are as written.

    `notes` say in words what about it is different.
    """

    place: tuple[str, ...]
    what: str
    change: Change
    old: str | None = None
    new: str | None = None
    notes: tuple[str, ...] = ()
    reach: Reach | None = None


def retitled(place: tuple[str, ...], old: str | None, new: str | None) -> Difference:
    """Another title in quotes behind the name, or none any more."""
    was, is_now = (f'"{title}"' if title is not None else None for title in (old, new))
    return Difference(place, "title", came_or_went(old, new), was, is_now)


def came_or_went(old: object | None, new: object | None) -> Change:
    """How something has changed that may have been there before, and may be there now."""
    return "added" if old is None else "removed" if new is None else "changed"
