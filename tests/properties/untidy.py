"""The same program in any layout: blanks, tabs, line ends, empty lines and comments wherever the language lets them stand."""

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from tests.properties.drawing import pick

from campflow.diagnostics.source import Source
from campflow.language.parser import tokens
from campflow.language.reading import CONTINUES

COMMAS = ("COMMA", "_CHOICE_COMMA", "_LIMIT_COMMA", "_REENTRY_COMMA")
TOUCHING = {*COMMAS, "LPAR", "RPAR", "DOT", "EQUAL", "LBRACE", "RBRACE", "QUESTION", "COMPARE", "ARROW", "STAR", "SLASH"}
REMARKS = ("# why", "#", "#a, b {", '# not "closed', "# (", "#  wide   and  é ", "# end\t", "# stage x {}", "## -> }")
BLANKS = (" ", " ", " ", "  ", "\t", " \t   ")


@st.composite
def untidied(draw: DrawFn, text: str) -> str:
    """The text with the same words, anyhow."""
    return draw(_Untidying(text).written())


class _Untidying:
    def __init__(self, text: str) -> None:
        found = [(kind, "," if kind in COMMAS else word) for kind, word, _, _ in tokens(Source("some.flow", text))]
        while found and found[-1][0] == "_NL":
            found.pop()
        self.tokens = [("_NL", ""), *found, ("_NL", "")]
        self.rough = False

    @st.composite
    @staticmethod
    def _written(draw: DrawFn, self: "_Untidying") -> str:
        remarks = draw(st.booleans())
        parts, depth, blocks = [draw(_lines(remarks))], 0, 0
        for (kind, word), (following, _) in zip(self.tokens[1:-1], self.tokens[2:], strict=True):
            if kind == "_NL" or (kind == "COMMA" and not depth):
                commas = blocks > 0 and (following != "RBRACE")
                parts.append(draw(_end_of_item(remarks, commas)))
                continue
            parts.append(word)
            depth += (kind == "LPAR") - (kind == "RPAR")
            blocks += (kind == "LBRACE") - (kind == "RBRACE")
            if following in ("_NL",) or (following == "COMMA" and not depth):
                parts.append(pick(draw, ["", "", " "]))
            elif (depth or kind in CONTINUES) and kind != "FUNCTION" and draw(st.integers(0, 7)) == 7:
                parts.append(draw(_end_of_line(remarks)))
            elif kind in TOUCHING or following in TOUCHING:
                parts.append(pick(draw, ["", *BLANKS]))
            else:
                parts.append(pick(draw, BLANKS))
        text = "".join(parts) + draw(_end_of_line(remarks))
        return pick(draw, ["", "", "\ufeff"]) + (text.replace("\n", "\r\n") if draw(st.integers(0, 3)) == 0 else text)

    def written(self) -> st.SearchStrategy[str]:
        return self._written(self)
