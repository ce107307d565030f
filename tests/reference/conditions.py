"""What an expression is worth to one contact at one moment, and when a condition comes to hold.

A condition is asked in one of two ways. At a moment (`if`, `where`, `audience`): as things stand exactly then. Just
after it (`when`): as things stand once the moment is over by however little, so `now > x` holds from x on.
"""

import datetime as dt
import json
import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.reference.clock import Shift, add, first_reaching, midnight, shifted, to_instant
from tests.reference.functions import BY_HAND
from tests.reference.story import Stored

from campflow.model.expressions import (
    Aggregate,
    And,
    Arithmetic,
    Call,
    Compare,
    Constant,
    ContactField,
    Did,
    EntryField,
    EventField,
    EventPattern,
    EventTime,
    Expression,
    InOptions,
    InSegment,
    IsMissing,
    Last,
    ListHas,
    Not,
    Now,
    Or,
    RfmScore,
    TextMatch,
    Window,
    walk,
)
from campflow.model.people import Duration, Money, ValueType

_COMPARISONS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_UNIX_DAY = dt.date(1970, 1, 1)
#: Of each type, as the page on `contact` has it; money in minor units.
_LARGEST: dict[str, int | float] = {"integer": 2**62 - 1, "money": 10**15, "number": 1e150}


@dataclass(frozen=True, slots=True)
class Known:
    """An event as the contact's history holds it; `seq` is the order in which it was learned."""

    seq: int
    name: str
    at: int
    about: str | None
    fields: Mapping[str, Stored]


@dataclass(frozen=True, slots=True)
class Entry:
    """When, and by which event if any, a journey began; events of that moment up to `seq` came before it."""

    at: int
    seq: int
    event: Known | None


@dataclass(frozen=True, slots=True)
class View:
    """What a condition sees. `events` is all that is known; only what happened by `now` counts."""

    fields: Mapping[str, Stored]
    events: Sequence[Known]
    zone: str
    now: int
    entry: Entry | None = None
    event: Known | None = None
    just_after: bool = False


# --- is it so? --------------------------------------------------------------------------------------------------


def holds(condition: Expression | None, view: View) -> bool:
    """A condition that is missing does not hold; no condition always holds."""
    return condition is None or bool(value(condition, view))


def value(expression: Expression, view: View) -> Stored:
    """As it is stored; None where it is missing."""
    match expression:
        case Constant():
            return _constant(expression, view)
        case Now():
            return view.now
        case ContactField(name):
            return view.fields.get(name)
        case EventField(_, name):
            return view.event.fields.get(name) if view.event else None
        case EntryField(_, name):
            return view.entry.event.fields.get(name) if view.entry and view.entry.event else None
        case EventTime():
            return view.event.at if view.event else None
        case RfmScore():
            return None
        case Arithmetic():
            return _calculate(expression, view)
        case Compare():
            return _compare(expression, view)
        case And(operands):
            return all(holds(operand, view) for operand in operands)
        case Or(operands):
            return any(holds(operand, view) for operand in operands)
        case Not(operand):
            return not holds(operand, view)
        case IsMissing(operand):
            return value(operand, view) is None
        case InOptions(operand, options):
            return any(_compare(Compare("==", operand, option), view) for option in options)
        case ListHas(list_, item):
            items = value(list_, view)
            return items is not None and value(item, view) in json.loads(str(items))
        case TextMatch(how, operand, pattern):
            text, part = value(operand, view), value(pattern, view)
            if not (isinstance(text, str) and isinstance(part, str)):
                return False
            return text.startswith(part) if how == "starts with" else part in text
        case InSegment(_, condition):
            return holds(condition, view)
        case Did(pattern, times, window):
            return len(matching(pattern, window, view)) >= times
        case Aggregate():
            return _aggregate(expression, view)
        case Call(function, arguments):
            given = [value(each, view) for each in arguments]
            needed = zip(given, function.parameters, strict=True)
            if any(each is None and not of.optional for each, of in needed):
                return None
            return BY_HAND[function.name](*given)
    raise AssertionError(f"{expression}: what is this worth?")


def kept(expression: Expression, type_: ValueType, view: View) -> Stored:
    """The value as something of this type keeps it: money and whole numbers without a fraction, halves away from zero,
    and nothing beyond the largest of its type."""
    found = value(expression, view)
    if type_.kind not in _LARGEST or not isinstance(found, int | float):
        return found
    if type_.kind != "number" and isinstance(found, float):
        found = math.floor(abs(found) + 0.5) * (-1 if found < 0 else 1)
    return max(-_LARGEST[type_.kind], min(found, _LARGEST[type_.kind]))


def _constant(constant: Constant, view: View) -> Stored:
    match constant.type.kind, constant.value:
        case "date", str(text):
            return (dt.date.fromisoformat(text) - _UNIX_DAY).days
        case "time", str(text):
            return to_instant(view.zone, dt.datetime.fromisoformat(text))
        case _, Money(minor, _):
            return minor
        case _, str() | int() | float() as plain:
            return plain
    raise AssertionError(f"a {constant.type} has no value of its own")


def _calculate(calculation: Arithmetic, view: View) -> Stored:
    if calculation.type.kind == "time":
        return _moment(calculation, view)
    left, right = value(calculation.left, view), value(calculation.right, view)
    if not (isinstance(left, int | float) and isinstance(right, int | float)):
        return None
    match calculation.operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
        case _:
            return left / right if right else None


# --- comparing, and comparing moments ---------------------------------------------------------------------------


