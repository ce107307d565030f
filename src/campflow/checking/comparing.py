"""Which types may be compared with, assigned to, or looked up in which: rules only, no names."""

import re
from typing import Literal

from campflow.checking.fitting import unfit
from campflow.checking.operand import Operand
from campflow.checking.wording import types as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.model.expressions import (
    And,
    Compare,
    Constant,
    Expression,
    InOptions,
    ListHas,
    TextMatch,
)
from campflow.model.people import TEXT_KINDS, Kind, ValueType

Comparison = Literal["==", "!=", "<", "<=", ">", ">="]

_FAMILIES = {**dict.fromkeys(TEXT_KINDS, "text"), "integer": "number", "date": "time"}

#: How a value of each kind is written. Of some it would not help to see one.
_EXAMPLES: dict[Kind, str] = {
    "text": '"…"',
    "integer": "10",
    "number": "10",
    "yesno": "yes",
    "date": "2026-12-01",
    "time": "2026-12-01 09:00",
    "money": "50 EUR",
    "duration": "30 days",
}


def family(type_: ValueType) -> str:
    """Types of one family compare with each other: all texts, all numbers, days with moments."""
    return _FAMILIES.get(type_.kind, type_.kind)


def compare(operator: Comparison, left: Operand, right: Operand, span: Span) -> Expression | Diagnostic:
    """`left CMP right`."""
    problem = _incomparable(operator, left, right, span)
    return problem or Compare(operator, left.value, right.value)


def between(value: Operand, low: Operand, high: Operand, span: Span) -> Expression | Diagnostic:
    """`value between low and high`, both ends included."""
    problem = _incomparable(">=", value, low, span) or _incomparable("<=", value, high, span)
    return problem or And((Compare(">=", value.value, low.value), Compare("<=", value.value, high.value)))


def among(value: Operand, options: tuple[Operand, ...], span: Span) -> Expression | Diagnostic:
    """`value in (…, …)`."""
    if value.type.kind == "duration":
        return say.duration_alone(value, span)
    for option in options:
        problem = _incomparable("==", value, option, option.span)
        if problem:
            return problem
    return InOptions(value.value, tuple(option.value for option in options))


def list_has(list_: Operand, item: Operand, span: Span) -> Expression | Diagnostic:
    """`item in list`."""
    element = list_.type.element
    if list_.type.kind != "list" or element is None:
        return say.not_a_list(list_)
    if family(element) != family(item.type):
        return say.wrong_item(list_, element, item, span)
    return unfit(element, item) or ListHas(list_.value, item.value)


def text_match(
    operator: Literal["starts with", "contains"], value: Operand, pattern: Operand
) -> Expression | Diagnostic:
    """`value starts with pattern`, `value contains pattern`."""
    for operand in (value, pattern):
        if operand.type.kind not in TEXT_KINDS:
            return say.not_a_text(operand, operator)
    return TextMatch(operator, value.value, pattern.value)


def assign(wanted: ValueType, goal: str, operand: Operand) -> Expression | Diagnostic:
    """The operand as a value for `goal` (a field in code quotes) of type `wanted`.

    A whole number is a number, a text that was written down fits every kind of text that can hold it, and every
    kind of text is a text. Nothing else changes its kind.
    """
    given = operand.type
    fits = (
        wanted.kind == given.kind
        or (wanted.kind == "number" and given.kind == "integer")
        or (wanted.kind == "text" and given.kind in TEXT_KINDS)
        or (wanted.kind in TEXT_KINDS and operand.fixed_text is not None)
    )
    if not fits or (wanted.kind == "list" and wanted.element != given.element):
        return say.not_assignable(wanted, goal, operand, _hint_for(wanted, operand))
    if wanted.kind == given.kind == "choice" and not set(given.choices) <= set(wanted.choices):
        return say.other_choices(wanted, goal, operand)
    return unfit(wanted, operand) or operand.value


def _incomparable(operator: str, left: Operand, right: Operand, span: Span) -> Diagnostic | None:
    if "duration" in (left.type.kind, right.type.kind):
        return _durations(left, right, span)
    for operand in (left, right):
        if operand.type.kind == "list":
            return say.whole_list(operand, span)
    if family(left.type) != family(right.type):
        return say.incomparable(left, right, span, _hint(left, right))
    for operand in (left, right):
        if operator not in ("==", "!=") and operand.type.kind in ("choice", "yesno"):
            return say.unordered(operand, operator, span)
    return unfit(left.type, right) or unfit(right.type, left)


def _durations(left: Operand, right: Operand, span: Span) -> Diagnostic | None:
    """A length of time is compared in one way: the difference of two moments with a fixed length."""
    for one, other in ((left, right), (right, left)):
        if one.is_fixed_duration:
            if other.type.kind == "duration" and not other.is_fixed_duration:
                return None
            if family(other.type) == "time":
                return say.moment_with_duration(other, one, span)
    return say.incomparable(left, right, span, _hint(left, right))


def _hint(left: Operand, right: Operand) -> str | None:
    """What to write instead of the side that was written down; nothing where both are fields."""
    if isinstance(right.value, Constant):
        return _hint_for(left.type, right)
    return _hint_for(right.type, left) if isinstance(left.value, Constant) else None


def _hint_for(wanted: ValueType, operand: Operand) -> str | None:
    """What to write instead of the operand where a value of `wanted` stands."""
    text, kind = operand.fixed_text, operand.type.kind
    is_written = isinstance(operand.value, Constant)
    if text is not None and (unquoted := _unquoted(wanted, text)):
        return unquoted
    if kind in ("integer", "number") and is_written:
        match wanted.kind:
            case "money":
                return f"write the currency as well: `{operand} EUR`"
            case "duration":
                return f"write the unit as well: `{operand} days`"
            case "choice":
                return "write one of " + ", ".join(f'"{choice}"' for choice in wanted.choices)
            case _ if wanted.kind in TEXT_KINDS:
                return f'texts stand in quotes: `"{operand}"`'
    if kind == "money" and wanted.kind in ("integer", "number"):
        return f"write the number alone, without {operand.written.split()[-1]}" if operand.written else None
    if kind == "number" and wanted.kind == "integer" and not is_written:
        return "declare the field as `number`, which can have decimals"
    if kind == "date" and wanted.kind == "time":
        return f"write the time of day as well: `{operand} 00:00`"
    return say.example(wanted, _EXAMPLES[wanted.kind]) if is_written and wanted.kind in _EXAMPLES else None


def _unquoted(wanted: ValueType, text: str) -> str | None:
    """`wanted` without the quotes, where the text would be one."""
    shapes = {
        "integer": r"-?\d+",
        "number": r"-?\d+(\.\d+)?",
        "yesno": r"yes|no",
        "date": r"\d{4}-\d\d-\d\d",
        "time": r"\d{4}-\d\d-\d\d( \d\d:\d\d)?",
        "money": r"\d+(\.\d+)? ?[A-Z]{3}",
        "duration": r"\d+ (second|minute|hour|day|week|month|year)s?",
    }
    shape = shapes.get(wanted.kind)
    return f"write it without the quotes: `{text}`" if shape and re.fullmatch(shape, text) else None
