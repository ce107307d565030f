"""Text to syntax tree: `parse` gives the tree and every mistake of one file, whatever the text is."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from lark import Lark, Token
from lark.lark import PostLex

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Source
from campflow.language.building.builder import Builder
from campflow.language.reading import Ending, Reading
from campflow.language.stack import Actions, actions
from campflow.language.syntax import FlowFile
from campflow.language.tables import lark_of

LexedToken: TypeAlias = tuple[str, str, int, int]
"""Type, text, line and column of a token."""


class Everywhere(PostLex):
    """Terminals the lexer looks for in every context: line ends, whole words, and what people write by mistake."""

    always_accept = (
        "_NL", "NAME", "TEXT", "WRONG_WORD", "UNCLOSED_TEXT", "INVISIBLE", "FOREIGN_ARROW", "FOREIGN_DATE",
        "FOREIGN_TIME", "FOREIGN_MONEY", "FOREIGN_NUMBER", "FOREIGN_TEXT",
    )  # fmt: skip

    def process(self, stream: Iterator[Token]) -> Iterator[Token]:
        return stream


@dataclass(frozen=True, slots=True)
class _Machine:
    """The parser and the builder it calls, for one text at a time."""

    lark: Lark
    table: Mapping[int, Actions]
    builder: Builder

    def reading(self, source: Source, text: str, seen: list[Token] | None = None) -> Reading:
        self.builder.begin(source.path)
        return Reading(self.lark.parse_interactive(text), self.table, source.path, text, seen)


_idle: list[_Machine] = []
"""Machines that no text is in. Reading the grammar takes a fraction of a second, so they are made when first needed and
kept; two threads that parse at the same time have one each."""


def _machine() -> _Machine:
    try:
        return _idle.pop()
    except IndexError:
        builder = Builder()
        lark = lark_of(transformer=builder, postlex=Everywhere())
        return _Machine(lark, actions(lark), builder)


def prepare(machines: int) -> None:
    """Read the grammar now, for so many threads, rather than when the first text comes."""
    taken = [_machine() for _ in range(machines)]
    _idle.extend(taken)


def parse(source: Source) -> tuple[FlowFile, tuple[Diagnostic, ...]]:
    """The tree of a file, without what could not be read, and all its syntax mistakes in the order of the text.

    Never raises, whatever the text is.
    """
    return _read(source, None)


def parse_with_tokens(source: Source) -> tuple[FlowFile, tuple[Diagnostic, ...], list[LexedToken]]:
    """What `parse` and `tokens` give, of one reading."""
    seen: list[Token] = []
    tree, found = _read(source, seen)
    return tree, found, _words(seen)


def tokens(source: Source) -> list[LexedToken]:
    """What the lexer makes of a file, without line ends that end nothing."""
    return parse_with_tokens(source)[2]


def _words(seen: list[Token]) -> list[LexedToken]:
    return [(token.type, str(token), token.line or 0, token.column or 0) for token in seen]


def ending(source: Source) -> Ending | None:
    """Where a text breaks off, and what could come next; None where there is a mistake before that."""
    machine = _machine()
    text = source.text.removeprefix("\ufeff")
    found = machine.reading(source, text).ending()
    _idle.append(machine)
    return found


def _read(source: Source, seen: list[Token] | None) -> tuple[FlowFile, tuple[Diagnostic, ...]]:
    machine = _machine()
    text = source.text.removeprefix("\ufeff")
    reading = machine.reading(source, text, seen)
    tree = reading.run()
    found = {*reading.diagnostics, *machine.builder.diagnostics}
    _idle.append(machine)
    return tree, tuple(sorted(found, key=lambda one: (one.span.line, one.span.column, one.message)))


_TEXT_OR_COMMENT = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?|(?P<comment>#.*)')


def comments(source: Source) -> list[tuple[int, int, str]]:
    """The comments of a file: line, column (both from 1), and the text from `#` to the end of the line."""
    lines = source.text.removeprefix("\ufeff").split("\n")
    return [
        (number, match.start() + 1, match["comment"].rstrip())
        for number, line in enumerate(lines, start=1)
        for match in _TEXT_OR_COMMENT.finditer(line)
        if match["comment"]
    ]
