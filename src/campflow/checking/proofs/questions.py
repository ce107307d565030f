"""What a comparison asks, and which answers make it true: the smallest piece of reasoning.

A question is about a value (`score`, `count(purchase)`), the order of two values that are both unknown
(`score > visits`), the length of time between two moments, or about anything else, where yes and no are all that can
be known. Questions are taken to be independent of each other, which is true of fields; where it is not
(`did purchase` and `did purchase in last 30 days`) a proof is missed, and never a wrong one given.
"""

import datetime as dt
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Literal

from campflow.checking.proofs.intervals import EVERYTHING, NOTHING, Intervals, between, compared
from campflow.checking.proofs.regions import Among, Region
from campflow.model import expressions as x
from campflow.model.constants import day_number, local_milliseconds
from campflow.model.people import TEXT_KINDS, Duration, Money

_YES_NO = Among(frozenset({True, False}))
_ORDERS = Among(frozenset("<=>"))
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_AS_ORDER = {"==": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": "=>"}


@dataclass(frozen=True, slots=True)
class Question:
    """`subject` is one expression, or the two whose order is asked. Lengths of one `unit` compare with each other."""

    kind: Literal["value", "order", "length", "yes"]
    subject: tuple[x.Expression, ...]
    unit: str = ""


def asked(atom: x.Expression) -> tuple[Question, Region]:
    """The question that a condition without and/or/not asks, and the answers for which it is true."""
    match atom:
        case x.Compare(operator, left, right):
            return _compared(operator, left, right)
        case x.InOptions(operand, options) if all(counted(operand, option) is not None for option in options):
            question = Question("value", (operand,))
            answers = [_compared("==", operand, option)[1] for option in options]
            while len(answers) > 1:  # by pairs: one after the other takes for ever where there are thousands
                answers = [reduce(or_, answers[each : each + 2]) for each in range(0, len(answers), 2)]
            return question, answers[0]
        case x.IsMissing(operand):
            question = Question("value", (operand,))
            return question, Region(_none_of(question), True)
        case x.Did(pattern, times, window):
            count = x.Aggregate("count", pattern, None, window, x.INTEGER)
            return Question("value", (count,)), Region(compared(">=", times, True), False)
        case x.ContactField() | x.EventField() | x.EntryField() | x.Constant():
            return Question("value", (atom,)), Region(Among(frozenset({True})), False)
        case _:
            return Question("yes", (atom,)), Region(Among(frozenset({True})), False)


def domain(question: Question) -> Region:
    """All answers that there can be."""
    match question:
        case Question("yes"):
            return Region(_YES_NO, False)
        case Question("order", (left, right)):
            orders = Among(frozenset("=")) if left == right else _ORDERS
            return Region(orders, may_be_missing(left) or may_be_missing(right))
        case Question("length", (subject,)):
            return Region(EVERYTHING, may_be_missing(subject))
        case Question(_, (x.Constant() as constant, *_)):
            return _compared("==", constant, constant)[1]
        case _:
            (subject,) = question.subject
            return Region(_all_values(subject), may_be_missing(subject))


def may_be_missing(expression: x.Expression) -> bool:
    """Whether there need be no value: of a field with `?`, an average of nothing, a division by zero."""
    match expression:
        case x.ContactField(optional=optional) | x.EventField(optional=optional):
            return optional
        case x.Arithmetic(operator, left, right):
            return operator == "/" or may_be_missing(left) or may_be_missing(right)
        case x.Aggregate(function):
            return function not in ("count", "sum")
        case x.Call(function, arguments):
            needed = zip(arguments, function.parameters, strict=True)
            return function.partial or any(may_be_missing(each) for each, of in needed if not of.optional)
        case _:
            return isinstance(expression, x.EntryField | x.RfmScore)


def leaves(expression: x.Expression) -> Iterator[x.Expression]:
    """What a calculation needs: without one of them it is missing itself. A value that stands alone is its own."""
    if isinstance(expression, x.Arithmetic):
        yield from leaves(expression.left)
        yield from leaves(expression.right)
    elif not isinstance(expression, x.Constant | x.Now):
        yield expression


def divides(expression: x.Expression) -> bool:
    """Whether it may be missing although nothing in it is."""
    return any(isinstance(part, x.Arithmetic) and part.operator == "/" for part in x.walk(expression))


def is_whole(expression: x.Expression) -> bool:
    """Whether values of that type have no decimals; calculated money may have some."""
    if expression.type.kind == "money":
        averaged = isinstance(expression, x.Aggregate) and expression.function == "avg"
        return not averaged and not isinstance(expression, x.Arithmetic)
    return expression.type.kind in ("integer", "date")


def counted(subject: x.Expression, constant: x.Expression) -> int | float | str | bool | None:
    """A fixed value as the subject's own kind counts it; None where it is none, or of another kind."""
    if not isinstance(constant, x.Constant):
        return None
    kind, value = subject.type.kind, constant.value
    match value:
        case Money(minor):
            return minor
        case bool():
            return value
        case int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case str() if constant.type.kind == "date":
            day = dt.date.fromisoformat(value)
            return day_number(day) if kind == "date" else local_milliseconds(dt.datetime.combine(day, dt.time()))
        case str() if constant.type.kind == "time":
            return local_milliseconds(dt.datetime.fromisoformat(value)) if kind != "date" else None
        case str() if kind in TEXT_KINDS:
            return value
    return None


# --- comparisons ------------------------------------------------------------------------------------------------


def _compared(operator: str, left: x.Expression, right: x.Expression) -> tuple[Question, Region]:
    if isinstance(left, x.Constant) and not isinstance(right, x.Constant):
        left, operator, right = right, _MIRRORED[operator], left
    if isinstance(right, x.Constant):
        if isinstance(right.value, Duration) and (length := _length(right.value)):
            unit, number = length
            return Question("length", (left,), unit), Region(compared(operator, number, False), False)
        if (value := counted(left, right)) is not None:
            question = Question("value", (left,))
            if not isinstance(value, str | bool):
                return question, Region(compared(operator, value, is_whole(left)), False)
            if operator in ("==", "!="):
                same = Among(frozenset({value}))
                return question, Region(same if operator == "==" else ~same & _names(left), False)
    elif repr(right) < repr(left):
        left, operator, right = right, _MIRRORED[operator], left
    return Question("order", (left, right)), Region(Among(frozenset(_AS_ORDER[operator])), False)


def _length(duration: Duration) -> tuple[str, int] | None:
    """Months compare with months, days with days, hours with hours; mixed lengths with nothing else."""
    parts = {"months": duration.months, "days": duration.days, "hours": duration.milliseconds}
    written = [(unit, number) for unit, number in parts.items() if number]
    return written[0] if len(written) == 1 else None


# --- all there is -----------------------------------------------------------------------------------------------


def _all_values(subject: x.Expression) -> Intervals | Among:
    if isinstance(subject, x.Aggregate) and subject.function == "count":
        return compared(">=", 0, True)
    if isinstance(subject, x.RfmScore):
        return between(1, 5)
    return _names(subject) if subject.type.kind in (*TEXT_KINDS, "yesno", "list") else EVERYTHING


def _names(subject: x.Expression) -> Among:
    if subject.type.kind == "choice":
        return Among(frozenset(subject.type.choices))
    return _YES_NO if subject.type.kind == "yesno" else Among(frozenset(), but=True)


def _none_of(question: Question) -> Intervals | Among:
    return NOTHING if isinstance(domain(question).values, Intervals) else Among(frozenset())
