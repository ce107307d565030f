"""What went wrong where the parser could not go on: from a token it did not want to a sentence a marketer understands.

The functions below are asked in order; each knows one kind of mistake. The last one, which always has an answer, says
what was expected there. How the mistakes are worded is in wording.py.
"""

import re
import unicodedata
from collections.abc import Callable

from lark import Token

from campflow.diagnostics.diagnostic import Diagnostic, Label
from campflow.language import mistaken_values
from campflow.language.expectation import expectation, form
from campflow.language.scene import Mistake, Places, Scene, end_of, near, start_of, words
from campflow.language.wording import BLOCKS, COMPARISONS, HOMES, SIGNS, SYNONYMS, say

HOME: dict[str, str] = {
    **dict.fromkeys("event segment campaign test".split(), "declaration"),
    **dict.fromkeys(
        "runs owner timezone purpose audience enter leave convert goal budget holdout limit priority quiet attribute edits "
        "moved stage final".split(),
        "clause",
    ),
    **dict.fromkeys("send set emit notify sync do on when else split".split(), "stage"),
    **dict.fromkeys("measure decide".split(), "split"),
    **dict.fromkeys("expect arm".split(), "test"),
}
"""Where each statement belongs, by its first word; `at`, `after` and `contact` have two homes."""

STATEMENT_WORDS = frozenset({*HOME, "contact", "at", "after"})


def explain(scene: Scene) -> Mistake:
    """What is wrong at this place, and how to read on."""
    for recognise in _RECOGNISERS:
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


# --- signs ------------------------------------------------------------------------------------------------------


def _too_deep(scene: Scene) -> Mistake | None:
    if scene.token.type != "TOO_DEEP":
        return None
    key = "too-deep" if str(scene.token) in ("(", "{") else "too-long"
    return Mistake(say(key, scene.span()), scene.start, scene.end)


def _invisible(scene: Scene) -> Mistake | None:
    if scene.token.type != "INVISIBLE":
        return None
    character = str(scene.token)[0]
    name = unicodedata.name(character, f"control character {ord(character)}").lower()
    key = "hard-blank" if unicodedata.category(character) == "Zs" else "invisible"
    return Mistake(say(key, scene.span(), character=f"{name} (U+{ord(character):04X})"), scene.start, scene.end, ())


def _arrow(scene: Scene) -> Mistake | None:
    """`=>` and its like; where a comparison may stand too, the end of the line shows which is meant."""
    written = str(scene.token)
    if scene.token.type != "FOREIGN_ARROW":
        return None
    last_word = re.match(r"\s*[a-z_]\w*[ \t]*(?:#.*)?$", scene.places.rest(scene.end))
    if "ARROW" in scene.expected and (last_word or "COMPARE" not in scene.expected):
        return Mistake(say("arrow", scene.span(), written=written), scene.start, scene.end, (("ARROW", "->"),))
    if "COMPARE" in scene.expected and written == "=>":
        found = say("at-least", scene.span(), written=written, right=">=")
        return Mistake(found, scene.start, scene.end, (("COMPARE", ">="),))
    return Mistake(say("arrow", scene.span(), written=written), scene.start, scene.end)


def _equals(scene: Scene) -> Mistake | None:
    """`=` between two values; `=<`; `===`."""
    if scene.token.type != "EQUAL":
        return None
    if "COMPARE" in scene.expected:
        right = next((sign for wrong, sign in (("=<", "<="), ("=!", "!=")) if scene.rest.startswith(wrong)), "==")
        end = scene.start + (1 if right == "==" else 2)
        found = say("equals", scene.span(end=end), written="=") if right == "==" else say(
            "at-least", scene.span(end=end), written=scene.text[scene.start : end], right=right)
        return Mistake(found, scene.start, end, (("COMPARE", right),))
    if scene.previous is not None and scene.previous.type == "COMPARE" and end_of(scene.previous) == scene.start:
        return Mistake(say("doubled", scene.span(), written="="), scene.start, scene.end, ())
    return None


