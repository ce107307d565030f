"""Local time in SQL, over the tables `zone_offset`, `zone_local` and `calendar_month`: no Python runs per row.

The rules are the language page's: a duration is added months first (the last day where the day is missing), then
days on the local calendar, then milliseconds on the instant; a local time that a clock change skips is the first
moment after the gap, one that happens twice is the first of the two.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, func, literal, select
from sqlalchemy.types import BigInteger

from campflow.model.people import Duration
from campflow.sql.subqueries import Use, in_steps, let, one
from campflow.storage.tables import Tables

DAY = 86_400_000
#: Days added before a division and taken off again, so that days before 1970 round down too.
SHIFT = 1_000_000
THURSDAY = 3  # 1970-01-01, with Monday 0


class Shift(NamedTuple):
    """A length of time that is added to an instant; or, with `back`, the first instant is meant to which adding it
    gives at least that one."""

    duration: Duration
    back: bool


@dataclass(frozen=True, slots=True)
class LocalTime:
    """Calendar arithmetic in one zone. `zone` is a column or constant; `utc` says that it is plain UTC for all rows."""

    tables: Tables
    zone: ColumnElement[Any]
    utc: bool = False

    def of_instant(self, at: ColumnElement[Any]) -> ColumnElement[Any]:
        """Local milliseconds at an instant."""
        return at if self.utc else let(at, self._of_instant)

    def _of_instant(self, at: ColumnElement[Any]) -> ColumnElement[Any]:
        z = self.tables.zone_offset.alias()
        offset = select(z.c.offset).where(z.c.zone == self.zone, z.c.from_at <= at)
        return at + one(offset.order_by(z.c.from_at.desc()).limit(1), z)

    def to_instant(self, local: ColumnElement[Any]) -> ColumnElement[Any]:
        """The instant of local milliseconds."""
        return local if self.utc else let(local, self._to_instant)

    def _to_instant(self, local: ColumnElement[Any]) -> ColumnElement[Any]:
        z = self.tables.zone_local.alias()
        found = select(func.coalesce(z.c.gap_at, local - z.c.offset, type_=BigInteger()))
        found = found.where(z.c.zone == self.zone, z.c.from_local <= local)
        return one(found.order_by(z.c.from_local.desc()).limit(1), z)

    def add(self, at: ColumnElement[Any], duration: Duration) -> ColumnElement[Any]:
        """`at + duration`; the duration may be negative."""
        return _plus(self._add_calendar(at, duration.months, duration.days), duration.milliseconds)

    def shifted(self, at: ColumnElement[Any], shifts: Sequence[Shift]) -> ColumnElement[Any]:
        """`at`, with one shift after the other."""
        if sum(self._weight(each) for each in shifts) > 1:
            return in_steps(at, [step for each in shifts for step in self._steps(each)])
        for duration, back in shifts:
            at = self.first_reaching(at, duration) if back else self.add(at, duration)
        return at

    def _weight(self, shift: Shift) -> int:
        """How deeply it nests: two of these are too much for SQLite's parser, with a condition around them."""
        if self.is_sum(shift.duration):
            return 0
        return 2 if shift.back and shift.duration.months else 1

    def _steps(self, shift: Shift) -> Iterator[Use]:
        """The same as `add` and `first_reaching`, each step by itself."""
        duration, back = shift
        months, days, milliseconds = duration.months, duration.days, duration.milliseconds
        if milliseconds and back:
            yield lambda at: _plus(at, -milliseconds)
        if self.is_sum(duration):
            yield lambda at: _plus(at, -days * DAY if back else days * DAY)
        elif back:
            yield lambda at: _plus(self._first_local(at), -days * DAY)
            if months:
                yield lambda local: self._months_before(local, months)
            yield self.to_instant
        else:
            yield self.of_instant
            if months:
                yield lambda local: self._months_later(local, months)
            yield lambda local: self.to_instant(_plus(local, days * DAY))
        if milliseconds and not back:
            yield lambda at: _plus(at, milliseconds)

    def is_sum(self, duration: Duration) -> bool:
        """Whether adding the duration is adding a number of milliseconds."""
        return not duration.months and (self.utc or not duration.days)

    def _add_calendar(self, at: ColumnElement[Any], months: int, days: int) -> ColumnElement[Any]:
        if not months and not days:
            return at
        local = self.of_instant(at)
        if months:
            local = let(local, lambda local: self._months_later(local, months))
        return self.to_instant(_plus(local, days * DAY))

    def _months_later(self, local: ColumnElement[Any], months: int) -> ColumnElement[Any]:
        return let(day_of(local), lambda day: self._day_months_later(day, months) * DAY + (local - day * DAY))

    def _day_months_later(self, day: ColumnElement[Any], months: int) -> ColumnElement[Any]:
        here, there = self.tables.calendar_month.alias(), self.tables.calendar_month.alias()
        into = day - here.c.first_day
        target = there.c.first_day + case((into < there.c.length, into), else_=there.c.length - 1)
        found = select(target).select_from(here.join(there, there.c.month == here.c.month + months))
        found = found.where(here.c.first_day <= day).order_by(here.c.first_day.desc()).limit(1)
        return one(found, here, there)

    def first_reaching(self, at: ColumnElement[Any], duration: Duration) -> ColumnElement[Any]:
        """The first instant to which adding the duration gives at least `at`."""
        target = _plus(at, -duration.milliseconds)
        if not duration.months and not duration.days:
            return target
        local = _plus(let(target, self._first_local), -duration.days * DAY)
        if duration.months:
            local = let(local, lambda local: self._months_before(local, duration.months))
        return self.to_instant(local)

    def _first_local(self, at: ColumnElement[Any]) -> ColumnElement[Any]:
        """The first local time whose instant is not before `at`: at the end of a gap already its beginning; in the
        second of two equal hours the end of them, since local times that happen twice are the first."""
        return at if self.utc else let(self.of_instant(at), lambda local: self._first_of_equals(at, local))

    def _first_of_equals(self, at: ColumnElement[Any], local: ColumnElement[Any]) -> ColumnElement[Any]:
        gap, later = self.tables.zone_local.alias(), self.tables.zone_local.alias()
        begins = one(select(func.min(gap.c.from_local)).where(gap.c.zone == self.zone, gap.c.gap_at == at), gap)
        ends = one(
            select(func.min(later.c.from_local)).where(later.c.zone == self.zone, later.c.from_local > local), later
        )
        return func.coalesce(begins, case((self.to_instant(local) < at, ends), else_=local), type_=BigInteger())

    def _months_before(self, local: ColumnElement[Any], months: int) -> ColumnElement[Any]:
        """The first local time that is `months` before; midnight of the next month where its month is too short."""
        return let(day_of(local), lambda day: self._day_months_before(local, day, months))

    def _day_months_before(self, local: ColumnElement[Any], day: ColumnElement[Any], months: int) -> ColumnElement[Any]:
        here, there = self.tables.calendar_month.alias(), self.tables.calendar_month.alias()
        into = day - here.c.first_day
        same = (there.c.first_day + into) * DAY + (local - day * DAY)
        found = select(case((into < there.c.length, same), else_=(there.c.first_day + there.c.length) * DAY))
        found = found.select_from(here.join(there, there.c.month == here.c.month - months))
        return one(found.where(here.c.first_day <= day).order_by(here.c.first_day.desc()).limit(1), here, there)

    def midnight(self, day: ColumnElement[Any]) -> ColumnElement[Any]:
        """The instant at which a day (days since 1970-01-01) begins."""
        return self.to_instant(day * DAY)

    def moment(self, local: dt.datetime) -> ColumnElement[Any]:
        """The instant of a local time written in the file."""
        return self.to_instant(literal(local_milliseconds(local), BigInteger()))

    def next_time(
        self, at: ColumnElement[Any], time: dt.time, weekday: int | None, *, strictly: bool
    ) -> ColumnElement[Any]:
        """The first `time` (on `weekday`) after `at`; `at` itself counts unless `strictly`."""
        of_day, step = time_of_day(time), 1 if weekday is None else 7

        def of_week(day: ColumnElement[Any]) -> ColumnElement[Any]:
            return day + (weekday + 7 - (day + SHIFT * 7 + THURSDAY) % 7) % 7 if weekday is not None else day

        def next_after(day: ColumnElement[Any]) -> ColumnElement[Any]:
            following = self.to_instant((day + step) * DAY + of_day)
            here = self.to_instant(day * DAY + of_day)
            return let(here, lambda here: case((here > at if strictly else here >= at, here), else_=following))

        return let(let(day_of(self.of_instant(at)), of_week), next_after)


def _plus(at: ColumnElement[Any], milliseconds: int) -> ColumnElement[Any]:
    if not milliseconds:
        return at
    return at + milliseconds if milliseconds > 0 else at - -milliseconds


def day_of(local: ColumnElement[Any]) -> ColumnElement[Any]:
    """Days since 1970-01-01 of local milliseconds, rounded down."""
    return (local + SHIFT * DAY) // DAY - SHIFT


def local_milliseconds(local: dt.datetime) -> int:
    """Local milliseconds since 1970-01-01 00:00 of a naive local time."""
    return (local.replace(tzinfo=dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)


def time_of_day(time: dt.time) -> int:
    """Milliseconds since midnight."""
    return ((time.hour * 60 + time.minute) * 60 + time.second) * 1000
