"""What each name in a project stands for, and where it stands: the ground of definition, references, rename and hover.

A name is resolved as the checker resolves it, from the syntax trees alone, so a file with mistakes is indexed as well.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from campflow.diagnostics.source import Span

Kind = Literal[
    "campaign", "stage", "split", "arm", "conversion", "event", "field", "segment", "message", "channel", "sink",
    "audience", "action", "function", "test", "person",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Symbol:
    """A thing that has a name.

    `owner` tells things of one name apart: the campaign of a stage, a split or a conversion, `campaign.split` of an
    arm, the event of a field (empty: the contact), the channel of a message, the campaign of a test, the test (its
    place) of a person in it.
    """

    kind: Kind
    name: str
    owner: str = ""

    def __str__(self) -> str:
        return f"{self.kind} `{self.name}`"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A name in a text, without quotes around it.

    It may stand for several things: `entry.sku` is a field of every event by which contacts enter, and `clicked nudge`
    is about the message on any channel. `declaration` is the construct that declares the thing here, None elsewhere.
    """

    span: Span
    symbols: tuple[Symbol, ...]
    declaration: object = None

    @property
    def declares(self) -> bool:
        return self.declaration is not None


class Index:
    """All occurrences in a project's `.flow` and content files."""

    def __init__(self, occurrences: Iterable[Occurrence]) -> None:
        self._files: dict[str, list[Occurrence]] = {}
        self._symbols: dict[Symbol, list[Occurrence]] = {}
        for occurrence in sorted(occurrences, key=lambda each: each.span):
            self._files.setdefault(occurrence.span.path, []).append(occurrence)
            for symbol in occurrence.symbols:
                self._symbols.setdefault(symbol, []).append(occurrence)

    @property
    def symbols(self) -> Iterable[Symbol]:
        return self._symbols.keys()

    def in_file(self, path: str) -> Sequence[Occurrence]:
        """In the order of the text."""
        return self._files.get(path, ())

    def at(self, path: str, line: int, column: int) -> Occurrence | None:
        """The name at a place or right before it; line and column from 1."""
        here = self.in_file(path)
        place = bisect_right(here, (line, column), key=lambda each: (each.span.line, each.span.column)) - 1
        if place < 0:
            return None
        span = here[place].span
        return here[place] if span.line == line and span.column <= column <= span.end_column else None

    def of(self, symbols: Iterable[Symbol]) -> list[Occurrence]:
        """Every place where one of these things is named, in the order of the files."""
        found = {each.span: each for symbol in symbols for each in self._symbols.get(symbol, ())}
        return sorted(found.values(), key=lambda each: each.span)

    def declarations(self, symbols: Iterable[Symbol]) -> list[Occurrence]:
        return [each for each in self.of(symbols) if each.declares]

    def together(self, symbols: Iterable[Symbol]) -> frozenset[Symbol]:
        """These and all that some place stands for at the same time: they can only have one name."""
        found: set[Symbol] = set()
        waiting = [*symbols]
        while waiting:
            symbol = waiting.pop()
            if symbol not in found:
                found.add(symbol)
                waiting += (other for each in self._symbols.get(symbol, ()) for other in each.symbols)
        return frozenset(found)