def _sign(scene: Scene) -> Mistake | None:
    """A sign that other languages have."""
    if scene.token.type not in ("STRANGE", "SLASH", "MINUS"):
        return None
    rest, place = scene.rest, scene.start
    if rest.startswith(("//", "--", "/*")):
        end = place + len(rest.rstrip("\r"))
        return Mistake(say("comment", scene.span(end=place + 2), written=rest[:2]), place, end, ())
    for written, (kind, right) in SIGNS.items():
        if rest.startswith(written) and kind in scene.expected:
            found = say("sign", scene.span(end=place + len(written)), written=written, right=right)
            return Mistake(found, place, place + len(written), ((kind, right),))
    if rest[0] == ";":
        return Mistake(say("semicolon", scene.span()), place, scene.end, ())
    if rest[0] == ":" and scene.previous is not None:
        return Mistake(say("colon", scene.span(), before=str(scene.previous)), place, scene.end, ())
    if rest[0] in "[]":
        kind, right = ("LPAR", "(") if rest[0] == "[" else ("RPAR", ")")
        reported = rest[0] == "]" and scene.opened and scene.text[start_of(scene.opened[-1])] == "["
        return Mistake(None if reported else say("square", scene.span()), place, scene.end, ((kind, right),))
    return None


# --- names and words --------------------------------------------------------------------------------------------


def _hyphen(scene: Scene) -> Mistake | None:
    """`campaign trial-onboarding`."""
    before, rest = scene.previous, re.match(r"(?:-\w+)+", scene.rest)
    if rest is None or before is None or before.type != "NAME" or end_of(before) != scene.start:
        return None
    right = _as_name(f"{before}{rest[0]}")
    start, end = start_of(before), scene.start + rest.end()
    return Mistake(say("name-hyphen", scene.span(start, end), right=right), start, end, (("NAME", right),), 1)


def _quoted_name(scene: Scene) -> Mistake | None:
    """`send email "welcome"`; `stage "Welcome" {`, where a name comes before the title."""
    if scene.token.type != "TEXT" or "NAME" not in scene.expected or "NUMBER" in scene.expected:
        return None
    written = str(scene.token)
    right = _as_name(written[1:-1])
    if scene.head in ("campaign", "stage", "final", "segment"):
        found = say("quoted-title", scene.span(), written=written, right=right)
        return Mistake(found, scene.start, scene.end, (("NAME", right), ("TEXT", written)))
    return Mistake(say("quoted-name", scene.span(), right=right), scene.start, scene.end, (("NAME", right),))


def _wrong_word(scene: Scene) -> Mistake | None:
    """A word in capitals, with letters of another alphabet, or in camelCase."""
    if scene.token.type != "WRONG_WORD":
        return None
    written, known = str(scene.token), words(scene.expected)
    right = known.get(written.lower()) or known.get({"true": "yes", "false": "no"}.get(written.lower(), ""))
    if right is not None:
        word = next(word for word, kind in known.items() if kind == right and word in (written.lower(), "yes", "no"))
        found = say("capitals", scene.span(), written=written, right=word)
        return Mistake(found, scene.start, scene.end, ((right, word),))
    name = _as_name(written)
    kind = words(scene.expected).get(name, "NAME")
    strange = next((letter for letter in written if letter in _LOOKALIKES), None)
    if strange is not None:
        character = unicodedata.name(strange, "?").lower()
        found = say("foreign-letter", scene.span(), letter=strange, written=written, character=character, right=name)
        return Mistake(found, scene.start, scene.end, ((kind, name),))
    if "NAME" not in scene.expected:
        return _slip(scene, written.lower())
    return Mistake(say("name-letters", scene.span(), right=name), scene.start, scene.end, ((kind, name),))


_LOOKALIKES = dict(zip("асеорхуіѕјԁһοανрТАСЕОРХУ", "aceopxyisjdhoavpTACEOPXY", strict=True))


