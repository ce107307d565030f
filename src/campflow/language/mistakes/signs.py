"""Mistakes in signs: arrows and comparisons of other languages, stray characters, brackets too deep."""

import re
import unicodedata

from campflow.language.mistakes.scene import Mistake, Scene, end_of, start_of
from campflow.language.mistakes.wording import SIGNS, say


def too_deep(scene: Scene) -> Mistake | None:
    if scene.token.type != "TOO_DEEP":
        return None
    key = "too-deep" if str(scene.token) in ("(", "{") else "too-long"
    return Mistake(say(key, scene.span()), scene.start, scene.end)


def invisible(scene: Scene) -> Mistake | None:
    if scene.token.type != "INVISIBLE":
        return None
    character = str(scene.token)[0]
    name = unicodedata.name(character, f"control character {ord(character)}").lower()
    key = "hard-blank" if unicodedata.category(character) == "Zs" else "invisible"
    found = say(key, scene.span(), character=f"{name} (U+{ord(character):04X})")
    before, behind = scene.previous, re.match(r"\w+", scene.text[scene.end :])
    if key == "invisible" and behind and before is not None and before.type == "NAME" and end_of(before) == scene.start:
        instead = (("NAME", f"{before}{behind[0]}"),)
        return Mistake(found, scene.start, scene.end + behind.end(), instead, 1)
    return Mistake(found, scene.start, scene.end, ())


def arrow(scene: Scene) -> Mistake | None:
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


def equals(scene: Scene) -> Mistake | None:
    """`=` between two values; `=<`; `===`."""
    if scene.token.type != "EQUAL":
        return None
    if "COMPARE" in scene.expected:
        right = next((sign for wrong, sign in (("=<", "<="), ("=!", "!=")) if scene.rest.startswith(wrong)), "==")
        end = scene.start + (1 if right == "==" else 2)
        found = (
            say("equals", scene.span(end=end), written="=", right=right)
            if right == "=="
            else say("at-least", scene.span(end=end), written=scene.text[scene.start : end], right=right)
        )
        return Mistake(found, scene.start, end, (("COMPARE", right),))
    if scene.previous is not None and scene.previous.type == "COMPARE" and end_of(scene.previous) == scene.start:
        return Mistake(say("doubled", scene.span(), written="="), scene.start, scene.end, ())
    return None


def sign(scene: Scene) -> Mistake | None:
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
