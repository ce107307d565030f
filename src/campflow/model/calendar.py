"""Calendar arithmetic: instants, local times of a zone, durations, months.

Instants are milliseconds since 1970-01-01 00:00 UTC, local times milliseconds since 1970-01-01 00:00 on the zone's own
clock, days are counted since 1970-01-01 and months since 1970-01. Zones are known from 1900 to 2150; before and after,
their first and last offset holds. The tables that these functions walk are those that the database holds.
"""

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campflow.errors import CampflowError
from campflow.model.people import Duration

SECOND = 1_000
DAY = 86_400_000

#: Below every instant that anyone writes; the first row of a zone's table begins here.
LONG_AGO = -(10**14)

FIRST_YEAR, LAST_YEAR = 1900, 2150

#: Shorter than any two changes of one zone since 1900 (Freetown, 1939: four days).
_STRIDE = 2 * 86_400


@dataclass(frozen=True, slots=True)
class Offset:
    """From the instant `from_at` on, the zone's clock shows UTC + `offset` (milliseconds)."""

    from_at: int
    offset: int


@dataclass(frozen=True, slots=True)
class LocalOffset:
    """From the local time `from_local` on, the instant is local time - `offset`.

    Where a clock change skips local times it is the fixed instant `gap_at` instead, at which the gap ends.
    """

    from_local: int
    offset: int
    gap_at: int | None


# --- zones -----------------------------------------------------------------------------------------------------


def is_zone(name: str) -> bool:
    """Whether this is the IANA name of a time zone: `Europe/Paris`, `UTC`."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder, or one that is too long
        return False
    return True


@cache
def offsets(zone: str) -> tuple[Offset, ...]:
    """All offsets of a zone, the earliest first. Raises CampflowError for a name that is no zone."""
    if not is_zone(zone):
        raise CampflowError(f"`{zone}` is not a time zone: write an IANA name such as Europe/Paris")
    clock = ZoneInfo(zone)
    if isinstance(clock.utcoffset(None), dt.timedelta):  # the same at all times, as in UTC
        return (Offset(LONG_AGO, _offset(clock, 0)),)
    before, end = _seconds(FIRST_YEAR), _seconds(LAST_YEAR + 1)
    found = [Offset(LONG_AGO, _offset(clock, before))]
    while before < end:
        after = before + _STRIDE
        offset = _offset(clock, after)
        if offset != found[-1].offset:
            found.append(Offset(_first_with(clock, offset, before, after) * SECOND, offset))
        before = after
    return tuple(found)


@cache
def local_offsets(zone: str) -> tuple[LocalOffset, ...]:
    """The way back from local time to instants: a time that happens twice is the first, one in a gap its end."""
    changes = offsets(zone)
    ends = (*(change.from_at for change in changes[1:]), -LONG_AGO)
    reached = LONG_AGO + changes[0].offset
    rows = []
    for change, end_at in zip(changes, ends, strict=True):
        shown = change.from_at + change.offset
        if shown > reached:
            rows.append(LocalOffset(reached, change.offset, change.from_at))
            reached = shown
        if end_at + change.offset > reached:  # else all it shows has been shown before
            rows.append(LocalOffset(reached, change.offset, None))
            reached = end_at + change.offset
    return tuple(rows)


def to_local(zone: str, at: int) -> int:
    """What the zone's clock shows at an instant."""
    return at + offsets(zone)[max(bisect_right(_change_instants(zone), at) - 1, 0)].offset


def to_instant(zone: str, local: int) -> int:
    """When the zone's clock shows this: the first time if it does so twice, the end of the gap if never."""
    row = local_offsets(zone)[max(bisect_right(_change_locals(zone), local) - 1, 0)]
    return local - row.offset if row.gap_at is None else row.gap_at


def add(zone: str, at: int, duration: Duration) -> int:
    """An instant plus a duration along the zone's calendar: months, then days, then milliseconds.

    A day that the month does not have becomes its last. A duration without months and days is added to the instant.
    """
    if duration.months or duration.days:
        day, time = divmod(to_local(zone, at), DAY)
        day = add_months(day, duration.months) + duration.days
        at = to_instant(zone, day * DAY + time)
    return at + duration.milliseconds


@cache
def _change_instants(zone: str) -> tuple[int, ...]:
    return tuple(row.from_at for row in offsets(zone))


@cache
def _change_locals(zone: str) -> tuple[int, ...]:
    return tuple(row.from_local for row in local_offsets(zone))


def _seconds(year: int) -> int:
    return first_day((year - 1970) * 12) * (DAY // SECOND)


def _offset(clock: ZoneInfo, second: int) -> int:
    offset = dt.datetime.fromtimestamp(second, clock).utcoffset()
    assert offset is not None  # noqa: S101 -- a ZoneInfo always answers for a date
    return offset // dt.timedelta(milliseconds=1)


def _first_with(clock: ZoneInfo, offset: int, before: int, after: int) -> int:
    """The second in (before, after] at which the clock changes to this offset."""
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(clock, middle) == offset:
            after = middle
        else:
            before = middle
    return after


# --- days and months -------------------------------------------------------------------------------------------


def first_day(month: int) -> int:
    """The first day of a month, both counted from 1970-01; for years that datetime does not know, too."""
    year, of_year = divmod(month, 12)
    year += 1970
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    past = year - 1
    days = past * 365 + past // 4 - past // 100 + past // 400 - _DAYS_UNTIL_1970
    return days + _DAYS_BEFORE[of_year] + (1 if leap and of_year > 1 else 0)


def length(month: int) -> int:
    """How many days a month has."""
    return first_day(month + 1) - first_day(month)


def month_of(day: int) -> int:
    """The month in which a day lies."""
    month = day * 4800 // 146_097  # 400 years are 4,800 months and 146,097 days: off by one at most
    while first_day(month) > day:
        month -= 1
    while first_day(month + 1) <= day:
        month += 1
    return month


def add_months(day: int, months: int) -> int:
    """The same day so many months later, or the last one of that month where it is missing."""
    month = month_of(day)
    of_month = day - first_day(month)
    return first_day(month + months) + min(of_month, length(month + months) - 1)


_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAYS_UNTIL_1970 = 719_162
