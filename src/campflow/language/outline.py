"""A text as its blocks, statements and comments, each where it belongs; what the formatter lays out anew."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from campflow.diagnostics.source import Source
from campflow.language.parser import LexedToken, comments
from campflow.language.spelling import COMMAS, OPERATORS, Remark, Word, spell


@dataclass(slots=True)
class Comment:
    """A comment on a line of its own. `spaced`: an empty line stands before it."""

    text: str
    spaced: bool


@dataclass(slots=True)
class Block:
    """What stands between { and }. `comment` follows the {. `short`: both were written on one line."""

    line: int
    comment: str | None = None
    items: list["Item"] = field(default_factory=list)
    short: bool = False


@dataclass(slots=True)
class Statement:
    """Its words up to a block, the block, and the words after it. `comment` stands behind its end."""

    spaced: bool
    words: list[Word] = field(default_factory=list)
    block: Block | None = None
    tail: list[Word] = field(default_factory=list)
    comment: str | None = None


Item: TypeAlias = Comment | Statement


@dataclass(frozen=True, slots=True)
class _Piece:
    """A token or (kind "#") a comment of the text."""

    line: int
    column: int
    kind: str
    text: str


def outline(source: Source, tokens: Sequence[LexedToken]) -> list[Item]:
    """The items of a file that has no syntax mistakes."""
    return _Outliner().read(_pieces(source, tokens))


def _pieces(source: Source, tokens: Sequence[LexedToken]) -> list[_Piece]:
    """Tokens and comments in the order of the text."""
    found = [_Piece(line, column, kind, text) for kind, text, line, column in tokens]
    found += [_Piece(line, column, "#", text) for line, column, text in comments(source)]
    return sorted(found, key=lambda piece: (piece.line, piece.column))


class _Outliner:
    """The reading of one text. `_line` is the line of what was read last."""

    def __init__(self) -> None:
        self._open: list[Block] = [Block(0)]
        self._headers: list[Statement] = []
        self._statement: Statement | None = None
        self._brackets = 0
        self._waiting: list[Remark] = []
        self._line = 0

    def read(self, pieces: Sequence[_Piece]) -> list[Item]:
        for piece in pieces:
            if piece.kind == "#":
                self._comment(piece)
            elif piece.kind == "_NL":
                self._end_statement()
                continue
            else:
                self._token(piece)
            self._line = piece.line
        self._end_statement()
        return self._open[0].items

    def _comment(self, piece: _Piece) -> None:
        own_line = piece.line != self._line
        items = self._open[-1].items
        if self._statement is not None:
            self._waiting.append(Remark(piece.text, own_line))
        elif own_line:
            items.append(Comment(piece.text, self._spaced(piece)))
        elif items and isinstance(items[-1], Statement):  # behind the comma that ended it
            items[-1].comment = piece.text
        else:
            self._open[-1].comment = piece.text

    def _spaced(self, piece: _Piece) -> bool:
        return bool(self._open[-1].items) and piece.line - self._line > 1

    def _token(self, piece: _Piece) -> None:
        if piece.kind == "RBRACE":
            self._end_statement()
            block = self._open.pop()
            block.short = block.line == piece.line
            self._statement = self._headers.pop()
        elif piece.kind == "COMMA" and not self._brackets:
            self._end_statement()
        elif piece.kind == "LBRACE" and self._statement is not None:
            self._begin_block(piece, self._statement)
        else:
            self._word(piece)

    def _begin_block(self, piece: _Piece, header: Statement) -> None:
        header.block = Block(piece.line)
        self._headers.append(header)
        self._open.append(header.block)
        self._statement = None

    def _word(self, piece: _Piece) -> None:
        if self._statement is None:
            self._statement = Statement(self._spaced(piece))
            self._open[-1].items.append(self._statement)
        words = self._statement.words if self._statement.block is None else self._statement.tail
        self._brackets += (piece.kind == "LPAR") - (piece.kind == "RPAR")
        words.append(spell(piece.kind, piece.text, words))
        if self._waiting:
            remarked = words[-1] if words[-1].kind in OPERATORS | COMMAS else words[-2]  # lines end with operators
            remarked.remarks.extend(self._waiting)
            self._waiting = []

    def _end_statement(self) -> None:
        if self._statement is not None and self._waiting:
            self._statement.comment = self._waiting.pop().text
        self._statement = None
