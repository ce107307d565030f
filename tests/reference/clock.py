"""Calendar arithmetic on whole milliseconds since 1970, straight from `zoneinfo`: slow, and independent of campflow's.

A local time that a clock change skips is the first moment after the gap; one that happens twice is the first of both.
"""

import calendar
import datetime as dt
from collections.abc import Iterator
from functools import lru_cache
from zoneinfo import ZoneInfo

from campflow.model.people import Duration

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MILLISECOND = dt.timedelta(milliseconds=1)
DAY = 86_400_000
QUARTER = 900_000

#: `+1` or `-1` and a duration: one step of `now + 3 days - 2 hours`.
Shift = tuple[int, Duration]


def to_local(zone: str, instant: int) -> dt.datetime:
    """What the clock on the wall shows, without a zone."""
    return (EPOCH + instant * MILLISECOND).astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@lru_cache(maxsize=100_000)
def to_instant(zone: str, local: dt.datetime) -> int:
    """The instant at which the clock on the wall shows `local`."""
    there = local.replace(tzinfo=ZoneInfo(zone), fold=0)
    instant = (there.astimezone(dt.UTC) - EPOCH) // MILLISECOND
    if to_local(zone, instant) == local.replace(fold=0):
        return instant
    return _end_of_gap(zone, instant - DAY, instant)


def _end_of_gap(zone: str, before: int, after: int) -> int:
    """The first instant with the offset that holds `after` the gap."""
    offset = _offset(zone, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(zone, middle) == offset:
            after = middle
        else:
            before = middle
    return after


def _offset(zone: str, instant: int) -> dt.timedelta | None:
    return (EPOCH + instant * MILLISECOND).astimezone(ZoneInfo(zone)).utcoffset()


def midnight(zone: str, day: dt.date) -> int:
    """The first moment of a local day."""
    return to_instant(zone, dt.datetime.combine(day, dt.time()))


def add(zone: str, instant: int, duration: Duration, sign: int = 1) -> int:
    """Months first (the last day where the day is missing), then days, both on the wall; then milliseconds."""
    if duration.months or duration.days:
        local = to_local(zone, instant)
        months = local.year * 12 + local.month - 1 + sign * duration.months
        year, month = months // 12, months % 12 + 1
        day = min(local.day, calendar.monthrange(year, month)[1])
        local = local.replace(year=year, month=month, day=day) + dt.timedelta(days=sign * duration.days)
        instant = to_instant(zone, local)
    return instant + sign * duration.milliseconds


def shifted(zone: str, instant: int, shifts: tuple[Shift, ...]) -> int:
    """The instant with every shift applied, one after the other."""
    for sign, duration in shifts:
        instant = add(zone, instant, duration, sign)
    return instant


@lru_cache(maxsize=100_000)
def first_reaching(zone: str, shifts: tuple[Shift, ...], goal: int) -> int:
    """The first instant u for which u, shifted, is at or after `goal`.

    Shifting is not monotonic (at the end of a month, at a clock change), but it is inside each quarter of an hour:
    so every quarter that could hold u is tried in turn.
    """
    if not shifts:
        return goal
    far = sum(sign * (31 * d.months + d.days) * DAY + sign * d.milliseconds for sign, d in shifts)
    near = sum(sign * (28 * d.months + d.days) * DAY + sign * d.milliseconds for sign, d in shifts)
    start = (goal - max(far, near) - 2 * DAY) // QUARTER * QUARTER
    end = goal - min(far, near) + 2 * DAY
    for quarter in range(start, end, QUARTER):
        last = quarter + QUARTER - 1
        if shifted(zone, last, shifts) >= goal:
            return _first_in(zone, shifts, goal, quarter, last)
    raise AssertionError("no instant reaches the goal")


def _first_in(zone: str, shifts: tuple[Shift, ...], goal: int, low: int, high: int) -> int:
    while low < high:
        middle = (low + high) // 2
        if shifted(zone, middle, shifts) >= goal:
            high = middle
        else:
            low = middle + 1
    return low


def days_from(zone: str, instant: int) -> Iterator[dt.date]:
    """Local days in order, from the day before the instant's: so that no occurrence is missed."""
    day = to_local(zone, instant).date() - dt.timedelta(days=1)
    while True:
        yield day
        day += dt.timedelta(days=1)


def occurrences(
    zone: str, time: dt.time, from_: int, weekday: int | None = None, day_of_month: int | None = None
) -> Iterator[int]:
    """The instants >= `from_` at which a local time comes: daily, on a weekday, or on a day of the month."""
    for day in days_from(zone, from_):
        if weekday is not None and day.weekday() != weekday:
            continue
        last = calendar.monthrange(day.year, day.month)[1]
        if day_of_month is not None and day.day != min(day_of_month, last):
            continue
        instant = to_instant(zone, dt.datetime.combine(day, time))
        if instant >= from_:
            yield instant
