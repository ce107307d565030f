"""The stack of the LALR parser: what it would take next, and how to take things off it again after a mistake."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias, cast

from lark import Lark, Token
from lark.parsers.lalr_analysis import Shift
from lark.parsers.lalr_interactive_parser import InteractiveParser

from campflow.language.syntax import FlowFile


class Reduction(NamedTuple):
    """The last `size` values become one, which `build` makes of them; a `rule` it is then."""

    size: int
    rule: str
    build: Callable[[list[Any]], Any]


Actions: TypeAlias = Mapping[str, int | Reduction]
"""What to do in a state, by what comes: go on to another state, or reduce first."""


def actions(lark: Lark) -> Mapping[int, Actions]:
    """Lark's table for `Stack`. Lark's own parser looks up the callback of a rule by its hash at every step, which
    takes longer than all the rest."""
    parser = cast(Any, lark.parser).parser
    callbacks = parser.parser.callbacks
    return {
        state: {
            kind: target if action is Shift else Reduction(len(target.expansion), target.origin.name, callbacks[target])
            for kind, (action, target) in row.items()
        }
        for state, row in parser._parse_table.states.items()
    }


class Stack:
    """Lark's parser state of one text. States and values lie side by side, save for the first state, which has none."""

    def __init__(self, driver: InteractiveParser, table: Mapping[int, Actions]) -> None:
        self.state: Any = driver.parser_state
        self._states: list[int] = self.state.state_stack
        self._values: list[Any] = self.state.value_stack
        self._table: Mapping[int, Mapping[str, Any]] = table
        self._end_state: int = self.state.parse_conf.end_state

    @property
    def height(self) -> int:
        return len(self._states)

    def feed(self, token: Token) -> bool:
        """Gives a token to the parser; False, and nothing done, where it does not take it.

        Asking first matters: an LALR parser finds out that a token is wrong only after it has reduced on the strength
        of what could follow elsewhere, and would then take less than it should.
        """
        kind, states = token.type, self._states
        action = self._table[states[-1]].get(kind)
        if action is None or (not isinstance(action, int) and not self._leads_on(kind)):
            return False
        while not isinstance(action, int):
            self._reduce(action)
            action = self._table[states[-1]][kind]
        states.append(action)
        self._values.append(token)
        return True

    def _leads_on(self, kind: str) -> bool:
        """`takes` for one token, without a copy of the stack: the states it would go through lie in `new`."""
        table, states = self._table, self._states
        height, new = len(states), list[int]()
        action = table[states[-1]].get(kind)
        while isinstance(action, Reduction):
            size, rule, _ = action
            while size and new:
                new.pop()
                size -= 1
            height -= size
            new.append(table[new[-1] if new else states[height - 1]][rule])
            action = table[new[-1]].get(kind)
        return action is not None

    def _reduce(self, action: Reduction) -> None:
        states, values = self._states, self._values
        parts: list[Any] = []
        if size := action.size:
            parts = values[-size:]
            del states[-size:], values[-size:]
        values.append(action.build(parts))
        states.append(self._table[states[-1]][action.rule])

    def close(self, token: Token) -> FlowFile:
        """What the builder made of the text, at its end."""
        while self._states[-1] != self._end_state:
            self._reduce(self._table[self._states[-1]][token.type])
        return cast(FlowFile, self._values[-1])

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
                action = self._table[stack[-1]].get(kind)
                if action is None:
                    return None
                if isinstance(action, int):
                    stack.append(action)
                    break
                if action.size:
                    del stack[-action.size :]
                stack.append(self._table[stack[-1]][action.rule])
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