def _as_name(written: str) -> str:
    """The name that somebody means who writes `Trial-Onboarding`, `préférence` or `2nd`."""
    ascii_letters = "".join(_LOOKALIKES.get(letter, letter) for letter in written)
    plain = unicodedata.normalize("NFKD", ascii_letters).encode("ascii", "ignore").decode()
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower()
    name = re.sub(r"[^a-z0-9]+", "_", snake).strip("_")[:60]
    return name if name[:1].isalpha() else f"x_{name}".rstrip("_")


def _misspelt(scene: Scene) -> Mistake | None:
    """A word that is nearly one of those that could stand there."""
    if scene.token.type != "NAME" or "NAME" in scene.expected:
        return None
    return _slip(scene, str(scene.token))


def _slip(scene: Scene, written: str) -> Mistake | None:
    known = words(scene.expected)
    if written in COMPARISONS and "COMPARE" in scene.expected:
        right = COMPARISONS[written]
        found = say("instead", scene.span(), written=scene.token, right=f"`{right}`")
        return Mistake(found, scene.start, scene.end, (("CONTAINS" if right == "contains" else "COMPARE", right),))
    if scene.statement == () and written in HOME:
        return None
    right = near(written, known)
    if right is None:
        return None
    found = say("misspelt", scene.span(), written=scene.token, right=right)
    return Mistake(found, scene.start, scene.end, ((known[right], right),))


def _misspelt_beginning(scene: Scene) -> Mistake | None:
    """In a test a line may begin with a name, so that a slip in its first word shows only later: `exepct ada in nudge`."""
    if not scene.statement or scene.statement[0].type != "NAME":
        return None
    known = words(scene.beginning)
    first = scene.statement[0]
    right = near(str(first), known)
    if right is None:
        return None
    start, end = start_of(first), end_of(first)
    found = say("misspelt", scene.span(start, end), written=first, right=right)
    return Mistake(found, start, end, ((known[right], right),), restarts=True)


def _synonym(scene: Scene) -> Mistake | None:
    """`wait 3 days`."""
    if scene.statement or str(scene.token).lower() not in SYNONYMS:
        return None
    written = str(scene.token)
    return Mistake(say("instead", scene.span(), written=written, right=SYNONYMS[written.lower()]), scene.start, scene.end)


# --- what is missing --------------------------------------------------------------------------------------------


def _missing_brace(scene: Scene) -> Mistake | None:
    """A block whose { was forgotten, or stands on the next line."""
    if scene.token.type != "_NL" or "LBRACE" not in scene.expected or scene.expected & {"_NL", "RBRACE", "$END"}:
        return None
    below = re.match(r"(?:\s|#[^\n]*)*", scene.text[scene.start:])
    position = scene.start + (below.end() if below else 0)
    if scene.text[position : position + 1] == "{":
        return Mistake(say("brace-below", scene.span(position, position + 1)), scene.start, position, ())
    line = scene.places.before(scene.start)
    if _indentation(scene.places.before(position)) <= _indentation(line):
        return None
    end = start_of(scene.statement[0]) + len(line.strip())
    found = say("no-brace", scene.span(start_of(scene.statement[0]), end))
    return Mistake(found, scene.start, scene.start, (("LBRACE", "{"),))


def _indentation(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())


def _unclosed_before(scene: Scene) -> Mistake | None:
    """A statement that cannot stand in this block but in one around it, and is not indented deeper than this one."""
    first = scene.statement[0] if scene.statement else scene.token
    word = str(first)
    if word not in STATEMENT_WORDS or first.line == scene.places.line(start_of(scene.opened[-1]) if scene.opened else 0):
        return None
    if word in words(scene.beginning) or (scene.statement and scene.statement[0].type != "NAME"):
        return None
    for closed, expected in enumerate(scene.outer, start=1):
        header = scene.headers[-closed][0]
        if word in words(expected) and (first.column or 0) <= (header.column or 0):
            brace = next(token for token in reversed(scene.opened) if token.type == "LBRACE")
            block = BLOCKS[scene.block][0].removeprefix("in ")
            label = Label(scene.span(start_of(brace), end_of(brace)), "this block is still open")
            found = say("not-closed-before", scene.span(start_of(first), end_of(first)), (label,), written=word, block=block)
            closing = (("RBRACE", ""), ("_NL", "")) * closed
            return Mistake(found if str(brace) else None, start_of(first), start_of(first), closing, restarts=True)
    return None


