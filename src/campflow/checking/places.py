"""How much of a database's parser a condition takes: SQLite's has a stack of 100 places, and refuses what nests deeper.

Counted is what stands open where the text of the SQL is deepest: brackets, operators that wait for their right side,
subqueries. About 45 are taken by the statements around a condition.
"""

from collections.abc import Iterator

from campflow.model import expressions as x
from campflow.model.people import Duration

#: The most that a condition may take.
MOST = 52

#: A subquery over history, `EXISTS (SELECT … WHERE … AND …)`; and what the calendar makes of the length of its window.
_HISTORY, _CALENDAR = 9, 27

#: What the midnight of a date takes, where months or days are added to it.
_MIDNIGHT = 14

#: What stands around a time that months and days are added to several times: they are steps beside each other then.
_STEPS = 9


def places(root: x.Expression) -> int:
    """What the deepest part takes, with the segments in it written out."""
    most = 0
    waiting = [(root, 0)]
    while waiting:
        node, taken = waiting.pop()
        most = max(most, taken + _own(node))
        waiting += [(part, taken + more) for part, more in _parts(node)]
    return most


def _own(node: x.Expression) -> int:
    match node:
        case x.Did(window=window) | x.Aggregate(window=window):
            dated = isinstance(window, x.Last) and (window.duration.months or window.duration.days)
            return _HISTORY + (_CALENDAR if dated else 0)
        case x.Arithmetic() if _lengths(node)[1]:
            return _CALENDAR
        case _:
            return 1


def _lengths(expression: x.Expression) -> tuple[x.Expression, int]:
    """The time that lengths of time are added to, and how many of them have months or days; hours are a number."""
    dated = 0
    while isinstance(expression, x.Arithmetic) and isinstance(length := expression.right, x.Constant):
        if not isinstance(length.value, Duration):
            break
        dated += bool(length.value.months or length.value.days)
        expression = expression.left
    return expression, dated


def _around(time: x.Expression, dated: int) -> int:
    """What stands around a time that so many lengths with months or days are added to."""
    if dated > 1:
        return _STEPS
    return dated * (_CALENDAR + (_MIDNIGHT if time.type.kind == "date" else 0))


def _parts(node: x.Expression) -> Iterator[tuple[x.Expression, int]]:
    """What stands in it, and how many places are taken around each."""
    match node:
        case x.And(operands) | x.Or(operands):
            yield from ((each, 1 if number == 0 else 3) for number, each in enumerate(operands))
        case x.Not(operand):
            yield operand, 4
        case x.Arithmetic(right=x.Constant(Duration())):
            time, dated = _lengths(node)
            yield time, _around(time, dated)
        case x.Arithmetic(operator, left, right):
            yield left, {"+": 0, "-": 0, "*": 1, "/": 1}[operator]
            yield right, {"+": 3, "-": 3, "*": 4, "/": 7}[operator]
        case x.Compare(operator, x.Constant(Duration()) as length, x.Arithmetic() as difference):
            yield x.Compare(operator, difference, length), 0
        case x.Compare(_, x.Arithmetic("-", left, right), x.Constant(Duration()) as length):
            yield left, 0
            yield x.Arithmetic("+", right, length, x.TIME), 2  # a - b > D says a > b + D
        case x.Compare(_, left, right):
            yield left, 0
            yield right, 2
        case x.InSegment(_, condition):
            yield condition, 1
        case x.InOptions(operand, options):
            yield operand, 0
            yield from ((each, 3) for each in options)
        case x.TextMatch(_, operand, pattern):
            yield operand, 3
            yield pattern, 4
        case x.ListHas(items, item):
            yield items, _HISTORY
            yield item, _HISTORY
        case x.IsMissing(operand):
            yield operand, 1
        case x.Did(pattern) | x.Aggregate(_, pattern) if pattern.where is not None:
            yield pattern.where, _HISTORY
        case x.Call(_, arguments):
            yield from ((each, 9) for each in arguments)
