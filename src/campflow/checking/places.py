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
        case x.Arithmetic() if _asks_calendar(node):
            return _CALENDAR
        case _:
            return 1


def _asks_calendar(sum: x.Arithmetic) -> bool:
    """Whether months or days are added; hours are a number."""
    added = (each.value for each in (sum.left, sum.right) if isinstance(each, x.Constant))
    return any(isinstance(each, Duration) and bool(each.months or each.days) for each in added)


def _parts(node: x.Expression) -> Iterator[tuple[x.Expression, int]]:
    """What stands in it, and how many places are taken around each."""
    match node:
        case x.And(operands) | x.Or(operands):
            yield from ((each, 1 if number == 0 else 3) for number, each in enumerate(operands))
        case x.Not(operand):
            yield operand, 4
        case x.Arithmetic(operator, left, right):
            dated = _CALENDAR if _asks_calendar(node) else 0
            yield left, dated + {"+": 0, "-": 0, "*": 1, "/": 1}[operator]
            yield right, dated + {"+": 3, "-": 3, "*": 4, "/": 7}[operator]
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
