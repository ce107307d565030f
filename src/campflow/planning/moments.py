"""When may a condition become true? At the events it counts, when they leave its windows, and at the times it names.

`now - last(purchase) > 60 days` becomes true at a purchase plus 60 days, and at no other moment. The moments found
here may be too many (the engine asks the condition at each) but never too few.
"""

from collections.abc import Iterator
from dataclasses import replace

from campflow.model.expressions import (
    TIME,
    Aggregate,
    Arithmetic,
    Call,
    Compare,
    Constant,
    ContactField,
    Did,
    EventField,
    EventPattern,
    EventTime,
    Expression,
    FirstReaching,
    Last,
    Now,
    RfmScore,
    walk,
)
from campflow.model.people import Duration, ValueType
from campflow.planning.plan import Becoming, Each, Moment, Value

#: Stands among the fields for the RFM scores, which the engine keeps like a field.
RFM = "rfm"


def becoming(condition: Expression) -> Becoming:
    """The condition with all moments at which it may become true."""
    moments = tuple(dict.fromkeys(_moments(condition)))
    return Becoming(
        condition,
        moments,
        events=events_in(condition),
        fields=fields_in(condition),
        by_time=any(not (isinstance(moment, Each) and isinstance(moment.time, EventTime)) for moment in moments),
    )


def events_in(expression: Expression) -> frozenset[str]:
    """The names of the events whose history it reads."""
    return frozenset(part.event for part in walk(expression) if isinstance(part, EventPattern))


def fields_in(expression: Expression) -> frozenset[str]:
    """The contact fields it reads, and RFM where it reads a score."""
    own = {part.name for part in walk(expression) if isinstance(part, ContactField)}
    return frozenset(own | ({RFM} if any(isinstance(part, RfmScore) for part in walk(expression)) else set()))


def is_asked_once(pattern: EventPattern, guard: Expression | None = None) -> bool:
    """Whether what is asked of an event reads fields or history. They are read as they are when the engine looks, so
    the answer is not asked for again."""
    asked = [part for part in (pattern.where, guard) if part is not None]
    return any(fields_in(part) or events_in(part) for part in asked)


def _moments(condition: Expression) -> Iterator[Moment]:
    for part in walk(condition):
        if isinstance(part, Did | Aggregate):
            at = EventTime(part.pattern.event)
            yield Each(part.pattern.event, part.pattern.about, at)
            if isinstance(part.window, Last):
                until = Constant(part.window.duration, ValueType("duration"))
                yield Each(part.pattern.event, part.pattern.about, Arithmetic("+", at, until, TIME))
        if isinstance(part, Compare):
            for time in _times_against_now(part):
                yield _moment(time)


def _times_against_now(compare: Compare) -> Iterator[Expression]:
    """The times at which a comparison with `now` in it changes its answer."""
    for side, other in ((compare.left, compare.right), (compare.right, compare.left)):
        if isinstance(side, Arithmetic) and side.type.kind == "duration" and isinstance(other, Constant):
            if _reads_now(side.left):  # now - x > D: at x + D
                yield _without_now(side.left, Arithmetic("+", side.right, other, TIME))
            if _reads_now(side.right):  # x - now < D: at x - D
                yield _without_now(side.right, _first_reaching(side.left, other))
        elif side.type.kind in ("time", "date") and _reads_now(side) and not _reads_now(other):
            yield _without_now(side, other)


def _reads_now(expression: Expression) -> bool:
    return any(isinstance(part, Now) for part in walk(expression))


def _without_now(side: Expression, time: Expression) -> Expression:
    """Solve `now + A - B … = time` for now: undo the outermost shift first."""
    while isinstance(side, Arithmetic):
        time, side = _first_reaching(time, side.right, side.operator), side.left
    return time


def _first_reaching(time: Expression, length: Expression, operator: str = "+") -> Expression:
    if not isinstance(length, Constant) or not isinstance(length.value, Duration):
        raise TypeError("the resolver lets only written durations through")
    return FirstReaching(time, -length.value if operator == "-" else length.value)


def _moment(time: Expression) -> Moment:
    """A time over a history becomes one for each of its events; a time of the contact is one value."""
    for part in walk(time):
        if isinstance(part, Aggregate):
            on_event: Expression = part.field if part.field is not None else EventTime(part.pattern.event)
            return Each(part.pattern.event, part.pattern.about, _replace(time, part, on_event))
        if isinstance(part, EventField | EventTime):
            return Each(part.event, None, time)
    return Value(time)


def _replace(expression: Expression, old: Expression, new: Expression) -> Expression:
    if expression == old:
        return new
    if isinstance(expression, FirstReaching):
        return replace(expression, time=_replace(expression.time, old, new))
    if isinstance(expression, Arithmetic):
        return replace(expression, left=_replace(expression.left, old, new), right=_replace(expression.right, old, new))
    if isinstance(expression, Call):
        return replace(expression, arguments=tuple(_replace(each, old, new) for each in expression.arguments))
    return expression