def _misplaced(scene: Scene) -> Mistake | None:
    """A statement in a block where it has no place."""
    word = str(scene.token)
    if scene.statement or word not in HOME or word in words(scene.expected):
        return None
    place, holds = BLOCKS[scene.block]
    if HOME[word] == "declaration":
        found = say("misplaced-plain", scene.span(), written=word, place=place, holds=holds)
        return Mistake(found, scene.start, scene.end)
    found = say("misplaced", scene.span(), written=word, place=place, home=HOMES[HOME[word]].replace("clause", "campaign"))
    opening = {
        ("", "clause"): ("CAMPAIGN", "NAME", "LBRACE"),
        ("", "stage"): ("CAMPAIGN", "NAME", "LBRACE", "STAGE", "NAME", "LBRACE"),
        ("campaign", "stage"): ("STAGE", "NAME", "LBRACE"),
    }.get((scene.block, HOME[word]))
    return Mistake(found, scene.start, scene.start, tuple((kind, "") for kind in opening) if opening else None)


def _extra(scene: Scene) -> Mistake | None:
    if scene.token.type == "RBRACE" and not scene.headers:
        return Mistake(say("extra-brace", scene.span()), scene.start, scene.end, ())
    if scene.token.type == "RPAR" and not any(token.type == "LPAR" for token in scene.opened):
        return Mistake(say("extra-bracket", scene.span()), scene.start, scene.end, ())
    if scene.token.type == "COMMA" and scene.previous is not None and scene.previous.type == "COMMA":
        return Mistake(say("doubled", scene.span(), written=","), scene.start, scene.end, ())
    return None


def _open_bracket(scene: Scene) -> Mistake | None:
    """The line after a ( that was not closed."""
    bracket = scene.opened[-1] if scene.opened else None
    if bracket is None or bracket.type != "LPAR" or scene.places.before(scene.start).strip():
        return None
    if scene.token.type != "RBRACE" and str(scene.token) not in STATEMENT_WORDS:
        return None
    label = Label(scene.span(start_of(bracket), end_of(bracket)), "this bracket is still open")
    return Mistake(say("not-closed-bracket", scene.span(), (label,), written=scene.token), scene.start, scene.start)


def _missing_arrow(scene: Scene) -> Mistake | None:
    if scene.token.type != "NAME" or "ARROW" not in scene.expected or not re.fullmatch(r"\w+\s*(?:#.*)?", scene.rest):
        return None
    found = say("no-arrow", scene.span(), written=scene.token)
    return Mistake(found, scene.start, scene.start, (("ARROW", "->"),))


def _missing_comma(scene: Scene) -> Mistake | None:
    """Between the values of a list, the items of a one-line block, and before `once` and `last 30 days`."""
    written, before = str(scene.token), scene.previous
    if before is None:
        return None
    if "COMMA" in scene.expected and "RPAR" in scene.expected:
        if str(before) == "last" and scene.token.type == "DURATION":
            found = say("no-comma", scene.span(start_of(before), end_of(before)), written="last")
            return Mistake(found, scene.start, scene.start, (("COMMA", ","), ("LAST", "last")), 1)
        if scene.token.type in ("TEXT", "NUMBER", "MONEY", "DATE"):
            return Mistake(say("no-comma", scene.span(), written=written), scene.start, scene.start, (("COMMA", ","),))
    if str(before) in ("again", "every") and scene.head == "enter":
        found = say("no-comma-clause", scene.span(start_of(before), scene.end), written=f"{before} {written}")
        instead = (("_REENTRY_COMMA", ","), (str(before).upper(), str(before)))
        return Mistake(found, scene.start, scene.start, instead, 1)
    short = bool(scene.opened) and scene.opened[-1].type == "LBRACE" and scene.opened[-1].line == scene.token.line
    if short and "COMMA" in scene.expected and scene.token.type == "NAME":
        return Mistake(say("no-comma", scene.span(), written=written), scene.start, scene.start, (("COMMA", ","),))
    return None


