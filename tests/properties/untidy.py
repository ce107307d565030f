"""The same words in any layout: blanks, tabs, line ends, empty lines, comments, wherever the language lets them be."""

from collections.abc import Callable
from random import Random

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


def untidy(text: str, random: Random, remarks: bool) -> str:
    """The text, laid out anyhow; with comments or without."""
    return random.choice(("", "\ufeff")) + _laid_out(text, random, 0.3, lambda: _lines(random, remarks))


def spread(text: str, random: Random) -> str:
    """The text with every item of a block on a line of its own, otherwise anyhow; no comments, no empty lines."""
    return _laid_out(text, random, 0, lambda: f"{random.choice(BLANKS)}\n{random.choice(BLANKS)}")


def _laid_out(text: str, random: Random, commas: float, line_end: Callable[[], str]) -> str:
    """`commas` is how often one stands for a line end, where it may."""
    words = [(kind, "," if kind in COMMAS else word) for kind, word, _, _ in tokens(Source("some.flow", text))]
    parts, depth, blocks = [line_end()], 0, 0
    for index, (kind, word) in enumerate(words):
        following = words[index + 1][0] if index + 1 < len(words) else "_NL"
        depth += (kind == "LPAR") - (kind == "RPAR")
        blocks += (kind == "LBRACE") - (kind == "RBRACE")
        if kind == "_NL" or (kind == "COMMA" and not depth):
            comma = blocks and following not in ("RBRACE", "_NL") and random.random() < commas
            parts.append(f",{random.choice(BLANKS)}" if comma else "")
            parts.append("" if comma and random.random() < 0.7 else line_end())
            continue
        parts.append(word)
        goes_on = (depth or kind in CONTINUES) and kind not in ("FUNCTION", "IN_LAST")
        if (kind == "LBRACE" and not commas) or (goes_on and random.random() < 0.1):
            parts.append(line_end())
        elif kind in SIGNS or following in SIGNS or following == "_NL":
            parts.append(random.choice(BLANKS))
        else:
            parts.append(random.choice(BLANKS[1:]))
    return ("".join(parts) + line_end()).replace("\n", random.choice(("\n", "\r\n")))


def _lines(random: Random, remarks: bool) -> str:
    """The end of a line, perhaps with a comment, then empty lines and lines with nothing but a comment."""
    lines = [""] * random.choice((1, 1, 1, 2, 4))
    if remarks:
        lines = [random.choice(("", "", "", "", "", *REMARKS)) for _ in lines]
    return "".join(f"{random.choice(BLANKS)}{line}\n" for line in lines) + random.choice(BLANKS)
