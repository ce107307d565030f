"""A text that campflow reads, and places in it."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one file. `path` is what the user is shown: relative to the project, with forward slashes."""

    path: str
    text: str

    def line(self, number: int) -> str:
        """The text of line `number` (from 1), without its end; empty past the last line."""
        lines = self.text.split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


class Span(NamedTuple):
    """A stretch of a text: lines and columns count from 1 in characters; the end is the first place after it.

    Each node of each tree has one, so it is a tuple: that is made and looked up in half the time.
    """

    path: str
    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: "Span") -> "Span":
        """From the start of this span to the end of `other`."""
        return Span(self.path, self.line, self.column, other.end_line, other.end_column)
