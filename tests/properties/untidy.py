"""The same words in any layout: blanks, tabs, line ends, empty lines and comments wherever the language lets them be."""

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


def untidy(text: str, random: Random, remarks: bool, short: float = 0.3) -> str:
    """The text, laid out anyhow. `short` is how often a comma stands for a line end, where it may."""
    words = [(kind, "," if kind in COMMAS else word) for kind, word, _, _ in tokens(Source("some.flow", text))]
    parts, depth, blocks = [_line_end(random, remarks)], 0, 0
    for index, (kind, word) in enumerate(words):
        following = words[index + 1][0] if index + 1 < len(words) else "_NL"
        depth += (kind == "LPAR") - (kind == "RPAR")
        blocks += (kind == "LBRACE") - (kind == "RBRACE")
        if kind == "_NL" or (kind == "COMMA" and not depth):
            comma = blocks and following not in ("RBRACE", "_NL") and random.random() < short
            parts.append(f",{random.choice(BLANKS)}" if comma else "")
            parts.append("" if comma and random.random() < 0.7 else _line_end(random, remarks))
            continue
        parts.append(word)
        if (depth or kind in CONTINUES) and kind not in ("FUNCTION", "IN_LAST") and random.random() < 0.1:
            parts.append(_line_end(random, remarks))
        elif kind in SIGNS or following in SIGNS or following == "_NL":
            parts.append(random.choice(BLANKS))
        else:
            parts.append(random.choice(BLANKS[1:]))
    laid_out = "".join(parts) + _line_end(random, remarks)
    return random.choice(("", "\ufeff")) + laid_out.replace("\n", random.choice(("\n", "\r\n")))


def _line_end(random: Random, remarks: bool) -> str:
    """The end of a line, perhaps with a comment, then empty lines and lines with nothing but a comment."""
    lines = [random.choice(REMARKS) if remarks and random.random() < 0.4 else "" for _ in range(random.choice((1, 1, 1, 2, 4)))]
    return "".join(f"{random.choice(BLANKS)}{line}\n" for line in lines) + random.choice(BLANKS)
