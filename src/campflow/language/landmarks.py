"""Where statements and blocks end in a text that does not parse: by line ends and brackets alone."""

import re

from campflow.language.mistakes.structure import HOME

_LANDMARK = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|#[^\n]*|[\n{}(),]')
_WORD = re.compile(r"\s*([a-z_]+)")


def end_of_statement(text: str, position: int, depth: int, short: bool) -> int:
    """Where the line ends (or the line that closes the round brackets, `depth` of which are open), or a { or } stands.

    In a short block, which began on this line, a comma ends a statement too.
    """
    for landmark in _LANDMARK.finditer(text, position):
        sign = landmark[0]
        if sign in "{}":
            return landmark.start()
        if sign == "(":
            depth += 1
        elif sign == ")":
            depth = max(depth - 1, 0)
        elif depth and (sign != "\n" or not _begins_statement(text, landmark.end())):
            continue
        elif sign == "\n" or (sign == "," and short):
            return landmark.start()
    return len(text)


def _begins_statement(text: str, position: int) -> bool:
    word = _WORD.match(text, position)
    return word is not None and word[1] in HOME


def end_of_block(text: str, position: int) -> int:
    """The place after the } that closes the { at this place."""
    depth = 0
    for landmark in _LANDMARK.finditer(text, position):
        depth += {"{": 1, "}": -1}.get(landmark[0], 0)
        if not depth:
            return landmark.end()
    return len(text)
