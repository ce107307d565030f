"""The stack of the LALR parser: what it would take next, and how to take things off it again after a mistake."""

from typing import Any, cast

from lark import Token
from lark.parsers.lalr_analysis import Shift
from lark.parsers.lalr_interactive_parser import InteractiveParser

from campflow.language.syntax import FlowFile


class Stack:
    """Lark's parser state of one text. States and values lie side by side, save for the first state, which has none."""

    def __init__(self, driver: InteractiveParser) -> None:
        self.state: Any = driver.parser_state
        self._states: list[int] = self.state.state_stack
        self._values: list[Any] = self.state.value_stack
        self._table: dict[int, dict[str, tuple[Any, Any]]] = self.state.parse_conf.states
        self._end_state: int = self.state.parse_conf.end_state

    @property
    def height(self) -> int:
        return len(self._states)

    def feed(self, token: Token) -> bool:
        """Gives a token to the parser; False, and nothing done, where it does not take it.

        Asking first matters: an LALR parser finds out that a token is wrong only after it has reduced on the strength
        of what could follow elsewhere, and would then take less than it should.
        """
        action = self._table[self._states[-1]].get(token.type)
        if action is None or (action[0] is not Shift and not self.takes(token.type)):
            return False
        self.state.feed_token(token)
        return True

    def close(self, token: Token) -> FlowFile:
        """What the builder made of the text, at its end."""
        return cast(FlowFile, self.state.feed_token(token, True))

    def takes(self, *kinds: str) -> bool:
        """Whether the parser would take tokens of these kinds, one after the other."""
        return self._after(self._states, kinds) is not None

    def expected(self, height: int | None = None) -> frozenset[str]:
        """The terminals it would take now, or if it were only so high."""
        return self._expected(self._states[:height])

    def expected_outside(self, height: int) -> tuple[frozenset[str], ...]:
        """The same after closing one block, two blocks, and so on, if it were only so high."""
        found = []
        stack = self._after(self._states[:height], ("RBRACE", "_NL"))
        while stack is not None:
            found.append(self._expected(stack))
            stack = self._after(stack, ("RBRACE", "_NL"))
        return tuple(found)

    def _expected(self, stack: list[int]) -> frozenset[str]:
        kinds = (kind for kind in self._table[stack[-1]] if kind.isupper())
        return frozenset(kind for kind in kinds if self._after(stack, (kind,)) is not None)

    def _after(self, stack: list[int], kinds: tuple[str, ...]) -> list[int] | None:
        """The states once it has taken tokens of these kinds, or None where it would not take them."""
        stack = stack[:]
        for kind in kinds:
            while stack[-1] != self._end_state:
                if kind not in self._table[stack[-1]]:
                    return None
                action, target = self._table[stack[-1]][kind]
                if action is Shift:
                    stack.append(target)
                    break
                if target.expansion:
                    del stack[-len(target.expansion) :]
                stack.append(self._table[stack[-1]][target.origin.name][1])
        return stack

    def unwind(self, floor: int, *kinds: str) -> bool:
        """Takes values off, down to the floor, until the parser would take tokens of these kinds."""
        while not self.takes(*kinds):
            if self.height == floor:
                return False
            self._pop()
        return True

    def cut(self, height: int) -> None:
        del self._states[height:], self._values[height - 1 :]

    def take_back(self, tokens: list[Token]) -> bool:
        """Takes the last tokens off, where they still lie there as they were read."""
        if tokens:
            values = self._values[-len(tokens) :]
            if len(values) < len(tokens) or any(a is not b for a, b in zip(tokens, values, strict=True)):
                return False
            self.cut(self.height - len(tokens))
        return True

    def _pop(self) -> None:
        """Takes one value off, or a whole block where one ends."""
        self._states.pop()
        value = self._values.pop()
        if isinstance(value, Token) and value.type == "RBRACE":
            while not (isinstance(value, Token) and value.type == "LBRACE"):
                self._states.pop()
                value = self._values.pop()
