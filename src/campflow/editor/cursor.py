"""Where in a text somebody is typing: in which blocks and which statement, and what could come next.

Only the headers of the blocks around the place and the statement up to it are parsed, so the answer takes the same
time in a file of a thousand lines, and mistakes elsewhere do not matter.
"""

import re
from dataclasses import dataclass

from lark import Token

from campflow.diagnostics.source import Source
from campflow.language.mistakes.scene import block_kind
from campflow.language.mistakes.structure import HOME
from campflow.language.parser import ending

_LANDMARK = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|#[^\n]*|[\n{}()]')
_WORD = re.compile(r"[^\W\d]\w*\Z")
_COUNT = re.compile(r"\d[\d_]*[ \t]+\Z")

#: After these the end of a line ends nothing (as in language/reading.py).
_GOES_ON = re.compile(r"(?:[,=<+*/(]|(?<!-)>|-|\b(?:and|or|not))\s*\Z")


@dataclass(frozen=True, slots=True)
class Cursor:
    """`word` is what is written so far of the word at the place. Inside of quotes, `quoted` is the text so far.

    `before` is the text of the innermost block up to here. `counted`: a number stands before the place, as in
    `after 3`, so that a unit of time could follow.
    """

    headers: tuple[tuple[Token, ...], ...]
    statement: tuple[Token, ...]
    expected: frozenset[str]
    word: str
    quoted: str | None
    before: str
    counted: bool = False

    @property
    def kinds(self) -> str:
        """The statement so far as its kinds of tokens: `SEND NAME`."""
        return " ".join(token.type for token in self.statement)

    @property
    def block(self) -> str:
        """The kind of the innermost block: `campaign`, `stage`, `options`, …; empty outside of any."""
        return block_kind(self.headers)

    @property
    def header(self) -> tuple[Token, ...]:
        return self.headers[-1] if self.headers else ()

    @property
    def campaign(self) -> str:
        """The campaign around the place, or the one that the test around it is of."""
        outermost = self.headers[0] if self.headers else ()
        if not outermost or outermost[0].type not in ("CAMPAIGN", "TEST"):
            return ""
        names = [str(token) for token in outermost if token.type == "NAME"]
        return names[0] if names else ""


def cursor(text: str, offset: int) -> Cursor | None:
    """The place at an offset; None in a comment, and where what stands before it makes no sense."""
    around = _around(text, offset)
    if around is None:
        return None
    outside, statement, quoted, inner = around
    word = "" if quoted is not None else _word(statement)
    written = statement[: len(statement) - len(word)]
    before = text[inner:offset]
    found = ending(Source("", outside + written))
    counted = False
    if quoted is None and (count := _COUNT.search(written)):
        uncounted = ending(Source("", outside + written[: count.start()]))
        counted = uncounted is not None and "DURATION" in uncounted.expected
        found = found or uncounted
    if found is None:
        return None
    expected = found.expected | _after_comma(outside, written)
    return Cursor(found.headers, found.statement, expected, word, quoted, before, counted)


def _after_comma(outside: str, written: str) -> frozenset[str]:
    """What goes on with the statement behind a comma that seems to end it: `enter on signup, once`.

    The lexer tells such a comma by the word behind it, which is not there yet.
    """
    bare = written.rstrip()
    if not bare.endswith(","):
        return frozenset()
    found = ending(Source("", outside + bare[:-1]))
    return frozenset({"ONCE", "AGAIN", "EVERY"}) if found and "_REENTRY_COMMA" in found.expected else frozenset()


def _word(statement: str) -> str:
    match = _WORD.search(statement)
    return match[0] if match else ""


@dataclass(slots=True)
class _Block:
    """`header` is all that has to be read before it, `inner` where its inside begins."""

    header: str
    inner: int


def _around(text: str, offset: int) -> tuple[str, str, str | None, int] | None:
    """The headers of the blocks around a place, the statement up to it (to the quotes, inside of a text), the text
    inside of quotes so far, and where the innermost block begins. None in a comment."""
    blocks: list[_Block] = []
    done, begin, depth = "", 1 if text.startswith("\ufeff") else 0, 0
    quoted: str | None = None
    end = offset
    for landmark in _LANDMARK.finditer(text, begin, offset):
        sign = landmark[0]
        if sign[0] == "#":
            if landmark.end() == offset:
                return None
            continue
        if sign[0] == '"' and landmark.end() == offset and not _closed(sign):
            quoted, end = sign[1:], landmark.start()
        elif sign == "{":
            blocks.append(_Block(done + text[begin : landmark.end()], landmark.end()))
            done, begin, depth = "", landmark.end(), 0
        elif sign == "}" and blocks:
            done, begin, depth = blocks.pop().header + "}", landmark.end(), 0
        elif sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(depth - 1, 0)
        elif sign == "\n" and _ends(done + text[begin : landmark.start()], depth, text, landmark.end()):
            done, begin, depth = "", landmark.end(), 0
    return (
        "".join(block.header for block in blocks),
        done + text[begin:end],
        quoted,
        blocks[-1].inner if blocks else 0,
    )


def _closed(sign: str) -> bool:
    return len(sign) > 1 and sign.endswith('"') and not re.search(r'(?<!\\)(?:\\\\)*\\"\Z', sign)


def _ends(statement: str, depth: int, text: str, next_line: int) -> bool:
    """Whether a statement ends at the end of a line. Inside of brackets it does where the next one plainly begins."""
    if depth:
        word = _BEGINNING.match(text, next_line)
        return word is not None and word[1] in HOME
    code = "".join("" if piece[0][0] == "#" else piece[0] for piece in _PIECES.finditer(statement))
    return code.rstrip().endswith("->") or _GOES_ON.search(code) is None


_BEGINNING = re.compile(r"[ \t]*([a-z_]+)")
_PIECES = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|#[^\n]*|[^"#]+')
