"""Drives Lark's LALR parser over one text, token by token.

Two things are beyond a grammar: where a line may go on, and how to read on after a mistake. After one, what mistakes/
proposes is tried first (`=>` is read as `->`). Where that is no help the statement is given up, what was whole is kept,
and reading is taken up again at the next line. What is needed only then is imported then.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from lark import Token
from lark.exceptions import UnexpectedCharacters, UnexpectedToken
from lark.lexer import LexerState
from lark.parsers.lalr_interactive_parser import InteractiveParser

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language.mistakes.scene import Mistake, Places, Scene
from campflow.language.stack import Actions, Stack
from campflow.language.syntax import FlowFile

DEEPEST_BRACKETS = 50
MOST_OPERATORS = 150
"""In one statement. A tree no deeper than this is safe for the functions that walk it."""

MOST_MISTAKES = 100
"""In one file. After so many it is not a `.flow` file, and reading on helps nobody."""

CONTINUES = frozenset({
    None, "_NL", "LBRACE", "COMMA", "_CHOICE_COMMA", "_LIMIT_COMMA", "_REENTRY_COMMA",
    "COMPARE", "PLUS", "MINUS", "STAR", "SLASH", "EQUAL", "AND", "OR", "NOT",
})  # fmt: skip
"""After these, and at the start of a file, the end of a line ends nothing."""

OPERATORS = frozenset({"AND", "OR", "NOT", "PLUS", "MINUS", "STAR", "SLASH"})
_NOTEWORTHY = OPERATORS | {"LBRACE", "RBRACE", "LPAR", "RPAR", "_NL", "COMMA"}

HEADERS: dict[str, tuple[tuple[str, ...], ...]] = {
    "contact": (("CONTACT",), ("CONTACT", "NAME")),
    "event": (("EVENT", "NAME"),),
    "campaign": (("CAMPAIGN", "NAME"),),
    "test": (("TEST", "TEXT", "OF", "NAME"),),
    "stage": (("STAGE", "NAME"),),
    "final": (("FINAL", "NAME"),),
    "split": (("SPLIT", "NAME"),),
    "send": (("SEND", "NAME", "NAME"),),
    "emit": (("EMIT", "NAME"),),
    "do": (("DO", "NAME"),),
}
"""The shortest way to open a block of each kind, for when what was written before the { cannot be read."""


class _Unwanted(Exception):
    """The parser does not take this token."""

    def __init__(self, token: Token) -> None:
        self.token = token


@dataclass(frozen=True, slots=True)
class _Block:
    """A block now open: the statement that opened it, and the height of the parser's stack before that statement."""

    header: list[Token]
    floor: int


@dataclass(frozen=True, slots=True)
class Ending:
    """Where a text breaks off: in which blocks (the statements that opened them, outermost first), in which statement,
    and the terminals that could come next. What an editor proposes is made of it."""

    headers: tuple[tuple[Token, ...], ...]
    statement: tuple[Token, ...]
    expected: frozenset[str]


class Reading:
    """The reading of one text: the parser's state, the brackets now open, and the statement now being read."""

    def __init__(
        self,
        driver: InteractiveParser,
        table: Mapping[int, Actions],
        path: str,
        text: str,
        seen: list[Token] | None = None,
    ) -> None:
        self.text = text
        self.path = path
        self.diagnostics: list[Diagnostic] = []
        self._lex: Callable[[Any], Iterator[Token]] = driver.lexer_thread.lex
        self._counter = cast(LexerState, driver.lexer_thread.state).line_ctr
        self._stack = Stack(driver, table)
        self._places = Places(path, text)
        self._opened: list[Token] = []
        self._blocks: list[_Block] = []
        self._statement: list[Token] = []
        self._previous: str | None = None
        self._operators = 0
        self._floor = 1
        self._recoveries = 0
        self._seen = seen

    def run(self) -> FlowFile:
        while self._recoveries < MOST_MISTAKES:
            try:
                self._read_on()
                self._check_end()
                break
            except (UnexpectedToken, _Unwanted) as error:
                self._recover(error.token)
            except UnexpectedCharacters:
                position = self._counter.char_pos
                self._recover(self._places.token("STRANGE", self.text[position], position))
        else:
            from campflow.language.mistakes.explain import too_many

            self.diagnostics.append(too_many(self._places, self._counter.char_pos))
        return self._finish()

    def ending(self) -> Ending | None:
        """Where the text breaks off; None where there is a mistake before that."""
        try:
            self._read_on()
        except (UnexpectedToken, UnexpectedCharacters, _Unwanted):
            return None
        headers = tuple(tuple(block.header) for block in self._blocks)
        return Ending(headers, tuple(self._statement), self._stack.expected())

    # --- reading ------------------------------------------------------------------------------------------------

    def _read_on(self) -> None:
        """Reads to the end of the text, or to the next mistake."""
        for token in self._lex(self._stack.state):
            if token.type == "_NL" and (self._previous in CONTINUES or self._in_round_brackets()):
                continue
            self._feed(token)

    def _in_round_brackets(self) -> bool:
        return bool(self._opened) and self._opened[-1].type == "LPAR"

    def _feed(self, token: Token) -> None:
        if not self._stack.feed(token):
            raise _Unwanted(token)
        kind = token.type
        self._previous = kind
        self._statement.append(token)
        if self._seen is not None:
            self._seen.append(token)
        if kind in _NOTEWORTHY:
            self._note(kind, token)

    def _note(self, kind: str, token: Token) -> None:
        """Keeps account of brackets, and of where a statement begins."""
        if kind == "LBRACE":
            self._blocks.append(_Block(self._statement, self._floor))
            self._begin_statement()
            self._opened.append(token)
        elif kind == "RBRACE":
            self._opened.pop()
            block = self._blocks.pop()
            self._statement, self._floor = [*block.header, token], block.floor
        elif kind == "LPAR":
            self._opened.append(token)
        elif kind == "RPAR":
            self._opened.pop()
        elif kind == "_NL" or (kind == "COMMA" and not self._in_round_brackets()):
            self._begin_statement()
        else:
            self._operators += kind in OPERATORS
        if len(self._opened) > DEEPEST_BRACKETS or self._operators > MOST_OPERATORS:
            self._recover(Token.new_borrow_pos("TOO_DEEP", str(token), token))

    def _begin_statement(self) -> None:
        self._statement = []
        self._operators = 0
        self._floor = self._stack.height

    # --- after a mistake ----------------------------------------------------------------------------------------

    def _scene(self, token: Token) -> Scene:
        stack, floor = self._stack, self._floor
        return Scene(
            self._places, token, stack.expected(), stack.expected(floor), stack.expected_outside(floor),
            tuple(self._statement), tuple(tuple(block.header) for block in self._blocks), tuple(self._opened),
        )  # fmt: skip

    def _recover(self, token: Token) -> None:
        from campflow.language.mistakes.explain import explain

        mistake = explain(self._scene(token))
        self._recoveries += 1
        self._report(mistake.diagnostic)
        if self._seen is not None:
            self._seen.append(token)
        if not self._repair(mistake):
            self._give_up_statement(token.start_pos or 0)

    def _report(self, found: Diagnostic | None) -> None:
        """Keeps a finding, unless there is one for the same place: then it is a consequence."""
        places = {(one.span.line, one.span.column) for one in self.diagnostics[-3:]}
        if found is not None and (found.span.line, found.span.column) not in places:
            self.diagnostics.append(found)

    def _repair(self, mistake: Mistake) -> bool:
        """Reads on as the mistake proposes, if the parser can take it that way."""
        if mistake.instead is None:
            return False
        kinds = [kind for kind, _ in mistake.instead]
        if mistake.restarts:
            self._close_round_brackets()
            self._stack.cut(self._floor)
            self._begin_statement()
        replaced = self._statement[len(self._statement) - mistake.replaces :]
        if len(replaced) < mistake.replaces or not self._stack.take_back(replaced) or not self._stack.takes(*kinds):
            return False
        del self._statement[len(self._statement) - len(replaced) :]
        for kind, text in mistake.instead:
            self._feed(self._places.token(kind, text, mistake.start, mistake.end))
        self._move_to(mistake.end)
        return True

    def _close_round_brackets(self) -> int:
        """Forgets those of the statement, and says how many there were."""
        count = 0
        while self._in_round_brackets():
            self._opened.pop()
            count += 1
        return count

    def _give_up_statement(self, position: int) -> None:
        """Goes to the end of the statement, or into the block it opens, and keeps what was whole of it."""
        from campflow.language.landmarks import end_of_block, end_of_statement

        depth = self._close_round_brackets()
        while True:
            position = end_of_statement(self.text, position, depth, self._in_short_block(position))
            if self.text[position : position + 1] != "{":
                break
            if self._stack.takes("LBRACE") or self._open_anyway(position):
                self._move_to(position)
                return
            position = end_of_block(self.text, position)
        sign = self.text[position : position + 1]
        block_end = "RBRACE" if self._blocks else "$END"
        end = {"}": block_end, "": block_end, ",": "COMMA"}.get(sign, "_NL")
        if self._stack.unwind(self._floor, end):
            self._previous = "NAME"
        else:
            self._previous = None
            position += end == "COMMA"
            self._begin_statement()
        self._move_to(position)

    def _in_short_block(self, position: int) -> bool:
        return bool(self._opened) and self._opened[-1].line == self._places.line(position)

    def _open_anyway(self, position: int) -> bool:
        """Opens the block of a statement whose beginning makes no sense, so that its inside can be read."""
        word = self._statement[0] if self._statement else None
        for header in HEADERS.get(str(word), ()) if word and word.type != "PERCENT" else (("PERCENT", "NAME"),):
            if self._stack.unwind(self._floor, *header, "LBRACE"):
                known = {token.type: token for token in reversed(self._statement)}
                self._begin_statement()
                for kind in header:
                    made_up = "0%" if kind == "PERCENT" else ""
                    self._feed(known.get(kind) or self._places.token(kind, made_up, position, position))
                return True
        return False

    def _move_to(self, position: int) -> None:
        counter = self._counter
        counter.char_pos = position
        counter.line, counter.column = self._places.of(position)
        counter.line_start_pos = position - counter.column + 1

    # --- the end ------------------------------------------------------------------------------------------------

    def _check_end(self) -> None:
        """Reports a last statement that breaks off, and brackets that were never closed."""
        end = self._places.token("$END", "", len(self.text))
        if not (self._stack.takes("_NL") or self._stack.takes("RBRACE") or self._stack.takes("$END")):
            from campflow.language.mistakes.explain import explain

            self._report(explain(self._scene(end)).diagnostic)
        for bracket in self._opened:
            if str(bracket):
                from campflow.language.mistakes.explain import unclosed

                self._report(unclosed(self._scene(end)))
                break

    def _finish(self) -> FlowFile:
        """Closes what is open, and takes what the builder made of the text."""
        self._stack.unwind(self._floor, "RBRACE" if self._blocks else "$END")
        for _ in self._blocks:
            self._stack.feed(self._places.token("RBRACE", "", len(self.text)))
        return self._stack.close(self._places.token("$END", "", len(self.text)))
