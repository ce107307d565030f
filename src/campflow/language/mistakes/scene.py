"""Where the parser stopped, and what a mistake is: the ground that the functions which recognise mistakes stand on."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from lark import Token

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORDLESS = frozenset({
    "NAME", "TEXT", "NUMBER", "PERCENT", "MONEY", "DATE", "DATETIME", "TIME", "DURATION", "COMPARE", "ARROW", "PLUS",
    "MINUS", "STAR", "SLASH", "LPAR", "RPAR", "LBRACE", "RBRACE", "COMMA", "EQUAL", "DOT", "QUESTION", "FUNCTION",
    "CALLED",     "IN_LAST",    "_NL", "_REENTRY_COMMA", "_LIMIT_COMMA", "_CHOICE_COMMA", "$END",
})  # fmt: skip


class Places:
    """Offsets in a text, and the lines and columns they stand for."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text

    @cached_property
    def _starts(self) -> list[int]:
        return [0, *(end.end() for end in re.finditer("\n", self.text))]

    def of(self, position: int) -> tuple[int, int]:
        """Line and column, from 1."""
        line = bisect_right(self._starts, position)
        return line, position - self._starts[line - 1] + 1

    def line(self, position: int) -> int:
        return self.of(position)[0]

    def rest(self, position: int) -> str:
        """The text from there to the end of the line."""
        end = self.text.find("\n", position)
        return self.text[position : end if end >= 0 else len(self.text)]

    def before(self, position: int) -> str:
        """The text from the start of the line to there."""
        return self.text[self.text.rfind("\n", 0, position) + 1 : position]

    def span(self, start: int, end: int) -> Span:
        return Span(self.path, *self.of(start), *self.of(end))

    def token(self, kind: str, text: str, start: int, end: int | None = None) -> Token:
        """A token the lexer did not make."""
        end = start + len(text) if end is None else end
        line, column = self.of(start)
        end_line, end_column = self.of(end)
        return Token(kind, text, start, line, column, end_line, end_column, end)


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the parser stopped: the token it did not want, what it would have taken, and what it stands in.

    Expectations are sets of terminals: at this place, at the beginning of the statement, and at the beginning of one
    after closing one block, two blocks, and so on. `headers` are the statements that opened the present blocks.
    """

    places: Places
    token: Token
    expected: frozenset[str]
    beginning: frozenset[str]
    outer: tuple[frozenset[str], ...]
    statement: tuple[Token, ...]
    headers: tuple[tuple[Token, ...], ...]
    opened: tuple[Token, ...]

    @property
    def text(self) -> str:
        return self.places.text

    @property
    def start(self) -> int:
        return start_of(self.token)

    @property
    def end(self) -> int:
        return max(self.start + len(self.token), self.start)

    @property
    def rest(self) -> str:
        """The line from the token on."""
        return self.places.rest(self.start)

    @property
    def previous(self) -> Token | None:
        return self.statement[-1] if self.statement else None

    @property
    def head(self) -> str:
        """The first word of the statement; empty at its beginning."""
        return str(self.statement[0]) if self.statement else ""

    @property
    def block(self) -> str:
        """The kind of the present block, a key of wording.BLOCKS: `stage`, `options`, …; empty outside of any."""
        return block_kind(self.headers)

    def span(self, start: int | None = None, end: int | None = None) -> Span:
        return self.places.span(self.start if start is None else start, self.end if end is None else end)


@dataclass(frozen=True, slots=True)
class Mistake:
    """A finding, and how to read on where that is known: `instead` of the text up to `end` these tokens are taken.

    `replaces` of the tokens before are taken back first; with `restarts`, the whole statement.
    """

    diagnostic: Diagnostic | None
    start: int
    end: int
    instead: tuple[tuple[str, str], ...] | None = None
    replaces: int = 0
    restarts: bool = False


def block_kind(headers: tuple[tuple[Token, ...], ...]) -> str:
    """The kind of the innermost block, from the statements that opened those around it."""
    if not headers or not headers[-1]:
        return ""
    first = headers[-1][0]
    if first.type == "PERCENT":
        return "arm"
    if first.type == "CONTACT":
        return "contact" if len(headers) == 1 else "options"
    word = {"FINAL": "stage"}.get(first.type, first.type.lower())
    return word if word in ("event", "campaign", "stage", "split", "test") else "options"


def start_of(token: Token) -> int:
    return token.start_pos or 0


def end_of(token: Token) -> int:
    return token.end_pos or 0


def words(kinds: Iterable[str]) -> dict[str, str]:
    """The words of the language among these terminals, each with its terminal."""
    found = {kind.lower(): kind for kind in kinds if kind not in _WORDLESS}
    if "weekday" in found:
        del found["weekday"]
        found.update(dict.fromkeys(_WEEKDAYS, "WEEKDAY"))
    return found


def near(word: str, known: Iterable[str]) -> str | None:
    """The known word that this one is a slip of the finger away from: one in short words, two in long ones."""
    allowed = 1 if len(word) < 5 else 2
    others = [other for other in known if other != word and len(other) > 1]
    distance, _, best = min(
        ((_distance(word, other, allowed), abs(len(word) - len(other)), other) for other in others), default=(9, 0, "")
    )
    return best if distance <= min(allowed, len(best) - 2) else None


def _distance(one: str, other: str, most: int) -> int:
    """Letters left out, added, changed or swapped with the next; anything above `most` is only known to be above it."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        before, last, row = row, before, [i]
        for j, against in enumerate(other, start=1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != against))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == against:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1]
