"""Arithmetic: numbers, money with numbers, moments with lengths of time."""

from typing import Literal

from campflow.checking.comparing import family
from campflow.checking.operand import Operand
from campflow.checking.wording import types as say
from campflow.diagnostics.diagnostic import Diagnostic
from campflow.diagnostics.source import Span
from campflow.model.expressions import INTEGER, NUMBER, TIME, Arithmetic, Constant, Expression
from campflow.model.people import Money, ValueType

Sign = Literal["+", "-", "*", "/"]

_MONEY = ValueType("money")
_DURATION = ValueType("duration")


def calculate(operator: Sign, left: Operand, right: Operand, span: Span) -> Expression | Diagnostic:
    """`left + right` and so on; `3 days + now` becomes `now + 3 days`."""
    if operator == "+" and family(right.type) == "time" and left.is_fixed_duration:
        left, right = right, left
    type_ = _type(operator, left, right)
    if type_ is None:
        return say.no_arithmetic(operator, left, right, span, _hint(operator, left, right))
    return Arithmetic(operator, left.value, right.value, type_)


def negate(operand: Operand, span: Span) -> Expression | Diagnostic:
    """`-x`: a constant of the other sign, or x times -1."""
    if family(operand.type) not in ("number", "money"):
        return say.no_minus(operand, span)
    match operand.value:
        case Constant(Money(minor, currency)):
            return Constant(Money(-minor, currency), operand.type)
        case Constant(int() | float() as value):
            return Constant(-value, operand.type)
    return Arithmetic("*", operand.value, Constant(-1, INTEGER), operand.type)


def _type(operator: Sign, left: Operand, right: Operand) -> ValueType | None:
    """What the calculation yields; None where it has no meaning."""
    match family(left.type), operator, family(right.type):
        case "number", "/", "number":
            return NUMBER
        case "number", _, "number":
            whole = left.type.kind == right.type.kind == "integer"
            return INTEGER if whole else NUMBER
        case ("money", "+" | "-", "money") | ("money", "*" | "/", "number") | ("number", "*", "money"):
            return _MONEY
        case "time", "+" | "-", "duration" if right.is_fixed_duration:
            return TIME
        case "time", "-", "time":
            return _DURATION
    return None


def _hint(operator: Sign, left: Operand, right: Operand) -> str | None:
    kinds = {family(left.type), family(right.type)}
    if kinds == {"money", "number"} and operator in "+-":
        number = left if family(left.type) == "number" else right
        return f"write the currency as well: `{number} EUR`"
    if kinds == {"time", "number"}:
        number = left if family(left.type) == "number" else right
        return f"write the unit as well: `{number} days`"
    if kinds == {"money"}:
        return "multiply or divide money by a number"
    if kinds == {"duration"}:
        return "write one length of time: `2 hours 30 minutes`"
    if "text" in kinds:
        return "only numbers, money and moments can be calculated with"
    return None
