"""Typed expressions as SQL.

A condition that cannot be answered (a missing value on one side) is NULL, which counts as false where conditions are
joined; `not` turns it into false first, so that `not plan == "trial"` holds for who has no plan.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    not_,
    null,
    or_,
    select,
)
from sqlalchemy.sql import operators
from sqlalchemy.types import BigInteger, Boolean, Float, Text

from campflow.model import expressions as x
from campflow.model.functions import Function
from campflow.model.people import LARGEST, TEXT_KINDS, Duration, Money, ValueType, heard_as
from campflow.sql.calendar import DAY, LocalTime, Shift
from campflow.sql.dialects import Bounded, Exact, HasItem, Over, Position, Rounded, Times, WholeSum
from campflow.sql.rows import arm_id, split_id
from campflow.sql.subqueries import one, some
from campflow.storage.tables import Tables, column_type, contact_column, event_column

Column = ColumnElement[Any]

#: How a condition looks at its moment: exactly then; as the limit from the right ("as soon as it holds"), so that
#: `now > t` holds at t; or as the limit from the left ("until just before").
Limit = Literal["exact", "right", "left"]


@dataclass(frozen=True, slots=True)
class Scope:
    """What the names in an expression stand for.

    contact     the contact's row
    at          the moment at which it is asked: `now`, and the end of all history
    clock       the calendar of the campaign's zone
    entered     when the journey began, and up to which seq the events of that moment came before; None outside of one
    entry_seq   the event that began it
    event       the event at hand, in a `where`
    """

    tables: Tables
    contact: FromClause
    at: Column
    clock: LocalTime
    entered: tuple[Column, Column] | None = None
    entry_seq: Column | None = None
    event: FromClause | None = None
    limit: Limit = "exact"


def truth(expression: x.Expression, scope: Scope) -> Column:
    """The condition; NULL where it cannot be answered."""
    match expression:
        case x.And(operands):
            return and_(*(truth(operand, scope) for operand in operands))
        case x.Or(operands):
            return or_(*(truth(operand, scope) for operand in operands))
        case x.Not(operand):
            return not_(func.coalesce(truth(operand, scope), false(), type_=Boolean()))
        case x.IsMissing(operand):
            return value(operand, scope).is_(None)
        case x.InSegment(_, condition):
            return truth(condition, scope)
        case x.InOptions(operand, options):
            return value(operand, scope).in_([value(option, scope) for option in options])
        case x.ListHas(list, item):
            return HasItem(value(list, scope), value(item, scope))
        case x.TextMatch(operator, operand, pattern):
            where = Position(value(operand, scope), value(pattern, scope))
            return where == 1 if operator == "starts with" else where > 0
        case x.Did(pattern, times, window):
            if times == 1:
                query, e = _history(pattern, window, scope, literal(1))
                return exists(query.correlate_except(e))
            return _count(pattern, window, scope) >= times
        case x.InArm():
            return in_arm(scope.tables, scope.contact.c.contact_id, expression)
        case x.Compare():
            return _compare(expression, scope)
        case x.Constant(bool() as constant):
            return literal(constant, Boolean())
        case _:
            return value(expression, scope) == literal(True, Boolean())


def value(expression: x.Expression, scope: Scope) -> Column:
    """The value; NULL where it is missing."""
    match expression:
        case x.Constant():
            return _constant(expression, scope)
        case x.Now():
            return scope.at
        case x.ContactField(name):
            now = scope.contact.c[contact_column(name)]
            return _just_before(expression, now, scope) if scope.limit == "left" else now
        case x.EventField(event, name) if scope.event is not None:
            return _told(event, name, scope.event)
        case x.EventTime() if scope.event is not None:
            return scope.event.c.at
        case x.FirstReaching():
            return _shifted(expression, scope)
        case x.EntryField(events, name):
            return _entry_field(events, name, scope)
        case x.RfmScore(score):
            rfm = scope.tables.rfm.alias()
            found = select(rfm.c[score]).where(rfm.c.contact_id == scope.contact.c.contact_id)
            return one(found, rfm)
        case x.Arithmetic():
            return _arithmetic(expression, scope)
        case x.Aggregate():
            return _aggregate(expression, scope)
        case x.Call():
            return called(expression.function, _given(expression, scope))
        case _:
            return truth(expression, scope)


def instant(expression: x.Expression, scope: Scope) -> Column:
    """A time, or the midnight with which a date begins."""
    found = value(expression, scope)
    is_day = expression.type.kind == "date" and not isinstance(expression, x.Arithmetic)
    return scope.clock.midnight(found) if is_day else found


# --- constants, fields --------------------------------------------------------------------------------------------


def _constant(constant: x.Constant, scope: Scope) -> Column:
    match constant.value, constant.type.kind:
        case str() as text, "date":
            return literal((dt.date.fromisoformat(text) - dt.date(1970, 1, 1)).days, BigInteger())
        case str() as text, "time":
            return scope.clock.moment(dt.datetime.fromisoformat(text))
        case Money(minor), _:
            return literal(minor, BigInteger())
        case bool() as yes, _:
            return literal(yes, Boolean())
        case int() as whole, _:
            return literal(whole, BigInteger())
        case float() as number, _:
            return literal(number, Float(53))
        case text, _:
            return literal(str(text), Text())


def _just_before(field: x.ContactField, now: Column, scope: Scope) -> Column:
    """The field's value until the moment: another one where it changed at exactly that moment."""
    ch = scope.tables.change.alias()
    here = (ch.c.contact_id == scope.contact.c.contact_id, ch.c.field == field.name, ch.c.at == scope.at)
    old = one(select(cast(ch.c.old, column_type(field.type))).where(*here).order_by(ch.c.seq).limit(1), ch)
    return case((some(ch, *here), old), else_=now)


