"""What went wrong where the parser could not go on: from a token it did not want to a sentence for a marketer.

The recognisers are asked in order; each knows one kind of mistake. Where none knows it, it is said what was
expected there. How all this is worded is in wording.py.
"""

import re
from collections.abc import Callable

from campflow.diagnostics.diagnostic import Diagnostic
from campflow.language.mistakes import conditions, signs, structure, values, words
from campflow.language.mistakes.expectation import either, expectation, form
from campflow.language.mistakes.scene import Mistake, Places, Scene, end_of, start_of
from campflow.language.mistakes.wording import say

RECOGNISERS: tuple[Callable[[Scene], Mistake | None], ...] = (
    signs.too_deep,
    signs.invisible,
    structure.open_bracket,
    values.find,
    signs.arrow,
    signs.equals,
    signs.sign,
    words.hyphen,
    words.quoted_name,
    conditions.after_is,
    conditions.condition,
    structure.extra,
    structure.missing_brace,
    structure.unclosed_before,
    words.misspelt_beginning,
    structure.missing_arrow,
    structure.missing_comma,
    words.synonym,
    words.misspelt,
    structure.misplaced,
    words.wrong_word,
    conditions.missing_and,
)


def explain(scene: Scene) -> Mistake:
    """What is wrong at this place, and how to read on."""
    for recognise in RECOGNISERS:
        mistake = recognise(scene)
        if mistake is not None:
            return mistake
    return _unexpected(scene)


def unclosed(scene: Scene) -> Diagnostic:
    """The innermost bracket that is open at the end of the file."""
    bracket = next(token for token in reversed(scene.opened) if str(token))
    key = "unclosed-block" if bracket.type == "LBRACE" else "unclosed-bracket"
    return say(key, scene.span(start_of(bracket), end_of(bracket)))


def too_many(places: Places, position: int) -> Diagnostic:
    return say("too-many", places.span(position, position))


def _unexpected(scene: Scene) -> Mistake:
    """Says what could have stood there, and how the statement is written."""
    kind, written = scene.token.type, str(scene.token)
    expected, usual = expectation(scene), form(scene)
    if kind in ("_NL", "$END"):
        end = end_of(scene.previous) if scene.previous is not None else scene.start
        place = scene.span(max(end - 1, 0), end)
        found = say("breaks-off" if kind == "_NL" else "ends", place, expected=expected, form=usual)
        return Mistake(found, scene.start, scene.start)
    if scene.expected == {"NAME"} and kind in ("LBRACE", "EQUAL", "ARROW"):
        return Mistake(
            say("missing", scene.span(), expected=either(scene), written=written, form=usual), scene.start, scene.end
        )
    if kind == "STRANGE":
        match = re.match(r"\w+|\S", scene.rest)
        written = match[0] if match else written
    found = say(
        "unexpected", scene.span(end=scene.start + len(written)), written=written, expected=expected, form=usual
    )
    return Mistake(found, scene.start, scene.end)
