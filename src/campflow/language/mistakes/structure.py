"""Mistakes in how statements and blocks stand: braces, commas and arrows left out, statements out of place."""

import re

from campflow.diagnostics.diagnostic import Label
from campflow.language.mistakes.scene import Mistake, Scene, block_kind, end_of, start_of, words
from campflow.language.mistakes.wording import BLOCKS, HOMES, say

HOME: dict[str, str] = {
    **dict.fromkeys(("contact", "event", "segment", "campaign", "test"), "declaration"),
    **dict.fromkeys(
        ("runs", "owner", "timezone", "purpose", "audience", "enter", "leave", "convert", "goal"), "clause"
    ),
    **dict.fromkeys(("budget", "holdout", "limit", "priority", "quiet", "attribute", "edits", "moved"), "clause"),
    **dict.fromkeys(("stage", "final"), "clause"),
    **dict.fromkeys(("send", "set", "emit", "notify", "sync", "do", "split"), "stage"),
    **dict.fromkeys(("on", "after", "at", "when", "else"), "stage"),
    **dict.fromkeys(("measure", "decide"), "split"),
    **dict.fromkeys(("expect", "arm"), "test"),
}
"""Where each statement belongs, by its first word; `contact`, `at` and `after` stand in tests too."""


def missing_brace(scene: Scene) -> Mistake | None:
    """A block whose { was forgotten, or stands on the next line."""
    inside = scene.rest.split("#")[0]
    if scene.token.type == "NAME" and "LBRACE" in scene.expected and inside.count("}") > inside.count("{"):
        found = say("no-brace-before", scene.span(), written=scene.token)
        return Mistake(found, scene.start, scene.start, (("LBRACE", "{"),))
    if scene.token.type != "_NL" or "LBRACE" not in scene.expected or scene.expected & {"_NL", "RBRACE", "$END"}:
        return None
    below = re.match(r"(?:\s|#[^\n]*)*", scene.text[scene.start :])
    position = scene.start + (below.end() if below else 0)
    if scene.text[position : position + 1] == "{":
        return Mistake(say("brace-below", scene.span(position, position + 1)), scene.start, position, ())
    line = scene.places.before(scene.start)
    if _indentation(scene.places.before(position)) <= _indentation(line):
        return None
    end = end_of(scene.statement[-1])
    found = say("no-brace", scene.span(end - 1, end))
    return Mistake(found, scene.start, scene.start, (("LBRACE", "{"),))


def _indentation(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())


def _beginnings(expected: frozenset[str]) -> set[str]:
    """What a statement may begin with: words, and `percent` for an arm."""
    return {*words(expected), *(("percent",) if "PERCENT" in expected and "NUMBER" not in expected else ())}


def unclosed_before(scene: Scene) -> Mistake | None:
    """A statement that cannot stand in this block but in one around it, and is not indented deeper than this one."""
    first = scene.statement[0] if scene.statement else scene.token
    word = "percent" if first.type == "PERCENT" else str(first)
    if word not in {*HOME, "percent"} or first.line == scene.places.line(
        start_of(scene.opened[-1]) if scene.opened else 0
    ):
        return None
    if word in _beginnings(scene.beginning) or (scene.statement and scene.statement[0].type != "NAME"):
        return None
    for closed, expected in enumerate(scene.outer, start=1):
        header = scene.headers[-closed]
        if word in _beginnings(expected) and header and (first.column or 0) <= (header[0].column or 0):
            brace = next(token for token in reversed(scene.opened) if token.type == "LBRACE")
            block = BLOCKS[scene.block][0].removeprefix("in ")
            label = Label(scene.span(start_of(brace), end_of(brace)), "this block is still open")
            found = say(
                "not-closed-before", scene.span(start_of(first), end_of(first)), (label,), written=first, block=block
            )
            closing = (("RBRACE", ""), ("_NL", "")) * closed
            return Mistake(found if str(brace) else None, start_of(first), start_of(first), closing, restarts=True)
    return None


def misplaced(scene: Scene) -> Mistake | None:
    """A statement in a block where it has no place, or after a } that closed its block too early."""
    word = str(scene.token)
    if scene.statement or word not in HOME or word in words(scene.expected):
        return None
    place, holds = BLOCKS[scene.block]
    home = HOME[word]
    around = {block_kind(scene.headers[: depth + 1]) for depth in range(len(scene.headers))}
    if home == "declaration" or home.replace("clause", "campaign") in around:
        found = say("misplaced", scene.span(), written=word, place=place, holds=holds)
        return Mistake(found, scene.start, scene.end)
    surplus = scene.text.count("}") > scene.text.count("{")
    found = say("closed-before" if surplus else "homeless", scene.span(), written=word, place=place, home=HOMES[home])
    opening = _REOPENED.get((scene.block, home)) if surplus or not scene.block else None
    instead = None if opening is None else tuple((kind, "") for kind in opening)
    return Mistake(found, scene.start, scene.start, instead)


_REOPENED: dict[tuple[str, str], tuple[str, ...]] = {
    ("", "clause"): ("CAMPAIGN", "NAME", "LBRACE"),
    ("", "stage"): ("CAMPAIGN", "NAME", "LBRACE", "STAGE", "NAME", "LBRACE"),
    ("campaign", "stage"): ("STAGE", "NAME", "LBRACE"),
}
"""How to read on in the block where the statement would have been at home, so as to report it and its like once."""


def extra(scene: Scene) -> Mistake | None:
    if scene.token.type == "RBRACE" and not scene.headers:
        return Mistake(say("extra-brace", scene.span()), scene.start, scene.end, ())
    if scene.token.type == "RPAR" and not any(token.type == "LPAR" for token in scene.opened):
        return Mistake(say("extra-bracket", scene.span()), scene.start, scene.end, ())
    if scene.token.type == "COMMA" and scene.places.before(scene.start).rstrip().endswith(","):
        return Mistake(say("doubled", scene.span(), written=","), scene.start, scene.end, ())
    return None


def open_bracket(scene: Scene) -> Mistake | None:
    """The line after a ( that was not closed."""
    bracket = scene.opened[-1] if scene.opened else None
    if bracket is None or bracket.type != "LPAR" or scene.places.before(scene.start).strip():
        return None
    if scene.token.type != "RBRACE" and str(scene.token) not in HOME:
        return None
    label = Label(scene.span(start_of(bracket), end_of(bracket)), "this bracket is still open")
    return Mistake(say("not-closed-bracket", scene.span(), (label,), written=scene.token), scene.start, scene.start)


def missing_arrow(scene: Scene) -> Mistake | None:
    if scene.token.type != "NAME" or "ARROW" not in scene.expected or not re.fullmatch(r"\w+\s*(?:#.*)?", scene.rest):
        return None
    found = say("no-arrow", scene.span(), written=scene.token)
    return Mistake(found, scene.start, scene.start, (("ARROW", "->"),))


def missing_comma(scene: Scene) -> Mistake | None:
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