# --- conditions -------------------------------------------------------------------------------------------------


def _after_is(scene: Scene) -> Mistake | None:
    """`phone is empty`, `phone is not missing`, `plan is "trial"`."""
    if scene.previous is None or scene.previous.type != "IS":
        return None
    match = re.match(r"not[ \t]+(\w+)|(\w+)", scene.rest)
    if match:
        missing = (match[1] or match[2]).lower() in ("missing", "empty", "null", "none", "unknown", "blank")
        present = (match[1] or match[2]).lower() in ("set", "present", "known")
        if missing or present:
            right = "set" if missing == bool(match[1]) else "missing"
            found = say("is-other", scene.span(end=scene.start + match.end()), written=match[0], right=f"is {right}")
            return Mistake(found, scene.start, scene.start + match.end(), ((right.upper(), right),))
    found = say("is-value", scene.span(start_of(scene.previous), end_of(scene.previous)))
    return Mistake(found, scene.start, scene.start, (("COMPARE", "=="),), 1)


def _condition(scene: Scene) -> Mistake | None:
    """Comparisons in a row, `when … if`, `else if`, a `did` in the `where` of a `did`."""
    written = str(scene.token)
    if scene.token.type == "COMPARE" and "AND" in scene.expected:
        return Mistake(say("chained", scene.span()), scene.start, scene.end)
    if written == "if" and scene.head == "when":
        return Mistake(say("when-if", scene.span()), scene.start, scene.end, (("AND", "and"),))
    if written == "if" and scene.head == "else":
        return Mistake(say("else-if", scene.span()), scene.start, scene.end)
    if written == "did" and any(token.type == "DID" for token in scene.statement):
        return Mistake(say("did-inside", scene.span()), scene.start, scene.end)
    return None


def _missing_and(scene: Scene) -> Mistake | None:
    """Two conditions side by side: a comparison follows what could have been the end of one."""
    if scene.token.type not in ("NAME", "TEXT", "FUNCTION") or "AND" not in scene.expected:
        return None
    if not re.match(r"\S+[ \t]*(?:[=!<>]|in\b|is\b|starts\b|contains\b|between\b|\()", scene.rest):
        return None
    return Mistake(say("no-and", scene.span()), scene.start, scene.start, (("AND", "and"),))


# --- anything else ----------------------------------------------------------------------------------------------


def _unexpected(scene: Scene) -> Mistake:
    """Says what could have stood there, and how the statement is written."""
    kind, written = scene.token.type, str(scene.token)
    right = {"expected": expectation(scene), "form": form(scene)}
    if kind in ("_NL", "$END"):
        last = scene.previous
        end = end_of(last) if last is not None else scene.start
        found = say("breaks-off" if kind == "_NL" else "ends", scene.span(max(end - 1, 0), end), **right)
        return Mistake(found, scene.start, scene.start)
    if kind == "STRANGE":
        match = re.match(r"\w+|\S", scene.rest)
        written = match[0][:40] if match else written
    found = say("unexpected", scene.span(end=scene.start + len(written)), written=written[:60], **right)
    return Mistake(found, scene.start, scene.end)


_RECOGNISERS: tuple[Callable[[Scene], Mistake | None], ...] = (
    _too_deep, _invisible, _open_bracket, mistaken_values.find, _arrow, _equals, _sign, _hyphen, _quoted_name, _after_is,
    _condition, _extra, _missing_brace, _unclosed_before, _misspelt_beginning, _missing_arrow, _missing_comma, _misspelt,
    _synonym, _misplaced, _wrong_word, _missing_and,
)  # fmt: skip
