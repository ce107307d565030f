"""Which of two moments comes first, whenever the stage was entered and whatever the clocks do."""

from campflow.model import flow
from campflow.model.people import Duration

_DAY = 86_400_000

#: A clock change moves a local time by an hour or two; a zone that changes sides of the date line, by a day.
_SLACK = _DAY + 2 * 3_600_000


def never_later(one: Duration, other: Duration) -> bool:
    """Whether the first length of time, added to any moment, never leads further than the second."""
    steps = ((one.months, other.months), (one.days, other.days), (one.milliseconds, other.milliseconds))
    return all(a <= b for a, b in steps) or longest(one) <= shortest(other)


def ordered(one: Duration, other: Duration) -> bool:
    """Whether the two always lead to different moments, in the same order."""
    return one != other and (never_later(one, other) or never_later(other, one))


def shortest(duration: Duration) -> int:
    """The fewest milliseconds that it can be."""
    days = duration.months * 28 + duration.days
    return max(days * _DAY + duration.milliseconds - _slack(duration), 0)


def longest(duration: Duration) -> int:
    """The most milliseconds that it can be."""
    days = duration.months * 31 + duration.days
    return days * _DAY + duration.milliseconds + _slack(duration)


def longest_wait(trigger: flow.Trigger) -> int | None:
    """The most milliseconds until a timer acts; None where there is no such number."""
    match trigger:
        case flow.After(duration):
            return longest(duration)
        case flow.AtTime(_, weekday):
            return (1 if weekday is None else 7) * _DAY + _SLACK
        case flow.Else():
            return 0
    return None


def soonest(trigger: flow.Trigger) -> int:
    """The fewest milliseconds until it can act."""
    return shortest(trigger.duration) if isinstance(trigger, flow.After) else 0


def _slack(duration: Duration) -> int:
    return _SLACK if duration.months or duration.days else 0