def _compare(comparison: Compare, view: View) -> bool:
    """False where a side is missing."""
    if comparison.left.type.kind in ("time", "date", "duration"):
        return _compare_moments(comparison, view)
    left, right = value(comparison.left, view), value(comparison.right, view)
    if left is None or right is None:
        return False
    return bool(_COMPARISONS[comparison.operator](left, right))


@dataclass(frozen=True, slots=True)
class _Side:
    """One side of a comparison of moments: `now` or something else, with what is added to it."""

    base: Expression
    shifts: tuple[Shift, ...]

    def instant(self, view: View) -> int | None:
        moment = _base(self.base, view)
        return None if moment is None else shifted(view.zone, moment, self.shifts)


def _compare_moments(comparison: Compare, view: View) -> bool:
    how, left, right = _sides(comparison)
    if view.just_after and isinstance(left.base, Now):
        goal = right.instant(view)
        if goal is None or how == "==":
            return False
        come = view.now >= first_reaching(view.zone, left.shifts, goal)
        return how == "!=" or come == (how in (">", ">="))
    one, other = left.instant(view), right.instant(view)
    if one is None or other is None:
        return False
    return bool(_COMPARISONS[how](one, other))


def _sides(comparison: Compare) -> tuple[str, _Side, _Side]:
    """`a CMP b`, with `now` on the left if it stands on one side only; `a - b CMP 3 days` says `a CMP b + 3 days`."""
    how: str = comparison.operator
    left, right = comparison.left, comparison.right
    if isinstance(left, Constant) and isinstance(left.value, Duration):
        how, left, right = _MIRRORED[how], right, left
    if isinstance(right, Constant) and isinstance(right.value, Duration):
        assert isinstance(left, Arithmetic)
        one, other = _side(left.left), _side(left.right)
        other = replace(other, shifts=(*other.shifts, (1, right.value)))
    else:
        one, other = _side(left), _side(right)
    if isinstance(other.base, Now) and not isinstance(one.base, Now):
        return _MIRRORED[how], other, one
    return how, one, other


def _side(expression: Expression) -> _Side:
    match expression:
        case Arithmetic("+" | "-" as sign, left, Constant(Duration() as duration)):
            inner = _side(left)
            return _Side(inner.base, (*inner.shifts, (1 if sign == "+" else -1, duration)))
    return _Side(expression, ())


def _moment(expression: Expression, view: View) -> int | None:
    return _side(expression).instant(view)


def _base(expression: Expression, view: View) -> int | None:
    """An instant; a day stands for its first moment."""
    found = value(expression, view)
    if found is None:
        return None
    assert isinstance(found, int)
    return midnight(view.zone, _UNIX_DAY + dt.timedelta(days=found)) if expression.type.kind == "date" else found


# --- history ----------------------------------------------------------------------------------------------------


def is_about(pattern: EventPattern, event: Known) -> bool:
    return event.name == pattern.event and pattern.about in (None, event.about)


def matching(pattern: EventPattern, window: Window, view: View) -> list[Known]:
    """The events of the window for which the pattern holds."""
    return [
        event
        for event in view.events
        if event.at <= view.now
        and is_about(pattern, event)
        and _inside(window, event, view)
        and holds(pattern.where, replace(view, event=event))
    ]


def _inside(window: Window, event: Known, view: View) -> bool:
    match window:
        case None:
            return True
        case Last(duration):
            return add(view.zone, event.at, duration) > view.now
        case _:
            return view.entry is not None and (event.at, event.seq) > (view.entry.at, view.entry.seq)


def _aggregate(aggregate: Aggregate, view: View) -> Stored:
    events = matching(aggregate.pattern, aggregate.window, view)
    if aggregate.function == "count":
        return len(events)
    if aggregate.function in ("first", "last"):
        pick = min if aggregate.function == "first" else max
        return pick((event.at for event in events), default=None)
    assert aggregate.field is not None
    found = [event.fields.get(aggregate.field.name) for event in events]
    numbers = [number for number in found if isinstance(number, int | float)]
    match aggregate.function:
        case "sum":
            return sum(numbers)
        case "avg":
            return sum(numbers) / len(numbers) if numbers else None
        case "min":
            return min(numbers, default=None)
        case _:
            return max(numbers, default=None)


# --- when does it come to hold? -----------------------------------------------------------------------------------


def turns(condition: Expression, view: View, low: int, high: int) -> Iterator[int]:
    """The moments from `low` to `high`, in order, among which is every one at which the condition changes."""
    inside = [part for part in walk(condition) if not isinstance(part, EventPattern)]
    moments = {low, *(event.at for event in view.events)}
    for part in inside:
        if isinstance(part, Did | Aggregate) and isinstance(part.window, Last):
            moments |= {add(view.zone, event.at, part.window.duration) for event in view.events}
    for part in inside:
        if isinstance(part, Compare) and part.left.type.kind in ("time", "date", "duration"):
            _, left, right = _sides(part)
            if isinstance(left.base, Now) and not isinstance(right.base, Now):
                goals = {right.instant(replace(view, now=moment)) for moment in moments}
                moments |= {first_reaching(view.zone, left.shifts, goal) for goal in goals if goal is not None}
    yield from sorted(moment for moment in moments if low <= moment <= high)


def earliest(condition: Expression, view: View, low: int, high: int) -> int | None:
    """The first moment from `low` to `high` just after which the condition holds."""
    for moment in turns(condition, view, low, high):
        if holds(condition, replace(view, now=moment, just_after=True)):
            return moment
    return None
