"""Lines quoted from a user's file, made harmless: a control character in it must not drive the reader's terminal."""

import unicodedata
from collections.abc import Mapping

from campflow.diagnostics.source import Source, Span

TAB = "    "
WIDEST_LINE = 120
"""Columns of a quoted line. A longer one is cut to about this much around the place in question."""

_HARMFUL = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


class Quoter:
    """Finds lines in the sources, each of which is split once."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._split: dict[str, list[str]] = {}

    def quote(self, span: Span) -> tuple[str, int, int] | None:
        """The first line of the span, the column (from 0) where the mark below it begins, and how wide the mark is.

        None where the text of the file is not known.
        """
        line = self._line(span.path, span.line)
        if line is None:
            return None
        start = span.column - 1
        end = span.end_column - 1 if span.end_line == span.line else len(line)
        end = max(end, start + 1)
        before, marked, after = visible(line[:start]), visible(line[start:end]), visible(line[end:])
        if width(before + marked + after) > WIDEST_LINE:
            before, marked, after = _cut(before, marked, after)
        return (before + marked + after).rstrip(), width(before), max(width(marked), 1)

    def _line(self, path: str, number: int) -> str | None:
        if path not in self._sources:
            return None
        if path not in self._split:
            self._split[path] = self._sources[path].text.removeprefix("\ufeff").split("\n")
        lines = self._split[path]
        return lines[number - 1].removesuffix("\r") if 0 < number <= len(lines) else ""


def _cut(before: str, marked: str, after: str) -> tuple[str, str, str]:
    """The three parts of a line, shortened so that what is marked and something around it remain."""
    if len(marked) > WIDEST_LINE // 2:
        marked, after = marked[: WIDEST_LINE // 2] + "…", ""
    room = (WIDEST_LINE - len(marked)) // 2
    if len(before) > room:
        before = "…" + before[-room:]
    if len(after) > room:
        after = after[:room] + "…"
    return before, marked, after


def visible(text: str) -> str:
    """The text with tabs as blanks, and a sign in place of each character that shows nothing or drives a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(TAB if character == "\t" else harmless(character) for character in text)


def harmless(text: str) -> str:
    """The text with a sign in place of each control, invisible or broken character."""
    return "".join("\ufffd" if unicodedata.category(character) in _HARMFUL else character for character in text)


def width(text: str) -> int:
    """Columns in a terminal: two for a wide character, none for one that joins the character before it."""
    if text.isascii():
        return len(text)
    return sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