def _told(event: str, name: str, e: FromClause) -> Column:
    """A field of an event's row, whichever of the events it is that count as one of this name."""
    columns = [e.c[event_column(each, name)] for each in heard_as(event)]
    return func.coalesce(*columns, type_=columns[0].type) if len(columns) > 1 else columns[0]


def _entry_field(events: tuple[str, ...], name: str, scope: Scope) -> Column:
    if scope.entry_seq is None:
        return null()
    e = scope.tables.event.alias()
    columns = [_told(event, name, e) for event in events]
    found = func.coalesce(*columns, type_=columns[0].type) if len(columns) > 1 else columns[0]
    mine = (e.c.seq == scope.entry_seq, e.c.contact_id == scope.contact.c.contact_id)
    return one(select(found).where(*mine), e)


# --- arithmetic and comparison ------------------------------------------------------------------------------------


def _arithmetic(expression: x.Arithmetic, scope: Scope) -> Column:
    left, right, operator = expression.left, expression.right, expression.operator
    if right.type.kind == "duration":
        return _shifted(expression, scope)
    a, b = value(left, scope), value(right, scope)
    if operator == "/":
        return Over(a.self_group(operators.mul), b)
    exact = _is_exact(left) and _is_exact(right)
    if exact and not isinstance(left, x.Arithmetic):
        a = Exact(a)
    match operator:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*" if exact:
            return a * b
        case "*":
            return Times(a.self_group(operators.mul), b.self_group(operators.mul))


def _shifted(expression: x.Expression, scope: Scope) -> Column:
    """A time that lengths of time are added to or taken from, all of them together: see `LocalTime.shifted`."""
    shifts: list[Shift] = []
    time = expression
    while shift := _shift(time):
        time, by = shift
        shifts.append(by)
    return scope.clock.shifted(instant(time, scope), shifts[::-1])


def _shift(expression: x.Expression) -> tuple[x.Expression, Shift] | None:
    """The time that is moved, and how; None where it is a value, a field or the like."""
    match expression:
        case x.FirstReaching(time, duration):
            return time, Shift(duration, back=True)
        case x.Arithmetic(operator, time, length) if length.type.kind == "duration":
            return time, Shift(-_duration(length) if operator == "-" else _duration(length), back=False)
    return None


