"""Whether a condition holds for one made-up contact: yes, no, or unknown. What is told of a contact is checked here.

Nothing is known of `now`, and of history only what the contact is said to have done.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from campflow.checking.proofs.questions import counted
from campflow.model import expressions as x

#: Numbers, money in minor units, days and moments as counts, texts, yes/no, the items of a list. None is missing.
Answer: TypeAlias = int | float | str | bool | frozenset[str] | None


class Unknown:
    """The answer that nobody can give."""


UNKNOWN: Final = Unknown()


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up contact: what is known of the fields, and of the figures over what the contact did.

    `told` are those that matter for what happens to the contact.
    """

    answers: Mapping[x.Expression, Answer] = field(default_factory=dict)
    told: tuple[x.Expression, ...] = ()


def holds(condition: x.Expression, person: Person) -> bool | None:
    """Whether the condition holds; None where that depends on what is unknown."""
    match condition:
        case x.Not(operand):
            inner = holds(operand, person)
            return None if inner is None else not inner
        case x.And(operands):
            answers = [holds(operand, person) for operand in operands]
            return False if False in answers else None if None in answers else True
        case x.Or(operands):
            answers = [holds(operand, person) for operand in operands]
            return True if True in answers else None if None in answers else False
        case x.InSegment(_, inner_condition):
            return holds(inner_condition, person)
        case x.Compare(operator, left, right):
            return _compares(operator, left, right, person)
        case x.InOptions(operand, options):
            return holds(x.Or(tuple(x.Compare("==", operand, option) for option in options)), person)
        case x.IsMissing(operand):
            found = value(operand, person)
            return None if isinstance(found, Unknown) else found is None
        case x.TextMatch():
            return _matches(condition, person)
        case x.ListHas():
            return _holds_item(condition, person)
        case x.Did(pattern, times, window):
            count = value(x.Aggregate("count", pattern, None, window, x.INTEGER), person)
            return None if not isinstance(count, int) else count >= times
        case _:
            found = value(condition, person)
            return None if isinstance(found, Unknown) else found is True


def value(expression: x.Expression, person: Person) -> Answer | Unknown:
    """What the expression is worth."""
    if expression in person.answers:
        return person.answers[expression]
    match expression:
        case x.Constant():
            fixed = counted(expression, expression)
            return UNKNOWN if fixed is None else fixed
        case x.Arithmetic():
            return _calculated(expression, person)
    return UNKNOWN


def _calculated(expression: x.Arithmetic, person: Person) -> Answer | Unknown:
    left, right = value(expression.left, person), value(expression.right, person)
    if left is None or right is None:
        return None
    if expression.type.kind not in ("number", "integer", "money"):
        return UNKNOWN
    if not isinstance(left, int | float) or not isinstance(right, int | float):
        return UNKNOWN
    match expression.operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case "/":
            return left / right if right else None


def _compares(operator: str, left: x.Expression, right: x.Expression, person: Person) -> bool | None:
    a, b = _beside(left, right, person), _beside(right, left, person)
    if a is None or b is None:
        return False
    if isinstance(a, Unknown) or isinstance(b, Unknown):
        return None
    if operator in ("==", "!="):
        return (a == b) == (operator == "==")
    if not (isinstance(a, str) and isinstance(b, str)) and not (_is_number(a) and _is_number(b)):
        return None
    less = a < b  # type: ignore[operator]  # both are texts or both numbers
    return {"<": less, "<=": less or a == b, ">": not less and a != b, ">=": not less}[operator]


def _is_number(answer: Answer) -> bool:
    return isinstance(answer, int | float)


def _beside(expression: x.Expression, other: x.Expression, person: Person) -> Answer | Unknown:
    """The value, counted as the other side is: a day beside a moment is its midnight where it was written down."""
    if isinstance(expression, x.Constant) and not isinstance(other, x.Constant):
        fixed = counted(other, expression)
        return UNKNOWN if fixed is None else fixed
    kinds = {expression.type.kind, other.type.kind}
    if kinds == {"date", "time"} and not isinstance(other, x.Constant):
        return None if value(expression, person) is None else UNKNOWN
    return value(expression, person)


def _matches(match: x.TextMatch, person: Person) -> bool | None:
    text, part = value(match.operand, person), value(match.pattern, person)
    if text is None or part is None:
        return False
    if not isinstance(text, str) or not isinstance(part, str):
        return None
    return text.startswith(part) if match.operator == "starts with" else part in text


def _holds_item(condition: x.ListHas, person: Person) -> bool | None:
    items, item = value(condition.list, person), value(condition.item, person)
    if items is None or item is None:
        return False
    return item in items if isinstance(items, frozenset) and isinstance(item, str) else None
