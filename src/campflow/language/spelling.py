"""The canonical spelling of one word of a `.flow` file, and whether a blank stands before it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment inside a statement: after a word, or on a line of its own below it."""

    text: str
    own_line: bool


@dataclass(frozen=True, slots=True)
class Word:
    """A token as it will be written. `glued`: no blank before it. `remarks` stand between it and the next word."""

    kind: str
    text: str
    glued: bool
    remarks: list[Remark] = field(default_factory=list)


SIGN = "SIGN"
"""The kind of a minus that has nothing to its left."""

BETWEEN_AND = "BETWEEN_AND"
"""The kind of the `and` in `between 10 and 20`."""

OR_SKIP = "OR_SKIP"
"""The kind of the `or` of a limit."""

DEFAULT_SIGN = "DEFAULT_SIGN"
"""The kind of the `=` before the default of a field, and before an arm in a test."""

COMMAS = frozenset({"COMMA", "_CHOICE_COMMA", "_LIMIT_COMMA", "_REENTRY_COMMA"})

OPERATORS = frozenset({"AND", "OR", "COMPARE", "PLUS", "MINUS", "STAR", "SLASH", BETWEEN_AND})

_GLUED = COMMAS | {"RPAR", "QUESTION", "DOT"}
_GLUES = frozenset({"LPAR", "DOT", SIGN})
_CALLS = frozenset({"FUNCTION", "CALLED"})
_OPERANDS = frozenset({
    "NAME", "TEXT", "NUMBER", "PERCENT", "MONEY", "YES", "NO", "DATE", "DATETIME", "TIME", "DURATION", "RPAR",
})  # fmt: skip
"""What a value can end with: a minus after one of these takes away."""

_PART = re.compile(r"(\d[\d_]*)[ \t]+([a-z]+?)s?(?!\w)")
_UNIT = re.compile(r"(second|minute|hour|day|week|month|year)s")


def spell(kind: str, text: str, before: Sequence[Word]) -> Word:
    """The next word of a statement that begins with the words `before`."""
    kind = _role(kind, before)
    last = before[-1].kind if before else None
    glued = kind in _GLUED or (last in _GLUES and not last == kind == SIGN) or (last in _CALLS and kind == "LPAR")
    return Word(kind, _spelling(kind, text, before), glued)


def _role(kind: str, before: Sequence[Word]) -> str:
    if kind == "MINUS" and (len(before) == 1 or before[-1].kind not in _OPERANDS):
        return SIGN  # the second word of a statement follows a word of the language, or the name of an option
    if kind == "AND" and _is_between(before):
        return BETWEEN_AND
    if kind == "OR" and before[0].kind == "LIMIT":
        return OR_SKIP
    if kind == "EQUAL" and before[0].kind not in ("SEGMENT", "SET"):
        return DEFAULT_SIGN
    return kind


def _is_between(before: Sequence[Word]) -> bool:
    """Whether the `and` that comes next joins the two ends of a range."""
    depth = 0
    for word in reversed(before):
        depth += (word.kind == "RPAR") - (word.kind == "LPAR")
        if depth < 0 or (not depth and word.kind in ("AND", "OR", BETWEEN_AND, "WHERE", "IF")):
            return False
        if not depth and word.kind == "BETWEEN":
            return True
    return False


def _spelling(kind: str, text: str, before: Sequence[Word]) -> str:
    """Figures are kept as written, with their `_`; only blanks, plurals and hours have one form."""
    match kind:
        case "DURATION":
            return " ".join(f"{count} {_plural(unit, count)}" for count, unit in _PART.findall(text))
        case "MONEY" | "IN_LAST":
            return " ".join(text.split())
        case "DATETIME":
            day, time = text.split()
            return f"{day} {_two_digits(time)}"
        case "TIME":
            return _two_digits(text)
        case "TEXT":
            return text.replace("\t", "\\t")
        case "TIMES":
            return "time" if before[-1].kind == "EVERY" else _plural("time", before[-1].text)
        case _ if kind in COMMAS:
            return ","  # the lexer may have looked further
        case "NAME" if before and before[0].kind == "LIMIT" and before[-1].kind == "PER":
            return _UNIT.sub(r"\1", text)
    return text


def _plural(noun: str, count: str) -> str:
    return noun if int(count.replace("_", "")) == 1 else f"{noun}s"


def _two_digits(time: str) -> str:
    """`9:00` as `09:00`."""
    return time if time[2] == ":" else f"0{time}"