def _is_exact(expression: x.Expression) -> bool:
    """Whether it is calculated in whole numbers."""
    if isinstance(expression, x.Arithmetic):
        return expression.operator != "/" and _is_exact(expression.left) and _is_exact(expression.right)
    averaged = isinstance(expression, x.Aggregate) and expression.function == "avg"
    return expression.type.kind in ("integer", "money") and not averaged


def _duration(expression: x.Expression) -> Duration:
    if not isinstance(expression, x.Constant) or not isinstance(expression.value, Duration):
        raise TypeError("the resolver lets only written durations through")
    return expression.value


_OPERATORS = {
    "==": operators.eq, "!=": operators.ne, "<": operators.lt, "<=": operators.le, ">": operators.gt,
    ">=": operators.ge,
}  # fmt: skip
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

#: What a comparison with `now` on its left means as a limit: from the right, `now > t` already holds at t.
_NOW_AS_LIMIT: dict[Limit, dict[str, str]] = {
    "exact": {},
    "right": {">": ">=", "<=": "<"},
    "left": {">=": ">", "<": "<="},
}


def _compare(compare: x.Compare, scope: Scope) -> Column:
    left, operator, right = compare.left, compare.operator, compare.right
    if left.type.kind == "duration" and not isinstance(left, x.Arithmetic):
        left, operator, right = right, _MIRRORED[operator], left  # type: ignore[assignment]  # keys and values alike
    if isinstance(left, x.Arithmetic) and left.type.kind == "duration":  # a - b > D says a > b + D
        later = x.Arithmetic("+", left.right, right, x.TIME)
        return _compare_times(left.left, operator, later, scope)
    kinds = {left.type.kind, right.type.kind}
    if kinds & {"time"}:
        return _compare_times(left, operator, right, scope)
    a, b = value(left, scope), value(right, scope)
    return a.operate(_OPERATORS[operator], b)


def _compare_times(left: x.Expression, operator: str, right: x.Expression, scope: Scope) -> Column:
    if _reads_now(right) and not _reads_now(left):
        left, operator, right = right, _MIRRORED[operator], left
    if _reads_now(left) and not _reads_now(right):
        operator = _NOW_AS_LIMIT[scope.limit].get(operator, operator)
    return instant(left, scope).operate(_OPERATORS[operator], instant(right, scope))


def _reads_now(expression: x.Expression) -> bool:
    return any(isinstance(part, x.Now) for part in x.walk(expression))


# --- functions of plugins -----------------------------------------------------------------------------------------


def called(function: Function, given: Sequence[Column]) -> Column:
    """What a function makes of what it is given; NULL where something is that it needs."""
    made = function.sql(*given)
    if function.result.kind in ("money", "integer"):
        made = Bounded(Rounded(made), LARGEST[function.result.kind])
    elif function.result.kind in ("date", "time"):
        made = Rounded(made)
    result = cast(made, column_type(function.result))
    needed = [each for each, of in zip(given, function.parameters, strict=True) if not of.optional]
    return case((or_(*(each.is_(None) for each in needed)), null()), else_=result) if needed else result


def _given(call: x.Call, scope: Scope) -> list[Column]:
    """The values that a function is given. PostgreSQL must be told the type of what is written down."""
    return [
        cast(value(each, scope), column_type(wanted.type))
        if isinstance(each, x.Constant) or each.type.kind != wanted.type.kind
        else value(each, scope)
        for each, wanted in zip(call.arguments, call.function.parameters, strict=True)
    ]


# --- history ------------------------------------------------------------------------------------------------------


def matching(pattern: x.EventPattern, e: FromClause, scope: Scope) -> list[Column]:
    """Conditions on an event's row: of this contact, this name, about this, where that holds; no times yet."""
    conditions: list[Column] = [e.c.contact_id == scope.contact.c.contact_id, named(e, pattern.event)]
    if pattern.about is not None:
        conditions.append(e.c.about == pattern.about)
    if pattern.where is not None:
        conditions.append(truth(pattern.where, replace(scope, event=e)))
    return conditions


def named(e: FromClause, event: str) -> Column:
    """Whether an event's row counts as an event of this name."""
    names = heard_as(event)
    return e.c.name == event if len(names) == 1 else e.c.name.in_(names)


