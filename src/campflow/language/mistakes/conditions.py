"""Mistakes in conditions: `is` before a value, comparisons in a row, a missing `and`."""

import re

from campflow.language.mistakes.scene import Mistake, Scene, end_of, start_of
from campflow.language.mistakes.wording import say


def after_is(scene: Scene) -> Mistake | None:
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


def condition(scene: Scene) -> Mistake | None:
    """Comparisons in a row, `when … if`, `else if`, a `did` in the `where` of a `did`."""
    written = str(scene.token)
    if scene.token.type == "COMPARE" and "AND" in scene.expected:
        return Mistake(say("chained", scene.span()), scene.start, scene.end)
    if written == "if" and scene.head == "when":
        return Mistake(say("when-if", scene.span()), scene.start, scene.end, (("AND", "and"),))
    if written == "if" and scene.head == "else":
        return Mistake(say("else-if", scene.span()), scene.start, scene.end)
    before = scene.previous
    if before is not None and before.type == "NAME" and before == "did":
        return Mistake(say("did-inside", scene.span(start_of(before), end_of(before))), scene.start, scene.end)
    return None


def missing_and(scene: Scene) -> Mistake | None:
    """Two conditions side by side: a comparison follows what could have been the end of one."""
    if scene.token.type not in ("NAME", "TEXT", "FUNCTION", "CALLED") or "AND" not in scene.expected:
        return None
    if not re.match(r"\S+[ \t]*(?:[=!<>]|in\b|is\b|starts\b|contains\b|between\b|\()", scene.rest):
        return None
    return Mistake(say("no-and", scene.span()), scene.start, scene.start, (("AND", "and"),))
