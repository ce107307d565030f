"""The same words in any layout: blanks, tabs, line ends, empty lines and comments wherever the language lets them be."""

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from tests.properties.drawing import pick

from campflow.diagnostics.source import Source
from campflow.language.parser import tokens
from campflow.language.reading import CONTINUES

COMMAS = frozenset({"COMMA", "_CHOICE_COMMA", "_LIMIT_COMMA", "_REENTRY_COMMA"})
SIGNS = COMMAS | {
    "LPAR", "RPAR", "DOT", "EQUAL", "LBRACE", "RBRACE", "QUESTION", "COMPARE", "ARROW", "STAR", "SLASH",
}  # fmt: skip
"""No blank is needed beside these."""

BLANKS = ("", " ", " ", "  ", "\t", " \t  ")
REMARKS = ("# why", "#", "#a, b {", '# not "closed', "# (", "#  é  wide ", "# end\t", "# } stage", "## -> \u2028 x")


@st.composite
def untidy(draw: DrawFn, text: str) -> str:
    """The text, laid out anyhow."""
    words = [(kind, "," if kind in COMMAS else word) for kind, word, _, _ in tokens(Source("some.flow", text))]
    remarks = draw(st.booleans())
    parts, depth = [], 0
    for index, (kind, word) in enumerate(words):
        following = words[index + 1][0] if index + 1 < len(words) else "_NL"
        depth += (kind == "LPAR") - (kind == "RPAR")
        if kind == "_NL" or (kind == "COMMA" and not depth):
            parts.append(draw(_end_of_item(_in_block(words[:index]) and following not in ("RBRACE", "_NL"), remarks)))
            continue
        parts.append(word)
        if (depth or kind in CONTINUES) and kind not in ("FUNCTION", "IN_LAST") and not draw(st.integers(0, 9)):
            parts.append(draw(_line_end(remarks)))
        elif kind in SIGNS or following in SIGNS or following == "_NL" or (kind, following) == ("FUNCTION", "LPAR"):
            parts.append(pick(draw, BLANKS))
        else:
            parts.append(pick(draw, BLANKS[1:]))
    laid_out = draw(_line_end(remarks)) + "".join(parts) + draw(_line_end(remarks))
    return pick(draw, ["", "", "\ufeff"]) + (laid_out if draw(st.booleans()) else laid_out.replace("\n", "\r\n"))


def _in_block(words: list[tuple[str, str]]) -> bool:
    return sum((kind == "LBRACE") - (kind == "RBRACE") for kind, _ in words) > 0


@st.composite
def _end_of_item(draw: DrawFn, comma: bool, remarks: bool) -> str:
    """A line end; inside a block a comma does as well, with or without one."""
    if not comma or draw(st.integers(0, 2)):
        return draw(_line_end(remarks))
    return f",{pick(draw, BLANKS)}{draw(_line_end(remarks)) if draw(st.booleans()) else ''}"


@st.composite
def _line_end(draw: DrawFn, remarks: bool) -> str:
    """The end of a line, perhaps with a comment, then empty lines and lines with nothing but a comment."""
    options = ["", "", "", *(REMARKS if remarks else ())]
    lines = [pick(draw, options)] + [pick(draw, options) for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2, 4])))]
    return "".join(f"{pick(draw, BLANKS)}{line}\n" for line in lines) + pick(draw, BLANKS)