def _history(pattern: x.EventPattern, window: x.Window, scope: Scope, what: Column) -> tuple[Select[Any], FromClause]:
    """`what` of the matching events of the window, as seen at the scope's moment."""
    e = scope.tables.event.alias()
    until = e.c.at < scope.at if scope.limit == "left" else e.c.at <= scope.at
    conditions = [*matching(pattern, e, scope), until]
    match window:
        case x.Last(duration):
            gone = scope.clock.add(e.c.at, duration)
            conditions.append(gone >= scope.at if scope.limit == "left" else gone > scope.at)
            conditions.append(e.c.at > scope.at - _at_most(duration))
        case x.SinceEntry() if scope.entered is not None:
            conditions.append(after(e, *scope.entered))
        case x.SinceEntry():
            conditions.append(false())
    return select(what).select_from(e).where(*conditions), e


def _at_most(duration: Duration) -> int:
    """Milliseconds that the duration never exceeds: lets an index on time narrow the search."""
    return (duration.months * 31 + duration.days + 2) * DAY + duration.milliseconds


def after(e: FromClause, at: Column, seq: Column) -> Column:
    """Events later than a moment, or at it and learned of later than the event with that seq."""
    return and_(e.c.at >= at, or_(e.c.at > at, e.c.seq > seq))


def in_arm(tables: Tables, contact_id: Column, arm: x.InArm) -> Column:
    """Whether a contact is in this arm of a split."""
    e = tables.exposure.alias()
    mine = (e.c.contact_id == contact_id, e.c.split_id == split_id(arm.split), e.c.arm_id == arm_id(arm.split, arm.arm))
    return some(e, *mine)


def _count(pattern: x.EventPattern, window: x.Window, scope: Scope) -> Column:
    query, e = _history(pattern, window, scope, func.count())
    return one(query, e)


def _aggregate(expression: x.Aggregate, scope: Scope) -> Column:
    pattern, window = expression.pattern, expression.window
    if expression.function == "count":
        return _count(pattern, window, scope)
    query, e = _history(pattern, window, scope, literal(0))
    return one(query.with_only_columns(_summary(expression, e)), e)


def _summary(expression: x.Aggregate, e: FromClause) -> Column:
    column = e.c.at if expression.field is None else e.c[event_column(expression.field.event, expression.field.name)]
    match expression.function:
        case "sum":
            whole = expression.field is not None and expression.field.type.kind != "number"
            return func.coalesce(WholeSum(column) if whole else func.sum(column), 0)
        case "avg":
            return func.avg(column)
        case "first" | "min":
            return func.min(column)
        case _:
            return func.max(column)


def stored(expression: x.Expression, type: ValueType, scope: Scope) -> Column:
    """The value as a column of this type keeps it: money and whole numbers rounded, dates as days.

    What is larger than the largest of its kind is the largest: the calculations of others stay within their bounds.
    """
    found = value(expression, scope)
    if type.kind in LARGEST and expression.type.kind not in TEXT_KINDS and _is_calculated(expression):
        rounded = type.kind != "number" and _may_have_a_fraction(expression)
        return Bounded(Rounded(found) if rounded else found, LARGEST[type.kind])
    if type.kind == "time":
        return instant(expression, scope)
    return found


def in_float(expression: x.Expression, scope: Scope) -> Column:
    """The value as a column of floats keeps it."""
    found = value(expression, scope)
    return Bounded(found, LARGEST["number"]) if _is_calculated(expression) else found


def _is_calculated(expression: x.Expression) -> bool:
    """Whether it may be larger than what is written down or comes in."""
    return isinstance(expression, x.Arithmetic | x.Aggregate | x.Call)


def _may_have_a_fraction(expression: x.Expression) -> bool:
    return any(
        (isinstance(part, x.Arithmetic) and part.operator in "*/")
        or (isinstance(part, x.Aggregate) and part.function == "avg")
        or (isinstance(part, x.Expression) and part.type.kind == "number")
        for part in x.walk(expression)
    )
