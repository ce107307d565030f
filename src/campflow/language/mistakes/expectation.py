"""What could have stood at a place, in words: from the terminals the parser would have taken."""

from campflow.language.mistakes.scene import Scene, words
from campflow.language.mistakes.wording import ARM_FORM, BLOCKS, FORMS, KINDS, NAMES, TEST_FORMS

MOST = 5
"""Alternatives that are named."""

_VALUE = frozenset({"NAME", "TEXT", "NUMBER", "LPAR"})
_OPERATORS = frozenset({
    "COMPARE", "PLUS", "MINUS", "STAR", "SLASH", "AND", "OR", "NOT", "IN", "IS", "BETWEEN", "STARTS", "CONTAINS", "DOT",
})  # fmt: skip
_CONDITION = _VALUE | {
    "COMPARE", "DATE", "DATETIME", "TIME", "DURATION", "MONEY", "PERCENT", "YES", "NO", "FUNCTION", "CALLED", "MINUS",
    "NOT", "DID", "IN",
}  # fmt: skip


def expectation(scene: Scene) -> str:
    """`expected `->` or `if``."""
    if not scene.statement:
        place, holds = BLOCKS[scene.block]
        return f"{place} stand {holds}"
    return f"expected {either(scene)}"


def form(scene: Scene) -> str:
    """How the statement is written, where it has begun in a way that shows which one it is."""
    head = scene.statement[0] if scene.statement else None
    if head is None:
        return ""
    if head.type == "PERCENT":
        return f"an arm reads `{ARM_FORM}`"
    known = TEST_FORMS.get(str(head)) if scene.block == "test" else None
    known = known or (FORMS.get(str(head)) if head.type != "NAME" else None)
    return f"such a line reads `{known}`" if known else ""


def _alternatives(scene: Scene) -> list[str]:
    """The most telling ones first: signs and words, then names and values, the end of the line last."""
    expected = set(scene.expected)
    found: list[str] = []
    if expected >= _VALUE:
        found.append("a value or a condition")
        expected -= _CONDITION
    elif "COMPARE" in expected and "AND" in expected:
        found.append("an operator such as `==` or `and`")
        expected -= _OPERATORS
    elif {"AND", "OR"} <= expected:
        found += ["`and`", "`or`"]
        expected -= _OPERATORS
    signs = [KINDS[kind] for kind in ("ARROW", "LBRACE", "EQUAL", "RPAR", "COMMA") if kind in expected]
    kept = sorted(f"`{word}`" for word in words(expected))
    if "NAME" in expected:
        found.insert(0, _name(scene))
    values = [
        text for kind, text in KINDS.items() if kind in expected and text[0] != "`" and kind not in ("_NL", "$END")
    ]
    ends = [KINDS["_NL"]] if "_NL" in expected else []
    return [*found, *signs, *values, *kept, *ends][:MOST]


def _name(scene: Scene) -> str:
    before = scene.statement[-1]
    if before.type == "NAME" and scene.head in ("send", "expect"):
        return "the name of a message"
    if before.type == "NAME" and {"WHERE", "ARROW"} & scene.expected:
        return "the name of a message"
    if before.type in ("ONE", "OF", "LIST") or (before.type == "NAME" and scene.block in ("contact", "event")):
        return "a type such as `text`"
    return NAMES.get(before.type, "a name")


def either(scene: Scene) -> str:
    """What could have stood there: `` `if` or `->` ``."""
    *most, last = _alternatives(scene) or ["something else"]
    return f"{', '.join(most)} or {last}" if most else last
